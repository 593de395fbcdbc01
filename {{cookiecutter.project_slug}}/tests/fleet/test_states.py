"""What is kept apart in a user's state: bots, business accounts, scenes, stacks of dialogs.

All of it holds in turns and outside of them, as in tests of `bot/`.
"""

from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.scene import Scene, SceneRegistry, ScenesManager, on
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.base import DefaultKeyBuilder, StorageKey
from aiogram.fsm.storage.memory import DisabledEventIsolation
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.fsm.strategy import FSMStrategy
from aiogram.types import CallbackQuery, Message
from aiogram_dialog import Dialog, DialogManager, StartMode, Window, setup_dialogs
from aiogram_dialog.widgets.input import ManagedTextInput, TextInput
from aiogram_dialog.widgets.kbd import Back, Button, Counter, Next, Select
from aiogram_dialog.widgets.text import Const, Format
from redis.asyncio import Redis

from fleet.overlay import Overlay
from fleet.state_keys import StateKeys
from fleet.storage import FleetStorage
from sandbox.testing import BotUnderTest, NewUser
from tests.states import commit

pytestmark = pytest.mark.in_process

FIRST, SECOND = 1000001, 1000002


class Order(StatesGroup):
    dish = State()
    number = State()
    name = State()


class Quiz(Scene, state="quiz"):
    @on.message.enter()
    async def ask(self, message: Message) -> None:
        await message.answer("Two and two?")

    @on.message(F.text == "4")
    async def right(self, _: Message) -> None:
        await self.wizard.goto(Prize, won="a cake")


class Prize(Scene, state="prize"):
    @on.message.enter()
    async def give(self, message: Message, won: str = "nothing") -> None:
        await message.answer(f"You have won {won}.")

    @on.message(F.text == "back")
    async def back(self, _: Message) -> None:
        await self.wizard.back()

    @on.message(F.text == "bye")
    async def leave(self, message: Message) -> None:
        await message.answer("Bye!")
        await self.wizard.exit()


async def choose(_: CallbackQuery, __: Any, manager: DialogManager, dish: str) -> None:
    manager.dialog_data["dish"] = dish
    await manager.next()


async def take_name(
    message: Message, _: ManagedTextInput[str], manager: DialogManager, name: str
) -> None:
    await message.answer(f"Thank you, {name}: {manager.dialog_data['dish']}.")
    await manager.done()


async def dishes(**_: Any) -> dict[str, Any]:
    return {"dishes": ["soup", "fish"]}


def order_dialog() -> Dialog:
    return Dialog(
        Window(
            Const("What would you like?"),
            Select(Format("{item}"), "dish", lambda dish: dish, "dishes", on_click=choose),
            state=Order.dish,
            getter=dishes,
        ),
        Window(
            Format("How much {dialog_data[dish]}?"),
            Counter("number", default=1),
            Back(Const("Back")),
            Next(Const("Next")),
            state=Order.number,
        ),
        Window(
            Const("Your name?"),
            TextInput[str]("name", on_success=take_name),
            Button(Const("Help"), "help"),
            state=Order.name,
        ),
    )


@pytest.fixture
def bots() -> dict[str, BotUnderTest]:
    return {str(number): BotUnderTest(f"{number}:{'s' * 35}") for number in (FIRST, SECOND)}


class TurningDispatcher(Dispatcher):
    """Handles each update in a turn."""

    def __init__(self, redis: Redis, **options: Any) -> None:
        super().__init__(storage=FleetStorage(redis), **options)
        self._redis = redis

    async def feed_raw_update(self, bot: Bot, update: dict[str, Any], **kwargs: Any) -> Any:
        overlay = Overlay(self._redis)
        overlay.open()
        answer = await super().feed_raw_update(bot, update, **kwargs)
        await commit(overlay)
        return answer


@pytest.fixture(params=["in turns", "outside"])
def empty_dispatcher(redis: Redis, request: pytest.FixtureRequest) -> Dispatcher:
    if request.param == "in turns":
        return TurningDispatcher(redis)
    return Dispatcher(storage=FleetStorage(redis))


@pytest.fixture
def dispatcher(empty_dispatcher: Dispatcher) -> Dispatcher:
    async def order(_: Message, dialog_manager: DialogManager) -> None:
        await dialog_manager.start(Order.dish, mode=StartMode.RESET_STACK)

    async def quiz(_: Message, scenes: ScenesManager) -> None:
        await scenes.enter(Quiz)

    router = Router()
    router.message.register(order, Command("order"))
    router.message.register(quiz, Command("quiz"))
    empty_dispatcher.include_routers(router, order_dialog())
    SceneRegistry(empty_dispatcher).add(Quiz, Prize)
    setup_dialogs(empty_dispatcher, events_isolation=DisabledEventIsolation())
    return empty_dispatcher


