"""Requests as libraries of any language make them: the sandbox reads what Telegram reads."""

import io
from typing import Any

import aiohttp
import pytest
from aiogram import Bot

from sandbox.client import SandboxClient
from sandbox.world.legacy import with_legacy
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_TOKEN, TOKEN, Raw
from tests.sandbox.test_sending import PNG

FORM = "application/x-www-form-urlencoded"
PARTS = b'--x\r\nContent-Disposition: form-data; name="offset"\r\n%s\r\n-1\r\n--x--\r\n'


async def ids(http: aiohttp.ClientSession, url: str, body: bytes, kind: str) -> list[int]:
    """Asks for updates by a GET with a body, as telebot does."""
    async with http.get(url, data=body, headers={"Content-Type": kind}) as answer:
        return [one["update_id"] for one in (await answer.json())["result"]]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"offset=-1"),
        (FORM + "; charset=nothing", b"offset=-1&offset=-2"),
        ("application/json", b'{"offset": -1}'),
        ("multipart/form-data; boundary=x", PARTS % b""),
        ("multipart/form-data; boundary=x", PARTS % b"Content-Type: application/json\r\n"),
    ],
)
async def test_a_body_counts_whatever_the_verb(
    sandbox: SandboxClient, http: aiohttp.ClientSession, kind: str, body: bytes
) -> None:
    for text in ("one", "two"):
        await sandbox.send(BOT_ID, text)
    assert len(await ids(http, f"{sandbox.url}/bot{TOKEN}/getUpdates", body, kind)) == 1
    async with http.put(
        f"{sandbox.url}/bot{TOKEN}/getUpdates", data=body, headers={"Content-Type": kind}
    ) as answer:
        assert len((await answer.json())["result"]) == 1


async def test_the_address_comes_before_the_body(
    sandbox: SandboxClient, http: aiohttp.ClientSession
) -> None:
    await sandbox.send(BOT_ID, "hi")
    url = f"{sandbox.url}/bot{TOKEN}/sendMessage?chat_id={ALICE}&text=address"
    said: dict[str, Any] = {"text": "body"}
    async with http.post(url, data=said) as answer:
        assert (await answer.json())["result"]["text"] == "address"
    async with http.post(url, json=said) as answer:
        assert (await answer.json())["result"]["text"] == "address"


@pytest.mark.parametrize("body", ["", "null", "[]", "5", '"x"', "{", '{"text": ', "\ud800"])
async def test_json_that_is_no_object_says_nothing(
    sandbox: SandboxClient, http: aiohttp.ClientSession, body: str
) -> None:
    headers = {"Content-Type": "application/json"}
    data = body.encode("utf-8", "surrogatepass")
    for method, status in (("getMe", 200), ("sendMessage", 400)):
        url = f"{sandbox.url}/bot{TOKEN}/{method}"
        async with http.post(url, data=data, headers=headers) as answer:
            assert answer.status == status


