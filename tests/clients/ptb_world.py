"""What the suite of python-telegram-bot expects at Telegram, made in a sandbox."""

import base64
import struct
from pathlib import Path
from typing import Any

import httpx

from sandbox.world.members import CHANNEL_RIGHTS
from tests.clients.programs import Sandbox
from tests.sandbox.media import OGG, mp4, png

BOT, SECOND = 5000011, 5000012
USER, MEMBER, OTHER = 675666224, 95205500, 1325859552
CHANNEL, VIDEO = "ptb_tests", 375821
"""A name, and the message with the video that has another quality. The suite names it and users."""
TOKEN = f"{BOT}:{'s' * 35}"
NAME = f"sandbox_{BOT}_bot"
SITE = "https://python-telegram-bot.org/static/testfiles"
REPOSITORY = "https://github.com/python-telegram-bot/python-telegram-bot/blob/master"
WEB = {
    "http://bit.ly/2L18jua": "game.gif",
    "https://goo.gl/3En24v": "telegram.mp3",
    f"{SITE}/telegram.gif": "telegram.gif",
    f"{SITE}/telegram.mp4": "telegram.mp4",
    f"{SITE}/telegram.ogg": "telegram.ogg",
    f"{SITE}/telegram_new.jpg": "telegram.jpg",
    f"{REPOSITORY}/tests/data/telegram.webp?raw=true": "telegram.webp",
}
"""Files of the suite, where it has Telegram fetch them."""
JPEG = b"\xff\xd8\xff\xc0\0\x11\10" + struct.pack(">HH", 800, 800)
WEBP = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + struct.pack("<I", 509)[:3] + struct.pack("<I", 511)[:3]
STAND_INS = {
    "game.gif": (b"GIF89a" + struct.pack("<HH", 640, 360), 36535),
    "telegram.jpg": (JPEG, 33054),
    "telegram.mp3": (b"ID3", 122920),
    "telegram.mp4": (mp4(5, 360, 640), 326534),
    "telegram.ogg": (OGG, len(OGG)),
    "telegram.png": (png(300, 300), 12948),
    "telegram.webp": (WEBP, 39518),
    "telegram2.mp4": (mp4(3, 240, 240), 132084),
}
"""Files that the source package leaves out: what their heads tell, and how many bytes they have."""


def make_files(data: Path) -> None:
    """Put in what is left out."""
    for file, (head, size) in STAND_INS.items():
        (data / file).write_bytes(head.ljust(size, b"\0"))


def make_world(sandbox: Sandbox, data: Path) -> dict[str, object]:
    """Chats, files and a game; returns what the suite has to know of them."""
    make_people(sandbox)
    chats = make_chats(sandbox, data)
    make_games_and_files(sandbox, data)
    return {
        "token": TOKEN,
        "payment_provider_token": "1:TEST:1",
        "chat_id": str(USER),
        "name": f"Sandbox bot {BOT}",
        "username": f"@{NAME}",
        "channel_id": f"@{CHANNEL}",
        **chats,
    }


def make_people(sandbox: Sandbox) -> None:
    for token in (TOKEN, f"{SECOND}:{'t' * 35}"):
        sandbox.ask("add_bot", token=token)
    sandbox.ask("add_user", user_id=USER, first_name="PTB", last_name="Test user")
    for user_id in (MEMBER, OTHER):
        sandbox.ask("add_user", user_id=user_id, first_name=f"User {user_id}")
    sandbox.ask("send", bot_id=BOT, user_id=USER, text="/start")
    first = {"chat_id": USER, "message_id": 1}  # which the suite takes for too old to delete
    httpx.post(f"{sandbox.url}/bot{TOKEN}/deleteMessage", json=first).raise_for_status()
    sandbox.ask("set_photo", user_id=USER, name="a.png", data=encoded(png(80, 80, 5403)))
    own = sandbox.ask("create_channel", title="Own", user_ids=[USER])
    for text in ("one", "two"):
        sandbox.ask("send", user_id=USER, chat_id=own["id"], text=text)
    sandbox.ask("set_profile", user_id=USER, personal_chat_id=own["id"])


def make_chats(sandbox: Sandbox, data: Path) -> dict[str, object]:
    """Those that the suite names by what they are for."""
    people: dict[str, Any] = {"user_ids": [USER, MEMBER], "bot_ids": [BOT]}
    title = f">>> telegram.Bot(test) @{NAME}"
    group = sandbox.ask("create_group", title=title, **people)["id"]
    forum = sandbox.ask("create_group", title="Forum", **people)["id"]
    paid = sandbox.ask("create_channel", title="Paid", **people)["id"]
    for chat_id in (group, forum):
        sandbox.ask("promote", chat_id=chat_id, member_id=BOT)
    sandbox.ask("set_forum", chat_id=forum)
    photo = httpx.post(
        f"{sandbox.url}/bot{TOKEN}/setChatPhoto",
        data={"chat_id": str(group)},
        files={"photo": (data / "telegram.jpg").read_bytes()},
    )
    photo.raise_for_status()
    everybody = {"user_ids": [USER, MEMBER, OTHER], "bot_ids": [BOT, SECOND]}
    channel = sandbox.ask("create_channel", title="Tests", username=CHANNEL, **everybody)
    rights = [one for one in CHANNEL_RIGHTS if one != "can_promote_members"]
    sandbox.ask("promote", chat_id=channel["id"], member_id=BOT, rights=rights)
    make_video(sandbox, channel)
    chats = {"super_group_id": str(group), "forum_group_id": str(forum)}
    return {**chats, "subscription_channel_id": paid}


def make_video(sandbox: Sandbox, channel: dict[str, Any]) -> None:
    """A message of the channel with a video in two qualities."""
    sides = {"width": 464, "height": 848}
    file, other = (
        sandbox.ask("add_file", kind="video", name="a.mp4", data=encoded(bytes(size)))
        for size in (500_000, 405_540)
    )
    quality = {**other, **sides, "codec": "h264", "file_size": 405_540}
    video = {**file, **sides, "duration": 3, "qualities": [quality]}
    chat = {"id": channel["id"], "type": "channel", "title": channel["title"], "username": CHANNEL}
    post = {"message_id": VIDEO, "date": 1_700_000_000, "chat": chat, "video": video}
    sandbox.ask("push", bot_id=BOT, updates=[{"channel_post": post}])


def make_games_and_files(sandbox: Sandbox, data: Path) -> None:
    sandbox.ask(
        "add_game",
        bot_id=BOT,
        short_name="test_game",
        title="A game",
        description="A no-op test game, for python-telegram-bot bot framework testing.",
        photo=encoded(png(80, 80, 851)),
        animation=encoded((data / "game.gif").read_bytes()),
    )
    for address, file in WEB.items():
        content = encoded((data / file).read_bytes())
        sandbox.ask("add_web_file", address=address, data=content, name=file)
    known = "CAADAQADHAADyIsGAAFZfq1bphjqlgI"
    sandbox.ask("add_file", kind="sticker", file_id=known, about={"emoji": "💪"})
    emoji = {"custom_emoji_ids": ["6046140249875156202"], "emoji": ["😎"]}
    about = {"name": "PTBStaticEmojiTestPack", "title": "Emoji", "sticker_type": "custom_emoji"}
    sandbox.ask("add_sticker_set", **about, **emoji)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
