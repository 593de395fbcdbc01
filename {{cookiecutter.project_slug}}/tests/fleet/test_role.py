"""`Role`, for handlers and for routers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, Router
from aiogram.types import Message, TelegramObject

from fleet.bots.role import Role, role_data

BOT = Bot(f"1000001:{'x' * 35}")


def update(text: str) -> dict[str, Any]:
    person = {"id": 7, "is_bot": False, "first_name": "Alice"}
    chat = {"id": 7, "type": "private", "first_name": "Alice"}
    content = {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": text}
    return {"update_id": 1, "message": content}


@pytest.mark.parametrize(
    ("role", "taken"),
    [("support", "support"), ("shop", "shop or stock"), ("stock", "shop or stock"), (None, "any")],
)
@pytest.mark.parametrize("level", ["handler", "router"])
async def test_the_role_chooses_the_handler(level: str, role: str | None, taken: str) -> None:
    took = []
    dispatcher = Dispatcher()

    def add(name: str, *filters: Role) -> None:
        async def take(_: Message) -> None:
            took.append(name)

        router = Router()
        dispatcher.include_router(router)
        if level == "router":
            router.message.filter(*filters)
            router.message.register(take)
        else:
            router.message.register(take, *filters)

    async def claim_the_name(
        handler: Callable[..., Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
    ) -> Any:
        data["role"] = ["admin"]
        return await handler(event, data)

    dispatcher.update.outer_middleware(claim_the_name)
    add("support", Role("support"))
    add("shop or stock", Role("shop", "stock"))
    add("any")
    await dispatcher.feed_raw_update(BOT, update("hi"), **role_data(role))
    assert took == [taken]


async def test_without_the_service_no_role_fits() -> None:
    """A test of a part of the bot feeds updates without a role."""
    message = Message.model_validate(update("hi")["message"])
    assert not await Role("support")(message)


async def test_who_feeds_updates_by_hand_may_give_the_role_alone() -> None:
    message = Message.model_validate(update("hi")["message"])
    assert await Role("support")(message, role="support")
    assert not await Role("support")(message, role="shop")
