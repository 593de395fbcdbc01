"""People of the pytest plugin cause every kind of update that aiogram knows, in words; here the
test is the bot."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import (
    CallbackQuery,
    ChatJoinRequest,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InputPaidMediaPhoto,
    InputTextMessageContent,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
    ShippingOption,
    ShippingQuery,
    TelegramObject,
    Update,
)
from aiogram.utils.web_app import safe_parse_webapp_init_data

from sandbox.testing import NewChannel, NewChat, NewUser, Refused, Telegram, User
from sandbox.testing.running import in_process

TOKEN = f"1000001:{'s' * 35}"
ARTICLE = InlineQueryResultArticle(
    id="1", title="T", input_message_content=InputTextMessageContent(message_text="here")
)
KINDS = Update.model_fields.keys() - {"update_id"}
PRICE = [LabeledPrice(label="x", amount=5)]
YES = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]]
)


class Ears:
    """What the bot has heard."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.last: TelegramObject

    async def hear(self, event: TelegramObject, handler: HandlerObject) -> None:
        self.kinds.append(handler.flags["kind"])
        self.last = event
        match event:
            case InlineQuery():
                await event.answer([ARTICLE])
            case ShippingQuery():
                way = ShippingOption(id="post", title="Post", prices=PRICE)
                await event.answer(ok=True, shipping_options=[way])
            case PreCheckoutQuery():
                await event.answer(ok=True)
            case ChatJoinRequest():
                await event.approve()
            case CallbackQuery():
                await event.answer("Good choice")
            case Message(guest_query_id=str()):
                await event.answer_guest_query(ARTICLE)


@dataclass
class Scene:
    """Where a test plays."""

    bot: Bot
    ears: Ears
    user: NewUser
    chat: NewChat
    channel: NewChannel


@pytest.fixture
def bot() -> Bot:
    return Bot(TOKEN)


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def telegram(bot: Bot, ears: Ears) -> AsyncIterator[Telegram]:
    dispatcher = Dispatcher()
    for kind in KINDS:
        dispatcher.observers[kind].register(ears.hear, flags={"kind": kind})
    other = Bot(f"1000002:{'s' * 35}")
    async with in_process(dispatcher, {"first": bot, "second": other}) as telegram:
        yield telegram
        telegram.conversations()


@pytest.fixture
def scene(bot: Bot, ears: Ears, user: NewUser, chat: NewChat, channel: NewChannel) -> Scene:
    return Scene(bot, ears, user, chat, channel)


async def talk(scene: Scene) -> None:
    alice = scene.user("Alice")
    sent = await alice.send("Helo")
    await alice.edit(sent, "Hello")
    await alice.react(sent, "👍")
    poll = await scene.bot.send_poll(alice.id, "?", ["a", "b"], is_anonymous=False)
    shown = await alice.reply()
    assert shown.message_id == poll.message_id
    await alice.vote(shown, "b")
    await scene.bot.send_message(alice.id, "Tea?", reply_markup=YES)
    await (await alice.reply()).click("Yes")
    assert (await alice.notice()).text == "Good choice"
    [offer] = await alice.inline("tea")
    await offer.choose()
    await scene.bot.send_message_draft(alice.id, 5, text="Once upon", can_stop=True)
    await alice.stop_draft()
    made = await alice.create_bot("Mine", "my_bot", by_link=True)
    assert (made.name, made.username) == ("@my_bot", "my_bot")
    await alice.block()


async def gather(scene: Scene) -> None:
    alice, bob, carol = map(scene.user, ("Alice", "Bob", "Carol"))
    news = await scene.channel("News", alice, username="news", bots=["first"])
    post = await alice.post(news, "Sunn")
    await alice.edit(post, "Sunny")
    await bob.join(news)
    await bob.react(post, "🎉")
    link = await scene.bot.create_chat_invite_link(news.id, creates_join_request=True)
    await carol.join(news, by=link.invite_link)
    await bob.boost(news)
    await bob.unboost(news)
    with pytest.raises(Refused, match="Bob has not boosted News"):
        await bob.unboost(news)
    team = await scene.chat("Team", alice, bots=["second"])
    asked = await alice.summon(team, "tea?")
    assert asked.text == "@sandbox_1000001_bot tea?"
    assert (await alice.reply(team)).text == "here"


async def spend(scene: Scene) -> None:
    alice = scene.user("Alice")
    await alice.send("hi")
    shipped = await scene.bot.create_invoice_link(
        "T", "D", "p", "EUR", PRICE, provider_token="1:TEST",
        need_shipping_address=True, is_flexible=True,
    )  # fmt: skip
    about = {"shipping_address": {"country_code": "DE", "state": "", "city": "Kiel"}}
    about["shipping_address"] |= {"street_line1": "1", "street_line2": "", "post_code": "24103"}
    paid = await alice.pay(shipped, shipping="post", order_info=about)
    assert paid.parsed.successful_payment
    assert paid.parsed.successful_payment.total_amount == 10
    assert paid.parsed.successful_payment.order_info
    assert paid.parsed.successful_payment.order_info.shipping_address
    assert paid.parsed.successful_payment.order_info.shipping_address.city == "Kiel"
    monthly = await scene.bot.create_invoice_link(
        "T", "D", "p", "XTR", PRICE, subscription_period=2592000
    )
    await alice.cancel_subscription(await alice.pay(monthly))
    with pytest.raises(Refused, match="this message tells of no payment"):
        await alice.cancel_subscription(await alice.send("hi"))
    photo = InputPaidMediaPhoto(media="https://example.com/a.png")
    await scene.bot.send_paid_media(alice.id, 5, [photo], payload="p")
    await alice.buy(await alice.reply())


