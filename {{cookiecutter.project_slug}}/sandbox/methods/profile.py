"""What a bot tells of itself: https://core.telegram.org/bots/api#getme, #setmycommands."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods.call import Call, Handler
from sandbox.world import members
from sandbox.world.events import Json

COMMAND_NAME = re.compile(r"[a-z0-9_]+")
LANGUAGE = re.compile(r"([a-z]{2})?")
MOST_COMMANDS = 100
"""https://core.telegram.org/bots/api#setmycommands"""
TEXTS = {"Name": ("name", 64), "Description": ("description", 512)}
TEXTS |= {"ShortDescription": ("short_description", 120)}
"""The texts that setMy… takes and getMy… gives, with their greatest length."""


async def get_me(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getme"""
    return {
        **call.bot.user,
        "can_join_groups": True,
        "can_read_all_group_messages": not call.bot.private,
        "supports_inline_queries": True,
        "supports_guest_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "can_manage_bots": True,
    }


async def set_my_commands(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmycommands"""
    commands = []
    for given in call.params.get("commands", []):
        name, about = given["command"].strip().removeprefix("/"), given["description"].strip()
        for what, text, longest in (("", name, 32), ("description ", about, 256)):
            if not text:
                raise bad_request(f"command {what}must be non-empty")
            if len(text) > longest:
                raise bad_request(f"command {what}length must not exceed {longest}")
        if not COMMAND_NAME.fullmatch(name):
            raise bad_request("BOT_COMMAND_INVALID")
        commands.append({"command": name, "description": about})
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[command_key(call)] = commands
    call.bot.changed()
    return True


async def get_my_commands(call: Call) -> list[Json]:
    """https://core.telegram.org/bots/api#getmycommands"""
    return call.bot.commands.get(command_key(call), [])


async def delete_my_commands(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deletemycommands"""
    call.bot.commands.pop(command_key(call), None)
    call.bot.changed()
    return True


def command_key(call: Call) -> tuple[str, str]:
    """Commands are kept by scope and language. Raises ApiError for a chat that is not there."""
    scope = call.params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        call.chat_of(scope["chat_id"])
    return scope_key(**scope), language(call)


def language(call: Call) -> str:
    """The language that is meant; empty: all others. Raises ApiError 400."""
    code: str = call.params.get("language_code", "")
    if not LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


def scope_key(type: str, chat_id: int | str = "", user_id: int | str = "") -> str:  # noqa: A002
    """One canonical writing: https://core.telegram.org/bots/api#botcommandscope."""
    return f"{type}/{chat_id}/{user_id}"


async def set_my_text(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmyname, #setmydescription, #setmyshortdescription"""
    name, longest = TEXTS[call.method.removeprefix("setMy")]
    text = call.params.get(name, "")
    if len(text) > longest:
        raise bad_request(f"{name.upper()}_TOO_LONG")
    call.bot.profile[name, language(call)] = {name: text}
    if name == "name" and text and "language_code" not in call.params:
        call.bot.name = text
    call.bot.changed()
    return True


async def get_my_text(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getmyname, #getmydescription, #getmyshortdescription: in
    the language, or the default."""
    name, _ = TEXTS[call.method.removeprefix("getMy")]
    profile = call.bot.profile
    default = {name: call.bot.name if name == "name" else ""}
    chosen = profile.get((name, language(call)), {})
    return chosen if chosen.get(name) else profile.get((name, "")) or default


async def set_my_default_administrator_rights(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setmydefaultadministratorrights"""
    key = ("rights", str(call.params.get("for_channels", False)))
    rights = call.params.get("rights", {})
    call.bot.profile[key] = {name: value is True for name, value in rights.items()}
    return True


async def get_my_default_administrator_rights(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getmydefaultadministratorrights: of channels or of groups,
    each has some that the other has not. In a channel nobody is anonymous."""
    channels = call.params.get("for_channels", False)
    given = call.bot.profile.get(("rights", str(channels)), {})
    names = members.CHANNEL_RIGHTS if channels else ("is_anonymous", *members.RIGHTS)
    return {"is_anonymous": False, **{name: given.get(name, False) for name in names}}


async def set_chat_menu_button(call: Call) -> bool:
    """https://core.telegram.org/bots/api#setchatmenubutton"""
    key = ("menu_button", str(call.params.get("chat_id", "")))
    call.bot.profile[key] = call.params.get("menu_button", {"type": "default"})
    return True


async def get_chat_menu_button(call: Call) -> Json:
    """https://core.telegram.org/bots/api#getchatmenubutton"""
    profile = call.bot.profile
    default = profile.get(("menu_button", ""), {"type": "commands"})
    return profile.get(("menu_button", str(call.params.get("chat_id", ""))), default)


FAMILIES: dict[str, Handler] = {
    **{f"setMy{name}": set_my_text for name in TEXTS},
    **{f"getMy{name}": get_my_text for name in TEXTS},
}
MODELS = {
    "setMyCommands": ("scope", "language_code"),
    "getMyCommands": ("scope", "language_code"),
    "deleteMyCommands": ("scope", "language_code"),
    **{f"setMy{name}": (field, "language_code") for name, (field, _) in TEXTS.items()},
    **{f"getMy{name}": ("language_code",) for name in TEXTS},
    "setMyDefaultAdministratorRights": ("rights", "for_channels"),
    "getMyDefaultAdministratorRights": ("for_channels",),
    "setChatMenuButton": ("chat_id", "menu_button"),
    "getChatMenuButton": ("chat_id",),
}
