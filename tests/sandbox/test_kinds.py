"""People cause every kind of update; here those that no other test has: guests, drafts, reactions
that are counted, rich messages."""

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineQueryResultArticle,
    InputPaidMediaPhoto,
    InputRichBlockParagraph,
    InputRichMessage,
    InputTextMessageContent,
    LabeledPrice,
    ShippingOption,
    Update,
)

from sandbox.client import SandboxClient, SandboxError
from tests.sandbox.conftest import ALICE, BOT_ID, SECOND_ID, Raw
from tests.sandbox.test_channels import news
from tests.sandbox.test_groups import drain, team

pytestmark = pytest.mark.usefixtures("fitting")
BOB, CAROL = 8, 9
ALL = sorted(Update.model_fields.keys() - {"update_id"})
ARTICLE = InlineQueryResultArticle(
    id="1", title="T", input_message_content=InputTextMessageContent(message_text="here")
)
PRICE = [LabeledPrice(label="x", amount=5)]


async def test_a_bot_is_called_where_it_is_not(
    sandbox: SandboxClient, bot: Bot, second: Bot
) -> None:
    chat_id = await team(sandbox, SECOND_ID)
    where: dict[str, Any] = {"user_id": BOB, "chat_id": chat_id, "text": "tea?"}
    with pytest.raises(SandboxError, match="is in chat"):
        await sandbox.ask("summon", bot_id=SECOND_ID, **where)
    await sandbox.ask("summon", bot_id=BOT_ID, **where)
    [update] = await drain(bot)
    called = update["guest_message"]
    assert called["text"] == f"@sandbox_{BOT_ID}_bot tea?"
    assert called["from_user"]["id"] == BOB
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await second.answer_guest_query(called["guest_query_id"], ARTICLE)
    sent = await bot.answer_guest_query(called["guest_query_id"], ARTICLE)
    shown = (await sandbox.ask("messages", chat_id=chat_id))[-1]
    assert (shown["text"], shown["from"]["id"]) == ("here", BOT_ID)
    assert shown["guest_bot_caller_user"]["id"] == BOB
    assert await bot.edit_message_text("there", inline_message_id=sent.inline_message_id)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_guest_query(called["guest_query_id"], ARTICLE)


async def test_a_user_stops_what_is_streamed(sandbox: SandboxClient, bot: Bot) -> None:
    await sandbox.send(BOT_ID, "hi")
    await drain(bot)
    stop: dict[str, Any] = {"bot_id": BOT_ID, "user_id": ALICE}
    await bot.send_message_draft(ALICE, 5, text="Once")
    with pytest.raises(SandboxError, match="streams nothing that user 7 may stop"):
        await sandbox.ask("stop_draft", **stop)
    rich = InputRichMessage(html="<b>Once</b>")
    await bot.send_rich_message_draft(ALICE, 6, rich, can_stop=True)
    await sandbox.ask("stop_draft", **stop)
    [update] = await drain(bot)
    assert update["stopped_message_generation"]["draft_id"] == 6


async def test_reactions_in_a_channel_are_counted(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)
    await bot.get_updates(-1, allowed_updates=["message_reaction", "message_reaction_count"])
    await drain(bot)
    sent = await bot.send_message(chat_id, "x")
    where: dict[str, Any] = {"chat_id": chat_id, "message_id": sent.message_id}
    for user_id in (BOB, CAROL):
        await sandbox.ask("react", user_id=user_id, emoji="👍", **where)
    _, update = await drain(bot)
    [count] = update["message_reaction_count"]["reactions"]
    assert (count["type"]["emoji"], count["total_count"]) == ("👍", 2)


async def test_rich_messages(sandbox: SandboxClient, bot: Bot, raw: Raw) -> None:
    await sandbox.send(BOT_ID, "hi")
    sent = await bot.send_rich_message(
        ALICE, InputRichMessage(html="<h1><b>One</b> &amp;</h1><p>two</p>")
    )
    assert sent.rich_message
    assert [one.model_dump()["text"] for one in sent.rich_message.blocks] == ["One &", "two"]
    sent = await bot.send_rich_message(ALICE, InputRichMessage(markdown="# One\n\n**two**"))
    assert sent.rich_message
    assert [one.model_dump()["text"] for one in sent.rich_message.blocks] == ["# One", "**two**"]
    block = InputRichBlockParagraph(text="three")
    sent = await bot.send_rich_message(ALICE, InputRichMessage(blocks=[block], is_rtl=True))
    assert sent.rich_message
    assert sent.rich_message.is_rtl
    assert await bot.copy_message(ALICE, ALICE, sent.message_id)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "message text is empty"),
        ({"media": []}, "the sandbox does not model files in rich messages"),
    ]
    for message, error in wrong:
        _, body = await raw("sendRichMessage", chat_id=ALICE, rich_message=message)
        assert error in body["description"]


