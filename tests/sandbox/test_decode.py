"""Hostile input: whatever comes, a bot or a person gets an answer in words, and nothing breaks."""

import contextlib
import json
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.types import Chat, Update
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.client import SandboxClient
from sandbox.control.commands import COMMANDS
from sandbox.errors import ApiError
from sandbox.methods.decode import decode, known_methods, parameters, shown
from sandbox.methods.structure import load
from sandbox.methods.table import METHODS
from sandbox.world.files import Upload
from tests.sandbox.conftest import ALICE, BOT_ID, TOKEN, Raw
from tests.sandbox.fitting import check, check_call

DEEP = "[" * 200 + "]" * 200
NONSENSE: list[Any] = [
    None, True, False, 0, -1, 7, 1.5, 1e300, 10**15, -(10**15), 2**63 - 1, -(2**63), 2**64,
    "", " ", "0", "7", "x", "-1", "1e5", "9" * 30, "null", "{}", "[]", "[[]]", "{", DEEP, "é\0😀",
    "attach://", "attach://x", "@x", "https://", "http://[", "x" * 5000, "html",
    [], [[]], [None], [5], ["x"], [{}], [[{}]], [["x"]], [[{"text": "x", "url": "http://["}]],
    {}, {"x": {}}, {"type": "x"}, {"type": 5}, {"type": []}, {"chat_id": "x", "message_id": []},
    {"message_id": "9" * 30}, {"message_id": 1e300}, {"message_id": 1, "quote": "i"},
    {"inline_keyboard": 5}, {"inline_keyboard": [[{"text": 5}]]}, {"inline_keyboard": [[[]]]},
    {"inline_keyboard": [[{"text": "x", "callback_data": {}}]]}, {"keyboard": {"x": 5}},
    {"keyboard": [["x", {"text": "y", "request_poll": 5}]], "resize_keyboard": []},
    {"force_reply": [], "remove_keyboard": "x"}, {"type": "photo", "media": "attach://x"},
    {"type": "photo", "media": "https://a.b/c", "width": "x", "caption": 5},
    {"type": "chat", "chat_id": []}, {"type": "chat_member", "chat_id": 7, "user_id": "x"},
    [{"type": "photo", "media": 5}], [{"type": "photo", "media": "https://a.b/c", "caption": []}],
    [{"type": "text_mention", "offset": 0, "length": 1, "user": {"id": 1e30}}],
    [{"type": "bold", "offset": -5, "length": 10**18}],
    [{"type": "bold", "offset": 0, "length": 1}],
    [{"type": "location", "id": "1", "title": "x", "latitude": "inf", "longitude": "nan"}],
    [{"type": "article", "id": "1", "title": "x", "input_message_content": {"x": 5}}],
    [{"label": "x", "amount": 10**18}] * 20, [{"command": 5, "description": None}],
    {"can_send_messages": "x"}, {"can_send_polls": [], "can_change_info": 5},
]  # fmt: skip


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_nonsense_in_every_parameter(
    sandbox: SandboxClient, raw: Raw, bot: Bot, method: str
) -> None:
    """Each parameter in turn is nonsense while the others are what they should be. What sendMessage
    takes, too, is tried there."""
    await sandbox.send(BOT_ID, "hi")
    await bot.send_message(ALICE, "hello")
    proper = {"chat_id": 7, "from_chat_id": 7, "message_id": 2, "user_id": 7, "text": "hi"}
    proper |= {"latitude": 1, "longitude": 2, "title": "T", "caption": "c", "question": "?"}
    taken = [one.name for one in parameters(known_methods()[method])]
    common = {one.name for one in parameters(known_methods()["sendmessage"])} | {"timeout"}
    for name in taken if method == "sendmessage" else (one for one in taken if one not in common):
        params = {one: proper[one] for one in taken if one in proper}
        for value in NONSENSE:
            status, body = await raw(method, **params | {name: value})
            assert status in (200, 400, 403), (name, value, body)
            assert body["ok"] or body["description"]
    for call in await sandbox.calls():
        check_call(call)
    assert (await raw("getMe"))[0] == 200


def arrived(value: object) -> object:
    """A value as the sandbox reads it from a request."""
    return load(json.dumps(value))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "id", "chat_id", "media", "inline_keyboard", "x"]),
            inner,
        )
    ),
    max_leaves=8,
).map(arrived)


@settings(
    max_examples=300,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(sorted(METHODS)), st.data())