@pytest.mark.usefixtures("dispatcher")
async def test_scenes_in_two_bots(user: NewUser) -> None:
    at_first = user("Alice", bot=str(FIRST))
    at_second = at_first.at(str(SECOND))
    assert (await at_first.ask("/quiz")).text == "Two and two?"
    assert (await at_first.ask("4")).text == "You have won a cake."
    question = await at_second.ask("/quiz")
    assert question.text == "Two and two?", "the other bot has a state of its own"
    assert (await at_first.ask("back")).text == "Two and two?"
    assert (await at_first.ask("4")).text == "You have won a cake."
    assert (await at_second.ask("4")).text == "You have won a cake."
    assert (await at_first.ask("bye")).text == "Bye!"
    assert (await at_second.ask("bye")).text == "Bye!"


@pytest.mark.usefixtures("dispatcher")
async def test_dialogs_in_two_bots(user: NewUser) -> None:
    at_first = user("Alice", bot=str(FIRST))
    at_second = at_first.at(str(SECOND))
    menu = await at_first.ask("/order")
    assert menu.buttons == ["soup", "fish"]
    await menu.click("soup")
    amount = await menu.edited()
    assert amount.text == "How much soup?"
    await amount.click("+")
    amount = await amount.edited()
    assert amount.buttons == ["-", "2", "+", "Back", "Next"]

    other = await at_second.ask("/order")
    await other.click("fish")
    asked = await other.edited()
    assert asked.text == "How much fish?", "the other bot has a stack of its own"

    await amount.click("Next")
    assert (await amount.edited()).text == "Your name?"
    assert (await at_first.ask("Alice")).text == "Thank you, Alice: soup."


def message(chat: int, user: int, **fields: Any) -> dict[str, Any]:
    of_chat = {"id": chat, "type": "private"}
    if chat < 0:
        of_chat = {"id": chat, "type": "supergroup", "title": "All", "is_forum": True}
    person = {"id": user, "is_bot": False, "first_name": "Ann"}
    return {"message_id": 1, "date": 1, "chat": of_chat, "from": person, "text": "hi", **fields}


async def count(_: Message, state: FSMContext) -> int:
    number: int = await state.get_value("number", 0) + 1
    await state.update_data(number=number)
    await state.set_state("counting")
    return number


async def test_a_customer_of_two_business_accounts(empty_dispatcher: Dispatcher) -> None:
    empty_dispatcher.message.register(count)
    empty_dispatcher.business_message.register(count)
    bot, counts = Bot(f"{FIRST}:{'s' * 35}"), []
    for account in (None, "one", "two", "one", None, "one"):
        kind = "business_message" if account else "message"
        update = {"update_id": 1, kind: message(7, 7, business_connection_id=account)}
        counts.append(await empty_dispatcher.feed_raw_update(bot, update))
    assert counts == [1, 1, 1, 2, 2, 3]


@pytest.mark.parametrize("strategy", FSMStrategy)
async def test_who_shares_a_state_is_as_in_aiogram(redis: Redis, strategy: FSMStrategy) -> None:
    """Also where a handler changes the state of another chat."""
    found = []
    bot = Bot(f"{FIRST}:{'s' * 35}")
    for dispatcher in (
        Dispatcher(storage=RedisStorage(redis, StateKeys()), fsm_strategy=strategy),
        TurningDispatcher(redis, fsm_strategy=strategy),
    ):
        await redis.flushdb()
        dispatcher.message.register(count_for_another, F.chat.type == "private")
        dispatcher.message.register(count)
        counts = []
        for chat, user, topic in [(-3, 7, 1), (-3, 7, 2), (-3, 8, 1), (7, 7, None), (-3, 7, 1)]:
            in_topic = {"message_thread_id": topic, "is_topic_message": True} if topic else {}
            update = {"update_id": 1, "message": message(chat, user, **in_topic)}
            counts.append(await dispatcher.feed_raw_update(bot, update))
        keys = sorted(await redis.keys())
        found.append((counts, keys, await redis.mget(keys)))
    assert found[0] == found[1]


async def count_for_another(message: Message, dispatcher: Dispatcher, bot: Bot) -> int:
    state = dispatcher.fsm.resolve_context(bot, chat_id=-3, user_id=8, thread_id=1)
    assert state is not None
    return await count(message, state)


@pytest.mark.parametrize("part", ["state", "data"])
@pytest.mark.parametrize("thread", [None, 5])
def test_keys_are_those_of_before_where_nothing_new_is_to_be_told_apart(
    part: Any, thread: int | None
) -> None:
    key = StorageKey(bot_id=FIRST, chat_id=-3, user_id=7, thread_id=thread)
    before = DefaultKeyBuilder(with_bot_id=True).build(key, part)
    assert StateKeys().build(key, part) == before


def test_keys_of_scenes_and_dialogs_are_those_of_aiogram() -> None:
    key = StorageKey(FIRST, 7, 7, business_connection_id="one", destiny="aiogd:stack:")
    of_aiogram = DefaultKeyBuilder(
        with_bot_id=True, with_business_connection_id=True, with_destiny=True
    )
    assert StateKeys().build(key, "data") == of_aiogram.build(key, "data")
