"""Methods without an effect: their parameters are checked, their answer is made from its type.

Whoever gives one of them an effect writes a function for it in another module and takes its line
away here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

from aiogram.types import TelegramObject

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.decode import field_types, known_methods, parts
from sandbox.methods.members import somebody
from sandbox.world.events import Json
from sandbox.world.world import World

Rule = Callable[[Call], object]
"""Looks at the parameters. Raises ApiError."""


def at_most(name: str, longest: int) -> Rule:
    """A text has that many characters at most."""

    def rule(call: Call) -> None:
        if len(call.params.get(name, "")) > longest:
            raise bad_request(f"{name.upper()}_TOO_LONG")

    return rule


BY_NAME: dict[str, Rule] = {
    "business_connection_id": Call.connection,
    "chat_id": Call.chat,
    "user_id": somebody,
}
"""What holds for every parameter of that name."""
ABOUT = at_most("custom_description", 70)
CHECKED: dict[str, tuple[Rule, ...]] = {
    "answerChatJoinRequestQuery": (),
    "approveSuggestedPost": (),
    "declineSuggestedPost": (at_most("comment", 128),),
    "readBusinessMessage": (),
    "removeChatVerification": (),
    "removeUserVerification": (),
    "savePreparedKeyboardButton": (),
    "sendChatJoinRequestWebApp": (),
    "setPassportDataErrors": (),
    "upgradeGift": (),
    "verifyChat": (ABOUT,),
    "verifyUser": (ABOUT,),
}
"""What more than BY_NAME each of them looks at."""


async def check(call: Call) -> object:
    """Any method of CHECKED, or one that a later aiogram knows."""
    by_name = [rule for name, rule in BY_NAME.items() if name in call.params]
    for rule in (*by_name, *CHECKED.get(call.method, ())):
        rule(call)
    known = {"user": call.bot.user, "creator": call.bot.user, **call.params}
    if "chat_id" in call.params:
        known["chat"] = call.chat().info
    return least(known_methods()[call.method.lower()].__returning__, known, call.world)


def least(annotation: Any, known: Json, world: World) -> Any:
    """The least JSON of a type: what it needs and is not known is empty; a text is an id."""
    kinds = list(parts(annotation))
    kind = bool if bool in kinds else kinds[0]
    if get_origin(kind) is list:
        return []
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if inspect.isclass(kind) and issubclass(kind, TelegramObject):
        needed = {name: one for name, one in field_types(kind).items() if one.is_required()}
        return {
            name: known.get(name) or least(one.annotation, {}, world)
            for name, one in needed.items()
        }
    empty = {bool: True, datetime: world.clock.date, str: world.new_id()}
    return empty.get(kind, 0)