async def trade(scene: Scene) -> None:
    alice, bob = scene.user("Alice"), scene.user("Bob")
    shop = await alice.connect_business()
    asked = await bob.send("Opn?", to=shop)
    edited = await bob.edit(asked, "Open?")
    assert edited.text == "Open?"
    about: dict[str, Any] = {"business_connection_id": shop.id}
    sent = await scene.bot.send_message(bob.id, "Tea?", reply_markup=YES, **about)
    reply = await bob.reply(shop)
    await reply.click("Yes")
    assert (await bob.notice()).text == "Good choice"
    assert isinstance(scene.ears.last, CallbackQuery)
    assert isinstance(scene.ears.last.message, Message)
    assert scene.ears.last.message.business_connection_id == shop.id
    await scene.bot.edit_message_text("Tea.", chat_id=bob.id, message_id=sent.message_id, **about)
    assert (await reply.edited()).text == "Tea."
    assert (await alice.send("Always", to=shop.chat(bob))).raw["from"]["id"] == alice.id
    await bob.delete(edited)
    await edited.deleted()
    await bob.hears_nothing(shop)
    await bob.hears_nothing()
    mistakes: list[tuple[Awaitable[object], str]] = [
        (alice.send("hi", to=shop), "its owner `to=shop.chat"),
        (bob.send("hi", caption="x", to=shop), "people send texts, and nothing else here"),
        (bob.react(reply, "👍"), "to react a message like this is not emulated"),
        (bob.delete(await bob.send("hi")), "no bot is told when people delete messages"),
    ]
    for mistake, told in mistakes:
        with pytest.raises(Refused, match=told):
            await mistake
    await shop.disconnect()


SCENES: dict[Callable[[Scene], Awaitable[None]], set[str]] = {
    talk: {
        *("message", "edited_message", "message_reaction", "poll", "poll_answer", "callback_query"),
        *("inline_query", "chosen_inline_result", "stopped_message_generation", "managed_bot"),
        "my_chat_member",
    },
    gather: {
        *("channel_post", "edited_channel_post", "chat_member", "message_reaction_count"),
        *("chat_join_request", "chat_boost", "removed_chat_boost", "guest_message"),
    },
    spend: {"shipping_query", "pre_checkout_query", "subscription", "purchased_paid_media"},
    trade: {
        *("business_connection", "business_message", "edited_business_message"),
        "deleted_business_messages",
    },
}


def test_no_kind_is_missing() -> None:
    assert set().union(*SCENES.values()) == KINDS


@pytest.mark.parametrize("play", SCENES)
async def test_people_cause_it(
    play: Callable[[Scene], Awaitable[None]], scene: Scene, telegram: Telegram
) -> None:
    await play(scene)
    await telegram.settled()
    assert set(scene.ears.kinds) >= SCENES[play]


async def test_what_one_member_of_a_group_sees(scene: Scene, telegram: Telegram) -> None:
    alice, bob = scene.user("Alice"), scene.user("Bob")
    team = await scene.chat("Team", alice, bob, bots=["first"])
    to_bob = EphemeralMessageParameters(receiver_user_id=bob.id)
    sent = await scene.bot.send_message(
        team.id, "psst", reply_markup=YES, ephemeral_message_parameters=to_bob
    )
    await scene.bot.send_message(team.id, "Hello all")
    number = sent.ephemeral_message_id
    assert number
    with pytest.raises(AssertionError, match="did say something to Bob: Hello all"):
        await bob.hears_nothing(team)
    assert (await alice.reply(team)).text == "Hello all"
    await alice.hears_nothing(team)
    with pytest.raises(AssertionError, match=r"did say something to Bob: psst  \[Yes\]"):
        await bob.hears_nothing(team)
    whisper = await bob.reply(team, alone=True)
    assert (whisper.text, whisper.is_ephemeral) == ("psst", True)
    await whisper.click("Yes")
    assert (await bob.notice()).text == "Good choice"
    await scene.bot.edit_ephemeral_message_text(team.id, bob.id, number, "louder")
    with pytest.raises(Refused, match="it was edited: click what"):
        await whisper.click("Yes")
    assert (await whisper.edited()).text == "louder"
    await scene.bot.delete_ephemeral_message(team.id, bob.id, number)
    await whisper.deleted()
    await bob.hears_nothing(team)
    [told] = [one for one in telegram.conversations() if one.startswith("Team:")]
    assert "first: psst  [Yes] (to Bob alone)" in told


async def test_what_a_mini_app_is_told_without_a_button(user: NewUser, telegram: Telegram) -> None:
    anna: User = user("Anna", last_name="Berg", username="@anna", language_code="de")
    told = safe_parse_webapp_init_data(TOKEN, anna.init_data(start_param="shop"))
    assert told.user
    assert (told.user.id, told.user.first_name, told.user.last_name) == (anna.id, "Anna", "Berg")
    assert (told.user.username, told.user.language_code) == ("anna", "de")
    assert told.start_param == "shop"
    await telegram.advance(days=1)
    later = safe_parse_webapp_init_data(TOKEN, anna.init_data())
    assert 86400 <= (later.auth_date - told.auth_date).total_seconds() < 86460
