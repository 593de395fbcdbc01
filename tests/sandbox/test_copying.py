"""Forwards, copies, pins and reactions."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InputMediaPhoto, MessageOriginUser, ReactionTypeEmoji

from sandbox.client import SandboxClient
from tests.sandbox.conftest import ALICE, BOT_ID, Raw
from tests.sandbox.test_sending import PRICE, YES, picture

pytestmark = pytest.mark.usefixtures("fitting")
BOB = 8


async def two_chats(sandbox: SandboxClient) -> None:
    await sandbox.send(BOT_ID, "from Alice")
    await sandbox.send(BOT_ID, "from Bob", user_id=BOB)


async def test_a_forward_says_where_it_is_from(sandbox: SandboxClient, bot: Bot) -> None:
    await two_chats(sandbox)
    once = await bot.forward_message(BOB, ALICE, 1)
    twice = await bot.forward_message(ALICE, BOB, once.message_id)
    for message in (once, twice):
        assert message.text == "from Alice"
        assert message.from_user
        assert message.from_user.id == BOT_ID
        assert isinstance(message.forward_origin, MessageOriginUser)
        assert message.forward_origin.sender_user.id == ALICE
    ids = await bot.forward_messages(BOB, ALICE, [1, 99, twice.message_id])
    assert len(ids) == 2


async def test_a_copy_is_the_bot_s_own(sandbox: SandboxClient, bot: Bot) -> None:
    await two_chats(sandbox)
    photo = await bot.send_photo(ALICE, picture(), caption="one", has_spoiler=True)
    copied = await bot.copy_message(BOB, ALICE, photo.message_id, reply_markup=YES)
    seen = (await sandbox.messages(BOT_ID, BOB))[-1]
    assert seen["message_id"] == copied.message_id
    assert seen["caption"] == "one"
    assert seen["reply_markup"]
    assert seen["has_media_spoiler"]
    assert "forward_origin" not in seen
    await bot.copy_message(BOB, ALICE, photo.message_id, caption="<i>two</i>", parse_mode="HTML")
    seen = (await sandbox.messages(BOT_ID, BOB))[-1]
    assert (seen["caption"], seen["caption_entities"][0]["type"]) == ("two", "italic")
    assert seen["has_media_spoiler"]
    await bot.copy_messages(BOB, ALICE, [1, photo.message_id], remove_caption=True)
    text, bare = (await sandbox.messages(BOT_ID, BOB))[-2:]
    assert text["text"] == "from Alice"
    assert "caption" not in bare


async def test_albums_stay_albums(sandbox: SandboxClient, bot: Bot) -> None:
    await two_chats(sandbox)
    album = await bot.send_media_group(ALICE, [InputMediaPhoto(media=picture())] * 2)
    ids = [one.message_id for one in album]
    await bot.copy_messages(BOB, ALICE, ids)
    await bot.forward_messages(BOB, ALICE, ids)
    groups = [one["media_group_id"] for one in (await sandbox.messages(BOT_ID, BOB))[-4:]]
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert album[0].media_group_id not in groups


async def test_what_cannot_leave_its_chat(sandbox: SandboxClient, bot: Bot) -> None:
    await two_chats(sandbox)
    secret = await bot.send_message(ALICE, "secret", protect_content=True)
    await bot.pin_chat_message(ALICE, 1)
    notice = (await sandbox.messages(BOT_ID, ALICE))[-1]["message_id"]
    invoice = await bot.send_invoice(ALICE, "T", "D", "p", "XTR", PRICE)
    ids = [secret.message_id, notice, invoice.message_id]
    for message_id in ids[:2]:
        with pytest.raises(TelegramBadRequest, match="the message can't be forwarded"):
            await bot.forward_message(BOB, ALICE, message_id)
    for message_id in ids[1:]:
        with pytest.raises(TelegramBadRequest, match="the message can't be copied"):
            await bot.copy_message(BOB, ALICE, message_id)
    assert len(await bot.copy_messages(BOB, ALICE, ids)) == 1  # a bot's own secret
    with pytest.raises(TelegramBadRequest, match="messages can't be forwarded"):
        await bot.copy_messages(BOB, ALICE, [99])


async def test_a_copied_poll_begins_anew(sandbox: SandboxClient, bot: Bot) -> None:
    await two_chats(sandbox)
    poll = await bot.send_poll(ALICE, "Which?", ["one", "two"])
    assert poll.poll
    await sandbox.ask(
        "vote", bot_id=BOT_ID, user_id=ALICE, message_id=poll.message_id, option_ids=[0]
    )
    await bot.copy_message(BOB, ALICE, poll.message_id)
    copied = (await sandbox.messages(BOT_ID, BOB))[-1]["poll"]
    assert copied["id"] != poll.poll.id
    assert copied["total_voter_count"] == 0


async def test_pins(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "important")
    assert await bot.pin_chat_message(ALICE, sent.message_id)
    chat = await bot.get_chat(ALICE)
    assert chat.pinned_message
    assert chat.pinned_message.message_id == sent.message_id
    # The bot hears of what it pinned itself, unlike of its other messages.
    [_, update] = await bot.get_updates()
    assert update.message
    assert update.message.pinned_message
    assert update.message.pinned_message.message_id == sent.message_id
    with pytest.raises(TelegramBadRequest, match="CHAT_NOT_MODIFIED"):
        await bot.pin_chat_message(ALICE, sent.message_id)
    # The newest message counts, not the one that was pinned last.
    await bot.pin_chat_message(ALICE, 1)
    pinned = (await bot.get_chat(ALICE)).pinned_message
    assert pinned
    assert pinned.message_id == sent.message_id
    assert await bot.unpin_chat_message(ALICE)
    pinned = (await bot.get_chat(ALICE)).pinned_message
    assert pinned
    assert pinned.message_id == 1
    await bot.pin_chat_message(ALICE, sent.message_id)
    await bot.delete_message(ALICE, 1)
    pinned = (await bot.get_chat(ALICE)).pinned_message
    assert pinned
    assert pinned.message_id == sent.message_id
    with pytest.raises(TelegramBadRequest, match="message to unpin not found"):
        await bot.unpin_chat_message(ALICE, message_id=1)
    assert await bot.unpin_all_chat_messages(ALICE)
    assert (await bot.get_chat(ALICE)).pinned_message is None


async def test_reactions(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    heart = ReactionTypeEmoji(emoji="❤️")  # with what selects its look
    assert await bot.set_message_reaction(ALICE, 1, [heart])
    [seen] = await sandbox.messages(BOT_ID, ALICE)
    assert seen["reactions"] == [{"user_id": BOT_ID, "type": "emoji", "emoji": "❤"}]
    assert await bot.set_message_reaction(ALICE, 1)
    [seen] = await sandbox.messages(BOT_ID, ALICE)
    assert "reactions" not in seen
    with pytest.raises(TelegramBadRequest, match="REACTION_INVALID"):
        await bot.set_message_reaction(ALICE, 1, [ReactionTypeEmoji(emoji="✅")])


async def test_a_user_reacts(sandbox: SandboxClient, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["message_reaction"])
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_message(ALICE, "x")
    for emoji in ("👍", None):
        await sandbox.ask(
            "react", bot_id=BOT_ID, user_id=ALICE, message_id=sent.message_id, emoji=emoji
        )
    one, two = [update.message_reaction for update in await bot.get_updates()]
    assert one
    assert two
    assert (one.old_reaction, two.new_reaction) == ([], [])
    for [reaction] in (one.new_reaction, two.old_reaction):
        assert isinstance(reaction, ReactionTypeEmoji)
        assert reaction.emoji == "👍"


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("forwardMessage", {"message_id": 1}, 'parameter "from_chat_id" is required'),
        ("forwardMessage", {"from_chat_id": 7}, "message to forward not found"),
        ("copyMessage", {"from_chat_id": 7, "message_id": 99}, "message to copy not found"),
        ("copyMessage", {"from_chat_id": 99, "message_id": 1}, "chat not found"),
        ("pinChatMessage", {"message_id": 99}, "message to pin not found"),
        ("unpinChatMessage", {}, "message to unpin not found"),
        ("setMessageReaction", {"message_id": 99}, "message to react not found"),
        ("setMessageReaction", {"message_id": 1, "reaction": "x"}, "can't parse reaction types"),
        ("setMessageReaction", {"message_id": 1, "reaction": [5]}, "can't parse ReactionType: "),
        (
            "setMessageReaction",
            {"message_id": 1, "reaction": [{"type": "paid"}]},
            "can't parse ReactionType: invalid reaction type specified",
        ),
        ("forwardMessages", {"from_chat_id": 7, "message_ids": [0]}, "invalid message identifier"),
    ],
)
async def test_what_is_refused(
    sandbox: SandboxClient, raw: Raw, method: str, params: dict[str, Any], error: str
) -> None:
    await sandbox.send(BOT_ID, "hi")
    status, body = await raw(method, chat_id=ALICE, **params)
    assert (status, body["description"][: 13 + len(error)]) == (400, f"Bad Request: {error}")