class Ears:
    """What a bot has heard."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.kinds: set[str] = set()

    async def hear(self, kind: str) -> dict[str, Any]:
        """All updates until one of a kind, and what is in that."""
        while True:
            for update in await self.bot.get_updates(limit=1, timeout=5):
                await self.bot.get_updates(update.update_id + 1)
                self.kinds.add(update.event_type)
                if update.event_type == kind:
                    return update.event.model_dump(exclude_none=True)


ME: dict[str, Any] = {"bot_id": BOT_ID}
MINE: dict[str, Any] = {**ME, "user_id": ALICE}


async def talk(sandbox: SandboxClient, bot: Bot, ears: Ears) -> None:
    said = await sandbox.ask("send", **MINE, text="hi")
    message_id = said["message"]["message_id"]
    await sandbox.ask("edit", **MINE, message_id=message_id, text="hello")
    await sandbox.ask("react", **MINE, message_id=message_id, emoji="👍")
    poll = await bot.send_poll(ALICE, "?", ["a", "b"], is_anonymous=False)
    await sandbox.ask("vote", **MINE, message_id=poll.message_id, option_ids=[0])  # and poll
    game = await bot.send_game(ALICE, "chess")
    await sandbox.ask("play", **MINE, message_id=game.message_id)  # callback_query
    await bot.send_message_draft(ALICE, 5, text="x", can_stop=True)
    await sandbox.ask("stop_draft", **MINE)
    await sandbox.ask("create_managed_bot", **MINE, by_link=True)
    typed = {**MINE, "query": "x", "timeout": 5}
    asking = asyncio.create_task(sandbox.ask("inline_query", wait=5, **typed))
    await bot.answer_inline_query((await ears.hear("inline_query"))["id"], [ARTICLE])
    found = await asking
    await sandbox.ask("choose", **MINE, query_id=found["query_id"], result_id="1")


async def buy(sandbox: SandboxClient, bot: Bot, ears: Ears) -> None:
    about: dict[str, Any] = {"title": "T", "description": "D", "payload": "p", "prices": PRICE}
    where: dict[str, Any] = {
        "provider_token": "1:TEST",
        "need_shipping_address": True,
        "is_flexible": True,
    }
    shipped = await bot.create_invoice_link(currency="EUR", **about, **where)
    paying = asyncio.create_task(sandbox.ask("pay", link=shipped, timeout=5, wait=5))
    query_id = (await ears.hear("shipping_query"))["id"]
    way = ShippingOption(id="1", title="x", prices=PRICE)
    await bot.answer_shipping_query(query_id, ok=True, shipping_options=[way])
    query_id = (await ears.hear("pre_checkout_query"))["id"]
    await bot.answer_pre_checkout_query(query_id, ok=True)
    await paying
    monthly = await bot.create_invoice_link(currency="XTR", **about, subscription_period=2592000)
    paying = asyncio.create_task(sandbox.ask("pay", link=monthly, timeout=5, wait=5))
    query_id = (await ears.hear("pre_checkout_query"))["id"]
    await bot.answer_pre_checkout_query(query_id, ok=True)
    paid = (await paying)["message"]["successful_payment"]
    charge_id = paid["telegram_payment_charge_id"]
    await sandbox.ask("cancel_subscription", **ME, charge_id=charge_id)
    photo = InputPaidMediaPhoto(media="https://example.com/a.png")
    media = await bot.send_paid_media(ALICE, 5, [photo], payload="p")
    await sandbox.ask("buy_media", **MINE, message_id=media.message_id)


async def trade(sandbox: SandboxClient) -> None:
    shop = await sandbox.ask("connect_business", **MINE)
    where: dict[str, Any] = {"connection_id": shop["id"], "user_id": BOB}
    await sandbox.ask("write_business", **where, text="hi")
    await sandbox.ask("edit_business", **where, message_id=1, text="hello")
    await sandbox.ask("delete_business", **where, message_ids=[1])


async def publish(sandbox: SandboxClient, bot: Bot) -> None:
    chat_id = await news(sandbox, BOT_ID)  # my_chat_member
    where: dict[str, Any] = {"chat_id": chat_id, "user_id": ALICE}
    posted = await sandbox.ask("send", **where, text="hi")
    where["message_id"] = posted["message"]["message_id"]
    await sandbox.ask("edit", **where, text="hello")
    await sandbox.ask("react", **where, emoji="👍")
    await sandbox.ask("join", user_id=CAROL, chat_id=chat_id)  # chat_member
    boost = await sandbox.ask("boost", user_id=BOB, chat_id=chat_id)
    await sandbox.ask("remove_boost", chat_id=chat_id, boost_id=boost["boost_id"])
    link = await bot.create_chat_invite_link(chat_id, creates_join_request=True)
    await sandbox.ask("add_user", first_name="Dave", user_id=10)
    await sandbox.ask("join", user_id=10, link=link.invite_link)


async def test_every_kind_of_update_is_caused_by_people(
    sandbox: SandboxClient, bot: Bot, second: Bot
) -> None:
    await bot.get_updates(allowed_updates=ALL)
    ears = Ears(bot)
    await talk(sandbox, bot, ears)
    await buy(sandbox, bot, ears)
    await trade(sandbox)
    await sandbox.ask("summon", **MINE, chat_id=await team(sandbox, SECOND_ID), text="x")
    await publish(sandbox, bot)
    await ears.hear("chat_join_request")
    assert sorted(ears.kinds) == ALL
