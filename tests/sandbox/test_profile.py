"""What a bot tells of itself: commands by scope and language, its name, its menu button."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    ChatAdministratorRights,
    MenuButtonWebApp,
    WebAppInfo,
)

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, Raw, state

pytestmark = pytest.mark.usefixtures("fitting")
BOB = 8


async def seen(sandbox: SandboxClient, user_id: int = ALICE, chat_id: int | None = None) -> str:
    """The commands in a user's menu."""
    menu = await sandbox.ask("menu", bot_id=BOT_ID, user_id=user_id, chat_id=chat_id)
    return " ".join(one["command"] for one in menu["commands"])


async def test_the_narrowest_scope_counts(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    group = await sandbox.ask("create_group", title="T", user_ids=[7, 8], bot_ids=[BOT_ID])
    chat_id = int(group["id"])

    async def offer(name: str, scope: Any = None, language: str | None = None) -> None:
        command = BotCommand(command=name, description="x")
        assert await bot.set_my_commands([command], scope, language)

    assert await seen(sandbox) == ""
    await offer("everywhere")
    assert await seen(sandbox) == await seen(sandbox, chat_id=chat_id) == "everywhere"
    await offer("english", language="en")
    await offer("german", language="de")
    assert await seen(sandbox) == "english"
    await offer("private", BotCommandScopeAllPrivateChats())
    await offer("groups", BotCommandScopeAllGroupChats())
    assert await seen(sandbox) == "private"
    assert await seen(sandbox, chat_id=chat_id) == "groups"
    await offer("here", BotCommandScopeChat(chat_id=chat_id))
    assert await seen(sandbox, chat_id=chat_id) == "here"
    await offer("admins", BotCommandScopeChatAdministrators(chat_id=chat_id))
    assert await seen(sandbox, chat_id=chat_id) == "admins"
    assert await seen(sandbox, BOB, chat_id) == "here"
    await offer("bob", BotCommandScopeChatMember(chat_id=chat_id, user_id=BOB))
    assert await seen(sandbox, BOB, chat_id) == "bob"
    assert await bot.delete_my_commands(BotCommandScopeAllPrivateChats())
    assert await seen(sandbox) == "english"
    [command] = await bot.get_my_commands(language_code="de")
    assert command.command == "german"
    assert await bot.get_my_commands(language_code="fr") == []


async def test_texts_by_language(sandbox: SandboxClient, bot: Bot) -> None:
    await bot.set_my_name("Helper")
    await bot.set_my_name("Helfer", language_code="de")
    await bot.set_my_description("Helps")
    await bot.set_my_short_description("H")
    assert (await bot.get_my_name()).name == (await bot.get_me()).first_name == "Helper"
    assert (await bot.get_my_name(language_code="de")).name == "Helfer"
    assert (await bot.get_my_description(language_code="de")).description == "Helps"
    assert (await bot.get_my_short_description()).short_description == "H"
    described = await state(sandbox)
    assert (described["name"], described["description"]) == ("Helper", "Helps")


async def test_the_menu_button(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    button = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="https://example.com"))
    assert await bot.set_chat_menu_button(ALICE, button)
    assert (await bot.get_chat_menu_button(ALICE)).type == "web_app"
    assert (await bot.get_chat_menu_button()).type == "commands"
    menu = await sandbox.ask("menu", bot_id=BOT_ID, user_id=ALICE)
    assert menu["button"]["text"] == "Open"


async def test_rights_that_a_bot_asks_for(bot: Bot, raw: Raw) -> None:
    assert (await bot.get_my_default_administrator_rights()).can_manage_chat is False
    rights = (await bot.get_my_default_administrator_rights()).model_dump(exclude_none=True)
    given = ChatAdministratorRights(**rights | {"can_pin_messages": True})
    assert await bot.set_my_default_administrator_rights(given)
    assert (await bot.get_my_default_administrator_rights()).can_pin_messages
    assert (
        await bot.get_my_default_administrator_rights(for_channels=True)
    ).can_pin_messages is None
    everything = dict.fromkeys(ChatAdministratorRights.model_fields, True)
    for channels, told in ((True, "can_post_messages"), (False, "can_pin_messages")):
        about: dict[str, Any] = {"for_channels": channels}
        await raw("setMyDefaultAdministratorRights", rights=everything, **about)
        seen = (await raw("getMyDefaultAdministratorRights", **about))[1]["result"]
        assert seen[told]
        assert ("can_post_messages" in seen, "can_pin_messages" in seen) == (channels, not channels)
        assert seen["is_anonymous"] is not channels
    await raw("setMyDefaultAdministratorRights")
    few = {"can_manage_chat": True, "can_fly": 5}
    assert (await raw("setMyDefaultAdministratorRights", rights=few))[0] == 200
    assert (await bot.get_my_default_administrator_rights()).can_manage_chat


LONG = "x" * 33


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("setMyCommands", {"commands": "{"}, "can't parse commands JSON object"),
        ("setMyCommands", {"commands": [5]}, "can't parse BotCommand: expected an Object"),
        (
            "setMyCommands",
            {"commands": [{"command": "a"}]},
            "can't parse BotCommand: Can't find field \"description\"",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "/", "description": "x"}]},
            "command must be non-empty",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": LONG, "description": "x"}]},
            "command length must not exceed 32",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": " "}]},
            "command description must be non-empty",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": "x" * 257}]},
            "command description length must not exceed 256",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "Start", "description": "x"}]},
            "BOT_COMMAND_INVALID",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": "x"}] * 101},
            "BOT_COMMANDS_TOO_MUCH",
        ),
        (
            "setMyCommands",
            {"scope": {"type": "chat", "chat_id": 99}, "commands": []},
            "chat not found",
        ),
        ("getMyCommands", {"scope": {"type": "x"}}, "can't parse BotCommandScope: type is unsup"),
        ("getMyCommands", {"scope": 5}, "object expected as BotCommandScope"),
        ("getMyCommands", {"language_code": "german"}, "invalid language code specified"),
        ("setMyName", {"name": "x" * 65}, "NAME_TOO_LONG"),
        ("getUserProfilePhotos", {"user_id": 99}, "user not found"),
    ],
)
async def test_what_is_refused(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    status, body = await raw(method, **params)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")


async def test_a_slash_before_a_command_is_left_out(bot: Bot, raw: Raw) -> None:
    assert (await raw("setMyCommands", commands=[{"command": "/a", "description": " x "}]))[
        0
    ] == 200
    [command] = await bot.get_my_commands()
    assert (command.command, command.description) == ("a", "x")
    assert (await raw("setMyCommands"))[0] == 200  # no commands are fine, too
    assert await bot.get_my_commands() == []