async def test_null_is_a_text_as_any_other(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("sendMessage", chat_id=ALICE, text=None)
    assert body["result"]["text"] == "null"
    nothing = {"entities": None, "protect_content": None, "message_thread_id": None}
    assert (await raw("sendMessage", chat_id=ALICE, text="x", **nothing))[0] == 200
    assert (await raw("getUpdates", allowed_updates=None))[0] == 200
    for name, error in (
        ("reply_markup", "object expected as reply markup"),
        ("reply_parameters", "object expected as reply parameters"),
        ("link_preview_options", "object expected as link preview options"),
        ("parse_mode", "unsupported parse_mode"),
    ):
        status, body = await raw("sendMessage", chat_id=ALICE, text="x", **{name: None})
        assert (status, body["description"]) == (400, f"Bad Request: {error}")
    status, body = await raw("setMyCommands", commands=None)
    assert (status, body["description"]) == (400, "Bad Request: expected an Array of BotCommand")


async def test_a_request_that_is_too_large(
    sandbox: SandboxClient, http: aiohttp.ClientSession
) -> None:
    form = aiohttp.FormData({"chat_id": str(ALICE)})
    form.add_field("document", io.BytesIO(bytes(65 * 1024 * 1024)), filename="large")
    async with http.post(f"{sandbox.url}/bot{TOKEN}/sendDocument", data=form) as answer:
        assert answer.status == 413
        assert (await answer.json())["description"] == "Request Entity Too Large"


async def test_other_addresses_of_a_method(
    sandbox: SandboxClient, http: aiohttp.ClientSession
) -> None:
    for path in ("test/getMe", "?method=getMe", "test/?method=getme"):
        async with http.get(f"{sandbox.url}/bot{TOKEN}/{path}") as answer:
            assert (await answer.json())["result"]["id"] == BOT_ID
    async with http.post(f"{sandbox.url}/bot{TOKEN}/", json={"method": "getMe"}) as answer:
        assert (await answer.json())["result"]["id"] == BOT_ID
    async with http.get(f"{sandbox.url}/bot{TOKEN}/") as answer:
        assert answer.status == 404
    await sandbox.send(BOT_ID, "hi")
    form = aiohttp.FormData({"chat_id": str(ALICE)})
    form.add_field("photo", PNG, filename="a.png")
    async with http.post(f"{sandbox.url}/bot{TOKEN}/sendPhoto", data=form) as answer:
        file_id = (await answer.json())["result"]["photo"][0]["file_id"]
    async with http.get(f"{sandbox.url}/bot{TOKEN}/getFile?file_id={file_id}") as answer:
        path = (await answer.json())["result"]["file_path"]
    async with http.get(f"{sandbox.url}/file/bot{TOKEN}/test/{path}") as answer:
        assert await answer.read() == PNG


@pytest.mark.parametrize(
    "path",
    [
        f"bot{TOKEN}",
        f"bot{TOKEN}/getMe/",
        f"bot{TOKEN}/a/b",
        "bot",
        "bot/getMe",
        f"file/bot{TOKEN}/",
        f"file/bot{TOKEN}",
        f"file/bot{TOKEN}/photos/nothing",
    ],
)
async def test_what_is_not_there_is_told_in_json(
    sandbox: SandboxClient, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(f"{sandbox.url}/{path}") as answer:
        assert answer.status == 404
        body = {"ok": False, "error_code": 404, "description": "Not Found"}
        assert await answer.json() == body


async def test_a_bot_downloads_its_own_files_alone(
    sandbox: SandboxClient, second: Bot, http: aiohttp.ClientSession
) -> None:
    file = {"kind": "document", "name": "a.txt", "data": "aGk="}
    sent = await sandbox.ask("send", bot_id=BOT_ID, file=file)
    file_id = sent["message"]["document"]["file_id"]
    async with http.get(f"{sandbox.url}/bot{TOKEN}/getFile?file_id={file_id}") as answer:
        path = (await answer.json())["result"]["file_path"]
    for token, status in ((TOKEN, 200), (SECOND_TOKEN, 404)):
        async with http.get(f"{sandbox.url}/file/bot{token}/{path}") as answer:
            assert answer.status == status


async def group_of(sandbox: SandboxClient) -> int:
    """A group with Alice, Bob and a bot that is an administrator."""
    made = await sandbox.ask("create_group", title="T", user_ids=[ALICE, 8], bot_ids=[BOT_ID])
    await sandbox.ask("promote", chat_id=made["id"], member_id=BOT_ID)
    group_id: int = made["id"]
    return group_id


@pytest.mark.parametrize("until", [4000000000.75, "4000000000.75", "4000000000x"])
async def test_of_a_number_the_whole_part_counts(
    sandbox: SandboxClient, raw: Raw, until: object
) -> None:
    group_id = await group_of(sandbox)
    permissions = {"can_send_messages": True}
    params = {"chat_id": f"{group_id}.5", "user_id": 8.9, "permissions": permissions}
    assert (await raw("restrictChatMember", **params, until_date=until))[0] == 200
    _, body = await raw("getChatMember", chat_id=group_id, user_id="8")
    assert body["result"]["until_date"] in (0, 4000000000)
    assert body["result"]["status"] == "restricted"


async def test_a_chat_is_named_by_a_text_inside_an_object(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    group_id = await group_of(sandbox)
    _, body = await raw("sendMessage", chat_id=group_id, text="there")
    told = {"chat_id": str(group_id), "message_id": str(body["result"]["message_id"])}
    _, body = await raw("sendMessage", chat_id=ALICE, text="here", reply_parameters=told)
    assert body["result"]["external_reply"]["chat"]["id"] == group_id
    commands = [{"command": "a", "description": "A"}]
    said = {"type": "chat", "chat_id": str(group_id)}
    assert (await raw("setMyCommands", commands=commands, scope=said))[0] == 200
    scope = {"type": "chat", "chat_id": group_id}
    assert (await raw("getMyCommands", scope=scope))[1]["result"] == commands


async def test_a_webhook_without_a_scheme_is_https(sandbox: SandboxClient, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    assert (await raw("setWebhook", url="localhost:1/hook"))[0] == 200
    _, body = await raw("getWebhookInfo")
    assert body["result"]["url"] == "localhost:1/hook"
    assert (await raw("setWebhook", url="http://"))[0] == 400
    assert (await raw("setWebhook", url="ftp://example.com"))[0] == 400


async def test_older_names_of_methods(sandbox: SandboxClient, raw: Raw) -> None:
    group_id = await group_of(sandbox)
    assert (await raw("getChatMembersCount", chat_id=group_id))[1]["result"] == 3
    assert (await raw("kickChatMember", chat_id=group_id, user_id=8))[0] == 200
    [call] = await sandbox.calls(method="banChatMember")
    assert call["params"]["user_id"] == 8


async def test_older_names_of_parameters_and_fields(sandbox: SandboxClient, raw: Raw) -> None:
    group_id = await group_of(sandbox)
    about: dict[str, Any] = {"chat_id": group_id, "user_id": 8}
    assert (await raw("restrictChatMember", **about, can_send_messages="True"))[0] == 200
    _, body = await raw("getChatMember", **about)
    assert (body["result"]["can_send_messages"], body["result"]["can_send_photos"]) == (True, False)
    assert body["result"]["can_send_media_messages"] is False
    permissions = {"can_send_media_messages": True}
    assert (await raw("restrictChatMember", **about, permissions=permissions))[0] == 200
    _, body = await raw("getChatMember", **about)
    assert (body["result"]["can_send_photos"], body["result"]["can_send_polls"]) == (True, False)
    everything = ("messages", "media_messages", "other_messages")
    legacy = {f"can_send_{one}": True for one in everything} | {"can_add_web_page_previews": True}
    assert (await raw("restrictChatMember", **about, **legacy))[0] == 200
    assert (await raw("getChatMember", **about))[1]["result"]["status"] == "member"
    assert (await raw("promoteChatMember", **about, can_manage_voice_chats=True))[0] == 200
    _, body = await raw("getChatMember", **about)
    assert body["result"]["can_manage_video_chats"] is True
    assert body["result"]["can_manage_voice_chats"] is True
    keyboard = {"hide_keyboard": True, "personal_keyboard": True}
    assert (await raw("sendMessage", chat_id=group_id, text="x", reply_markup=keyboard))[0] == 200
    seen = (await sandbox.ask("messages", bot_id=BOT_ID, chat_id=group_id))[-1]["reply_markup"]
    assert seen == {"remove_keyboard": True, "selective": True}


async def test_older_ways_to_make_stickers(
    sandbox: SandboxClient, raw: Raw, http: aiohttp.ClientSession
) -> None:
    about: dict[str, Any] = {"user_id": ALICE, "name": f"x_by_sandbox_{BOT_ID}_bot"}
    form = aiohttp.FormData({n: str(one) for n, one in about.items()})
    form.add_field("title", "Old")
    form.add_field("emojis", "🐈")
    form.add_field("png_sticker", PNG, filename="a.png")
    # With an upload, Node's library leaves its place in the address empty.
    url = f"{sandbox.url}/bot{TOKEN}/createNewStickerSet?png_sticker="
    async with http.post(url, data=form) as answer:
        assert answer.status == 200
    form = aiohttp.FormData({"user_id": str(ALICE)})
    form.add_field("png_sticker", PNG, filename="a.png")
    async with http.post(f"{sandbox.url}/bot{TOKEN}/uploadStickerFile", data=form) as answer:
        file_id = (await answer.json())["result"]["file_id"]
    assert (await raw("addStickerToSet", **about, png_sticker=file_id, emojis="🐱"))[0] == 200
    found = (await raw("getStickerSet", name=about["name"]))[1]["result"]
    assert [one["emoji"] for one in found["stickers"]] == ["🐈", "🐱"]
    assert found["contains_masks"] is False
    assert (await raw("addStickerToSet", **about))[0] == 400
    assert (await raw("setStickerSetThumb", **about, thumb=file_id))[0] == 200


async def test_older_fields_of_messages(sandbox: SandboxClient, raw: Raw) -> None:
    group_id = await group_of(sandbox)
    await sandbox.ask("add_member", chat_id=group_id, member_id=9)
    await sandbox.ask("remove_member", chat_id=group_id, member_id=9)
    await sandbox.send(BOT_ID, "hi")
    _, body = await raw("getUpdates")
    messages = [one["message"] for one in body["result"] if "message" in one]
    carol = {"id": 9, "is_bot": False, "first_name": "Carol", "language_code": "en"}
    [joined] = [one for one in messages if one.get("new_chat_members") == [carol]]
    assert joined["new_chat_member"] == joined["new_chat_participant"] == carol
    [left] = [one for one in messages if "left_chat_member" in one]
    assert left["left_chat_participant"] == carol
    _, body = await raw("forwardMessage", chat_id=ALICE, from_chat_id=ALICE, message_id=1)
    assert body["result"]["forward_from"]["id"] == ALICE
    assert body["result"]["forward_date"] == body["result"]["forward_origin"]["date"]


def test_older_fields_of_what_only_tests_push() -> None:
    users = {"request_id": 1, "users": [{"user_id": 5}]}
    assert with_legacy({"users_shared": users})["user_shared"] == {"request_id": 1, "user_id": 5}
    two = {"request_id": 1, "users": [{"user_id": 5}, {"user_id": 6}]}
    assert "user_shared" not in with_legacy({"users_shared": two})
    assert with_legacy({"video_chat_started": {}})["voice_chat_started"] == {}
    origin = {"type": "channel", "chat": {"id": -5}, "message_id": 6, "date": 7}
    made = with_legacy([{"forward_origin": origin}])[0]
    assert (made["forward_from_chat"], made["forward_from_message_id"]) == ({"id": -5}, 6)
