"""What people of the pytest plugin do besides talking: join, post, open apps, play."""

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.filters import JOIN_TRANSITION, ChatMemberUpdatedFilter, Command
from aiogram.types import (
    CallbackQuery,
    ChatBoostUpdated,
    ChatJoinRequest,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
    ReplyKeyboardMarkup,
    WebAppInfo,
)
from aiogram.utils.web_app import safe_parse_webapp_init_data

from sandbox.testing import NewChannel, NewChat, NewUser, Refused, Telegram
from sandbox.testing.running import in_process
from tests.sandbox.plugin_bot import BOTS

APP = WebAppInfo(url="https://example.com/app")


async def subscribed(message: Message, bot: Bot) -> None:
    assert message.from_user
    member = await bot.get_chat_member("@news", message.from_user.id)
    await message.answer("Welcome" if member.status == "member" else "Subscribe first")


async def invite(message: Message, bot: Bot) -> None:
    link = await bot.create_chat_invite_link(message.chat.id, creates_join_request=True)
    await message.answer(link.invite_link)


async def let_in(request: ChatJoinRequest) -> None:
    if request.from_user.first_name != "Mallory":
        await request.approve()


async def greet(change: ChatMemberUpdated) -> None:
    await change.answer(f"Hello {change.new_chat_member.user.first_name}")


async def comment(post: Message) -> None:
    await post.answer(f"More about {post.text}")


async def thank(boosted: ChatBoostUpdated, bot: Bot) -> None:
    await bot.send_message(boosted.chat.id, "Boosted")


async def show_apps(message: Message) -> None:
    inline = [[InlineKeyboardButton(text="Open", web_app=APP)]]
    await message.answer("inline", reply_markup=InlineKeyboardMarkup(inline_keyboard=inline))
    reply = [[KeyboardButton(text="Choose", web_app=APP)]]
    await message.answer("reply", reply_markup=ReplyKeyboardMarkup(keyboard=reply))


async def take_data(message: Message) -> None:
    assert message.web_app_data
    await message.answer(f"{message.web_app_data.button_text}: {message.web_app_data.data}")


async def show_game(message: Message) -> None:
    await message.answer_game("chess")


async def start_game(query: CallbackQuery) -> None:
    await query.answer(url=f"https://example.com/{query.game_short_name}")


async def sell(message: Message, bot: Bot) -> None:
    prices = [LabeledPrice(label="Tea", amount=5)]
    await message.answer(await bot.create_invoice_link("Tea", "A cup", "tea", "XTR", prices))


async def agree(query: PreCheckoutQuery) -> None:
    await query.answer(ok=True)


async def deliver(message: Message) -> None:
    await message.answer("Here is your tea")


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    dispatcher = Dispatcher()
    handle = dispatcher.message.register
    handle(subscribed, Command("start"))
    handle(invite, Command("invite"))
    handle(show_apps, Command("apps"))
    handle(show_game, Command("game"))
    handle(sell, Command("buy"))
    handle(take_data, F.web_app_data)
    handle(deliver, F.successful_payment)
    dispatcher.channel_post.register(comment)
    dispatcher.chat_join_request.register(let_in)
    dispatcher.chat_member.register(greet, ChatMemberUpdatedFilter(JOIN_TRANSITION))
    dispatcher.chat_boost.register(thank)
    dispatcher.callback_query.register(start_game, F.game_short_name)
    dispatcher.pre_checkout_query.register(agree)
    async with in_process(dispatcher, BOTS) as telegram:
        yield telegram


async def test_subscribe_to_use_this_bot(user: NewUser, channel: NewChannel) -> None:
    alice, bob = user("Alice"), user("Bob")
    news = await channel("News", alice, username="news")
    assert (await bob.ask("/start")).text == "Subscribe first"
    assert await bob.join(news)
    assert (await bob.ask("/start")).text == "Welcome"
    await bob.leave(news)
    assert (await bob.ask("/start")).text == "Subscribe first"


async def test_posts_in_a_channel(user: NewUser, channel: NewChannel) -> None:
    alice, bob = user("Alice"), user("Bob")
    news = await channel("News", alice, bob, bots=["first"])
    post = await alice.post(news, "the weather")
    assert post.raw["sender_chat"]["title"] == "News"
    assert (await bob.reply(news)).text == "More about the weather"
    with pytest.raises(Refused, match="may not send posts in the channel"):
        await bob.post(news, "spam")


async def test_who_is_let_in(user: NewUser, chat: NewChat) -> None:
    alice, bob, mallory = user("Alice"), user("Bob"), user("Mallory")
    team = await chat("Team", alice, bots=["first"])
    await team.promote("first")
    await alice.send("/invite", to=team)
    link = (await alice.reply(team)).text
    assert not await bob.join(team, by=link)
    assert (await alice.reply(team)).text == "Hello Bob"
    assert not await mallory.join(team, by=link)
    await alice.hears_nothing(team)
    await bob.boost(team)
    assert (await alice.reply(team)).text == "Boosted"
    with pytest.raises(Refused, match="is private: join by a link"):
        await mallory.join(team)


async def test_mini_apps(user: NewUser) -> None:
    alice = user("Alice")
    await alice.send("/apps")
    inline, reply = await alice.reply(), await alice.reply()
    app = await alice.open_app(inline, "Open")
    told = safe_parse_webapp_init_data(BOTS["first"].token, app.init_data)
    assert told.user
    assert (told.user.id, told.query_id) == (alice.id, app.query_id)
    assert (await alice.open_app(reply)).query_id is None
    await alice.send_app_data(reply, "red")
    assert (await alice.reply()).text == "Choose: red"
    with pytest.raises(Refused, match=r"the menu button of bot .* opens no app"):
        await alice.open_app()


async def test_a_game(user: NewUser) -> None:
    alice = user("Alice")
    game = await alice.ask("/game")
    await alice.play(game)
    assert (await alice.notice()).url == "https://example.com/chess"


async def test_a_payment_by_link(user: NewUser) -> None:
    alice = user("Alice")
    await alice.pay((await alice.ask("/buy")).text)
    assert (await alice.reply()).text == "Here is your tea"