def test_decoding_refuses_in_words(method: str, data: st.DataObject) -> None:
    known = known_methods()[method]
    names = [one.name for one in parameters(known)] or ["x"]
    values = data.draw(st.dictionaries(st.sampled_from(names), JSON | JSON.map(json.dumps)))
    with contextlib.suppress(ApiError):
        json.dumps(shown(decode(known, values, {"x": Upload("x", b"x")})), allow_nan=False)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'"x"', 400),
        ("application/json", b'{"chat_id": 1' + b"0" * 400 + b', "text": "x"}', 400),
        ("application/json", b'{"chat_id": 7, "text": "\\ud800"}', 400),
        ("application/json", b'{"chat_id": 7, "text": "\xff"}', 400),
        ("application/json", b'{"chat_id": 7, "text": ' + DEEP.encode() + b"}", 400),
        ("application/json", b'{"chat_id": 7, "text": "x", "y": ' + DEEP.encode() + b"}", 400),
        ("application/json", b'{"chat_id": 7, "text": "x", "text": "y"}', 200),
        ("application/x-www-form-urlencoded", b"chat_id=7&text=x&text=y", 200),
        ("application/x-www-form-urlencoded", b"chat_id=7&text=%FF", 400),
        ("application/x-www-form-urlencoded", b"chat_id=7&text=\xff", 400),
        ("application/x-www-form-urlencoded", b"&&&=&=x&chat_id=7&text", 400),
        ("application/x-www-form-urlencoded; charset=nothing", b"chat_id=7&text=x", 200),
        ("multipart/form-data", b"chat_id=7&text=x", 400),
        ("multipart/form-data; boundary=x", b"nothing", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--\r\n", 400),
        ("text/plain", b"chat_id=7&text=x", 400),
    ],
)
async def test_bodies(
    sandbox: SandboxClient,
    http: aiohttp.ClientSession,
    content_type: str,
    body: bytes,
    status: int,
) -> None:
    await sandbox.send(BOT_ID, "hi")
    url, headers = f"{sandbox.url}/bot{TOKEN}/sendMessage", {"Content-Type": content_type}
    async with http.post(url, data=body, headers=headers) as answer:
        assert answer.status == status
        assert (await answer.json())["ok"] is (status == 200)


@pytest.mark.parametrize(
    "head",
    [
        b'name="photo"; filename="\xff\xfe.png"',
        b'name="\xff"; filename="a"',
        b'name="\xff"',
        b'filename="a"',
        b'name="chat_id"; filename="a"',
        b'name="text"\r\nContent-Transfer-Encoding: nothing',
        b'name="text"\r\nContent-Encoding: gzip',
        b'name="text"\r\nContent-Type: text/plain; charset=nothing',
    ],
)
async def test_parts_of_forms(
    sandbox: SandboxClient, http: aiohttp.ClientSession, head: bytes
) -> None:
    part = b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n7\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    url = f"{sandbox.url}/bot{TOKEN}/sendPhoto?chat_id=7"
    async with http.post(url, data=part, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["description"].startswith("Bad Request: ")
    assert await sandbox.calls() is not None


@pytest.mark.parametrize("name", ["sendNothing", "%00", "%ff", "send Message", "..%2Fx", "é"])
async def test_unknown_methods(
    sandbox: SandboxClient, http: aiohttp.ClientSession, name: str
) -> None:
    async with http.get(f"{sandbox.url}/bot{TOKEN}/{name}") as answer:
        assert answer.status == 404
        assert "not found" in (await answer.json())["description"]


WAITING = ("calls", "edited", "inline_query", "notice", "pay", "reply")


@pytest.mark.parametrize("command", COMMANDS)
async def test_nonsense_in_every_command(
    sandbox: SandboxClient, http: aiohttp.ClientSession, bot: Bot, command: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    await bot.send_message(ALICE, "hello")
    names = [name for name in COMMANDS[command].__annotations__ if name not in ("world", "return")]
    proper: dict[str, Any] = {"bot_id": BOT_ID, "user_id": ALICE, "chat_id": 7, "message_id": 1}
    proper |= {"text": "x", "title": "T", "bot_ids": [], "user_ids": [ALICE], "first_name": "A"}
    for name in names:
        arguments = {one: proper[one] for one in names if one in proper} | (
            {"timeout": 0.01} if command in WAITING else {}
        )
        # A time is no nonsense, but it would be long.
        numbers = (int, float, str) if name == "timeout" else ()
        for value in (one for one in NONSENSE if not isinstance(one, numbers)):
            content = json.dumps(arguments | {name: value})
            async with http.post(f"{sandbox.url}/sandbox/{command}", data=content) as answer:
                body = await answer.json()
                assert answer.status in (200, 400, 404, 408), (name, value, body)
                assert answer.status == 200 or body["error"]
    async with http.get(f"{sandbox.url}/sandbox/health") as answer:
        assert answer.status == 200
    await sandbox.ask("clear_faults")
    for one in await sandbox.bots():
        assert one["username"]


@pytest.mark.parametrize("body", ["", "[]", "{", DEEP, '{"x": 5}', '{"user_id": 1e400}'])
async def test_commands_that_are_none(
    sandbox: SandboxClient, http: aiohttp.ClientSession, body: str
) -> None:
    async with http.post(f"{sandbox.url}/sandbox/press", data=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]
    async with http.post(f"{sandbox.url}/sandbox/dance", data="{}") as answer:
        assert answer.status == 404


def test_what_does_not_fit_is_found() -> None:
    chat = {"id": 1, "type": "private"}
    check(Chat, chat)
    check(Update, {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": chat}})
    for wrong in ({"nick": "x"}, {"id": "1"}, {"title": 5}):
        with pytest.raises((AssertionError, ValueError)):
            check(Chat, chat | wrong)
