"""Every method of the Bot API is there: modelled, or checked."""

import inspect
import json
from datetime import datetime
from typing import Any, get_args, get_origin

import pytest
from aiogram import Bot
from aiogram.types import InputFile, TelegramObject

from sandbox.client import SandboxClient
from sandbox.methods.checked import CHECKED
from sandbox.methods.decode import MAY_BE_EMPTY, Method, field_types, known_methods, parts
from sandbox.methods.table import METHODS
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.fitting import check

NEVER = 2 * 10**9
BOB = 8


def test_every_method_that_aiogram_knows_is_in_one_of_the_tables() -> None:
    checked = {name.lower() for name in CHECKED}
    assert checked.isdisjoint(METHODS)
    assert checked | METHODS.keys() == known_methods().keys()
    assert set(CHECKED) <= {one.__api_method__ for one in known_methods().values()}


def made_up(annotation: Any) -> Any:
    """Some value of a type, as JSON."""
    kinds = list(parts(annotation))
    kind: Any = next((one for one in kinds if inspect.isclass(one)), kinds[0])
    if get_origin(kind) is list:
        return [made_up(get_args(kind)[0])]
    if get_args(kind):
        return get_args(kind)[0]
    if InputFile in kinds:
        return "https://example.com/a.png"
    if issubclass(kind, TelegramObject):
        return {
            name: made_up(field.annotation) if field.is_required() else field.default
            for name, field in field_types(kind).items()
            if field.is_required() or name in ("type", "source")
        }
    return {bool: True, int: 1, float: 1.0, str: "x", datetime: NEVER}[kind]


def needed(method: Method, known: dict[str, Any]) -> dict[str, Any]:
    """The parameters that a method needs: those that are known, and some that are right."""
    return {
        name: known.get(name, made_up(field.annotation))
        for name, field in method.model_fields.items()
        if field.is_required()
    }


async def test_every_checked_method_answers_what_aiogram_reads(
    sandbox: SandboxClient, bot: Bot, raw: Raw
) -> None:
    group = await sandbox.ask("create_group", title="T", user_ids=[ALICE], bot_ids=[BOT_ID])
    await sandbox.ask("promote", chat_id=group["id"], member_id=BOT_ID)
    group_id = {"chat_id": group["id"]}
    connection = await sandbox.ask("connect_business", bot_id=BOT_ID, user_id=BOB)
    business = {"business_connection_id": connection["id"], "chat_id": ALICE}
    await sandbox.ask("write_business", connection_id=connection["id"], user_id=ALICE, text="hi")
    for name in CHECKED:
        method = known_methods()[name.lower()]
        where = business if "business_connection_id" in method.model_fields else group_id
        values = needed(method, where | {"user_id": ALICE})
        status, body = await raw(name, **values)
        assert status == 200, (name, values, body)
        check(method.__returning__, body["result"])
        [call] = await sandbox.calls(BOT_ID, name)
        assert call["support"] == "checked"
        asked = method.model_construct(**values)
        assert bot.session.check_response(bot, asked, status, json.dumps(body)).ok
        for missing in values.keys() - MAY_BE_EMPTY:
            status, body = await raw(name, **{one: values[one] for one in values if one != missing})
            assert status == 400, (name, missing)


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("getBusinessAccountStarBalance", {"business_connection_id": "x"}, "business connection "),
        ("verifyChat", {"chat_id": 99}, "chat not found"),
        ("verifyUser", {"user_id": 99}, "user not found"),
        ("verifyUser", {"user_id": 7, "custom_description": "x" * 71}, "CUSTOM_DESCRIPTION_TOO_L"),
        ("savePreparedKeyboardButton", {"user_id": 7}, 'parameter "button" is required'),
        (
            "setManagedBotAccessSettings",
            {"user_id": 7, "is_access_restricted": 1, "added_user_ids": "{"},
            "can't parse added user ids JSON object",
        ),
    ],
)
async def test_what_checked_methods_refuse(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    status, body = await raw(method, **params)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")


async def test_only_what_telegram_does_not_know_is_not_found(
    sandbox: SandboxClient, raw: Raw
) -> None:
    status, body = await raw("sendNothing", chat_id=7)
    assert (status, body["description"]) == (404, "Not Found: method not found")
    assert (await raw("VERIFYuser", user_id=7))[0] == 200
    supports = [(call["method"], call["support"]) for call in await sandbox.calls()]
    assert supports == [("sendNothing", "unknown"), ("verifyUser", "checked")]
    await sandbox.send(BOT_ID, "hi")
    assert (await raw("sendMessage", chat_id=7, text="x"))[0] == 200
    assert (await sandbox.calls(method="sendMessage"))[0]["support"] == "modelled"
