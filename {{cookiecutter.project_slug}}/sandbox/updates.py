"""Methods by which a bot gets its updates: https://core.telegram.org/bots/api#getting-updates."""

from __future__ import annotations

import re

from yarl import URL

from sandbox.api import Answer, Call
from sandbox.delivery import Webhook
from sandbox.errors import bad_request

LONGEST_POLL = 50
"""Seconds; Telegram shortens longer polls to this."""
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]*")


async def get_updates(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getupdates"""
    bot = call.bot
    if bot.webhook:
        raise bot.conflict(
            "can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first"
        )
    params = call.params
    offset = params.whole("offset") or 0
    limit = params.integer("limit", 100, 1, 100)
    seconds = params.integer("timeout", 0, 0, LONGEST_POLL)
    remember_allowed_updates(call)
    bot.polled()
    bot.confirm(offset)
    if not bot.pending and seconds and not call.sandbox.stopping:
        await bot.poll(seconds)
    return Answer(bot.first(limit))


async def set_webhook(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#setwebhook"""
    address = call.params.text("url")
    if not address:
        return await delete_webhook(call)
    try:
        url = URL(address)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise bad_request("invalid webhook URL specified")
    secret_token = call.params.text("secret_token")
    if len(secret_token) > 256:
        raise bad_request("secret token is too long")
    if not SECRET_TOKEN.fullmatch(secret_token):
        raise bad_request("secret token contains unallowed characters")
    connections = call.params.integer("max_connections", 40, 1, 100)
    remember_allowed_updates(call)
    if call.params.boolean("drop_pending_updates"):
        call.bot.drop_pending()
    call.bot.set_webhook(
        Webhook(call.bot, call.session, address, secret_token, connections),
    )
    return Answer(result=True, description="Webhook was set")


async def delete_webhook(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#deletewebhook"""
    was_set = call.bot.webhook is not None
    call.bot.set_webhook(None)
    if call.params.boolean("drop_pending_updates"):
        call.bot.drop_pending()
    state = "was" if was_set else "is already"
    return Answer(result=True, description=f"Webhook {state} deleted")


async def get_webhook_info(call: Call) -> Answer:
    """https://core.telegram.org/bots/api#getwebhookinfo"""
    bot = call.bot
    if bot.webhook:
        info = bot.webhook.describe()
    else:
        info = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": bot.pending_count,
        }
    if bot.allowed:
        info["allowed_updates"] = list(bot.allowed)
    return Answer(info)


def remember_allowed_updates(call: Call) -> None:
    """Takes over `allowed_updates`; without it the earlier choice stays, empty is the default."""
    if "allowed_updates" not in call.params:
        return
    wanted = call.params.json_array("allowed_updates", "allowed updates") or ()
    call.bot.allowed = tuple(map(str, wanted))
