"""Methods by which a bot gets its updates: https://core.telegram.org/bots/api#getting-updates."""

from __future__ import annotations

import re

import aiohttp
from aiogram.types import Update
from yarl import URL

from sandbox.errors import bad_request
from sandbox.methods.call import Again, Call, Described, Handler
from sandbox.world.bots import SILENT_BY_DEFAULT, Bot
from sandbox.world.delivery import Address, Webhook, with_scheme
from sandbox.world.events import Json
from sandbox.world.files import Upload

LONGEST_POLL = 50
"""Seconds; Telegram shortens longer polls to this."""
TYPES = Update.model_fields.keys() - {"update_id"}
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]*")


async def get_updates(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getupdates: the `allowed_updates` stay until others are
    given."""
    bot = call.bot
    if bot.webhook:
        raise bot.conflict(
            "can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first"
        )
    params = call.params
    offset = params.get("offset", 0)
    limit = max(1, min(100, params.get("limit", 100)))
    seconds = max(0, min(LONGEST_POLL, params.get("timeout", 0)))
    allow(call)
    bot.polled()
    bot.confirm(offset)
    if not bot.pending and seconds and not call.world.stopping:
        await bot.poll(seconds)
    return bot.first(limit)


async def set_webhook(call: Call) -> Described:
    """https://core.telegram.org/bots/api#setwebhook"""
    address = call.params.get("url", "")
    if not address:
        return await delete_webhook(call)
    try:
        url = URL(with_scheme(address))
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or " " in url.host:
        raise bad_request("invalid webhook URL specified")
    secret_token = call.params.get("secret_token", "")
    if len(secret_token) > 256:
        raise bad_request("secret token is too long")
    if not SECRET_TOKEN.fullmatch(secret_token):
        raise bad_request("secret token contains unallowed characters")
    connections = max(1, min(100, call.params.get("max_connections", 40)))
    allow(call)
    about = Address(
        address,
        secret_token,
        connections,
        call.params.get("ip_address", ""),
        has_certificate="certificate" in call.params,
    )
    drop, old = call.params.get("drop_pending_updates"), call.bot.webhook
    if old and old.address == about and not about.has_certificate and not drop:
        return Described(result=True, description="Webhook is already set")
    if drop:
        call.bot.drop_pending()
    call.bot.set_webhook(make_webhook(call.bot, call.http, about, call.again))
    return Described(result=True, description="Webhook was set")


def make_webhook(bot: Bot, http: aiohttp.ClientSession, address: Address, again: Again) -> Webhook:
    """A webhook that runs the methods in answers."""

    async def run(values: Json, files: dict[str, Upload]) -> None:
        await again(str(values.pop("method")), values, files)

    return Webhook(bot, http, address, run)


async def delete_webhook(call: Call) -> Described:
    """https://core.telegram.org/bots/api#deletewebhook"""
    was_set, drop = call.bot.webhook is not None, call.params.get("drop_pending_updates")
    call.bot.set_webhook(None)
    if drop:
        call.bot.drop_pending()
    state = "was" if was_set or drop else "is already"
    return Described(result=True, description=f"Webhook {state} deleted")


async def get_webhook_info(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getwebhookinfo"""
    bot = call.bot
    info: Json = {"url": "", "has_custom_certificate": False}
    info["pending_update_count"] = bot.pending_count
    if bot.webhook:
        info |= bot.webhook.describe()
    if bot.allowed:
        info["allowed_updates"] = list(bot.allowed)
    return info


def allow(call: Call) -> None:
    """Takes the `allowed_updates`, if there are any. Types that Telegram does not know are dropped;
    none at all, or just those that come by default, are the default."""
    if "allowed_updates" not in call.params:
        return
    wanted = TYPES & {name.lower() for name in call.params["allowed_updates"]}
    call.bot.allowed = () if wanted == TYPES - SILENT_BY_DEFAULT else tuple(sorted(wanted))


async def end(_: Call) -> bool:
    """https://core.telegram.org/bots/api#logout and #close: there is one server here, this one."""
    return True


FAMILIES: dict[str, Handler] = {"logOut": end, "close": end}
MODELS = {
    "getUpdates": ("offset", "limit", "timeout", "allowed_updates"),
    "setWebhook": (
        *("certificate", "ip_address", "max_connections", "allowed_updates"),
        *("drop_pending_updates", "secret_token"),
    ),
    "deleteWebhook": ("drop_pending_updates",),
}
