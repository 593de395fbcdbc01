"""What is kept in order: the conversation of every type of update."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.dispatcher.middlewares.user_context import UserContextMiddleware
from aiogram.fsm.storage.base import StorageKey
from aiogram.fsm.strategy import FSMStrategy
from aiogram.types import Update

from fleet.inbox import conversation_of
from fleet.inbox.conversation import album_of, mailbox_of

BOT = 1000001
ANN, BEN, GROUP, CHANNEL = 7, 8, -1001, -1002
"""A user's id is also that of the private chat with them."""

Json = dict[str, Any]


def user(user_id: int) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": "Ann"}


def chat(chat_id: int) -> Json:
    return {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup", "title": "Group"}


def message(chat_id: int, user_id: int | None, **more: Any) -> Json:
    content = {"message_id": 1, "date": 1, "chat": chat(chat_id), "text": "Hello", **more}
    return content if user_id is None else {**content, "from": user(user_id)}


def premium(user_id: int) -> Json:
    return {"source": "premium", "user": user(user_id)}


def boost(source: Json) -> Json:
    return {"boost_id": "b", "add_date": 1, "expiration_date": 2, "source": source}


def member_change(chat_id: int, user_id: int) -> Json:
    return {
        "chat": chat(chat_id),
        "from": user(user_id),
        "date": 1,
        # Somebody else than who did it: what counts is who acts.
        "old_chat_member": {"status": "left", "user": user(99)},
        "new_chat_member": {"status": "member", "user": user(99)},
    }


POLL: Json = {
    "id": "p1",
    "question": "Tea?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}
BUSINESS = {"business_connection_id": "bc"}
CALLBACK = {"id": "q", "chat_instance": "i", "data": "yes"}
VOTE = {"poll_id": "p1", "option_ids": [0], "option_persistent_ids": ["0"]}
REACTION = {"message_id": 1, "date": 1, "old_reaction": [], "new_reaction": []}
ADDRESS = dict.fromkeys(
    ["country_code", "state", "city", "street_line1", "street_line2", "post_code"], "x"
)


def updates(chat_id: int, user_id: int) -> Iterator[tuple[str, Json]]:
    """Make one update of every type, of some types several, by a user in a chat."""
    for kind in ("message", "edited_message", "guest_message"):
        yield kind, message(chat_id, user_id)
        yield kind, message(chat_id, user_id, message_thread_id=5, is_topic_message=True)
        yield kind, message(chat_id, user_id, sender_chat=chat(CHANNEL))
    for kind in ("channel_post", "edited_channel_post"):
        yield kind, message(chat_id, None)
    for kind in ("business_message", "edited_business_message"):
        yield kind, message(chat_id, user_id, **BUSINESS)
    yield "deleted_business_messages", {"chat": chat(chat_id), "message_ids": [1], **BUSINESS}
    yield (
        "business_connection",
        {
            "id": "bc",
            "user": user(user_id),
            "user_chat_id": user_id,
            "date": 1,
            "is_enabled": True,
        },
    )
    by_user = {"from": user(user_id)}
    yield "callback_query", {**CALLBACK, **by_user, "message": message(chat_id, BOT)}
    yield "callback_query", {**CALLBACK, **by_user, "message": message(chat_id, BOT, **BUSINESS)}
    inaccessible = {"chat": chat(chat_id), "message_id": 1, "date": 0}
    yield "callback_query", {**CALLBACK, **by_user, "message": inaccessible}
    yield "callback_query", {**CALLBACK, **by_user, "inline_message_id": "m"}
    yield "inline_query", {"id": "q", "query": "", "offset": "", **by_user}
    yield "chosen_inline_result", {"result_id": "r", "query": "", **by_user}
    shipping = {"id": "q", "invoice_payload": "p", "shipping_address": ADDRESS}
    yield "shipping_query", {**shipping, **by_user}
    checkout = {"id": "q", "currency": "EUR", "total_amount": 1, "invoice_payload": "p"}
    yield "pre_checkout_query", {**checkout, **by_user}
    yield "purchased_paid_media", {"paid_media_payload": "p", **by_user}
    yield "poll", POLL
    yield "poll_answer", {**VOTE, "user": user(user_id)}
    yield "poll_answer", {**VOTE, "voter_chat": chat(chat_id)}
    # For backward compatibility Telegram names a user, too, where a chat voted.
    yield "poll_answer", {**VOTE, "voter_chat": chat(chat_id), "user": user(user_id)}
    yield "my_chat_member", member_change(chat_id, user_id)
    yield "chat_member", member_change(chat_id, user_id)
    yield "chat_join_request", {"chat": chat(chat_id), "date": 1, "user_chat_id": 1, **by_user}
    yield "message_reaction", {**REACTION, "chat": chat(chat_id), "user": user(user_id)}
    yield "message_reaction", {**REACTION, "chat": chat(chat_id), "actor_chat": chat(CHANNEL)}
    count = {"chat": chat(chat_id), "message_id": 1, "date": 1, "reactions": []}
    yield "message_reaction_count", count
    giveaway = {"source": "giveaway", "giveaway_message_id": 1, "user": user(user_id)}
    for source in (premium(user_id), giveaway):
        yield "chat_boost", {"chat": chat(chat_id), "boost": boost(source)}
        removed = {"boost_id": "b", "remove_date": 1, "source": source}
        yield "removed_chat_boost", {"chat": chat(chat_id), **removed}
    yield "managed_bot", {"user": user(user_id), "bot": user(BOT)}
    yield "subscription", {"user": user(user_id), "invoice_payload": "p", "state": "active"}
    yield "stopped_message_generation", {"chat": chat(chat_id), "draft_id": 1}


def every_update() -> Iterator[Json]:
    for chat_id, user_id in itertools.product((ANN, BEN, GROUP, CHANNEL), (ANN, BEN)):
        for kind, content in updates(chat_id, user_id):
            yield {"update_id": 1, kind: content}


def fsm_key(update: Json, bot: Bot, dispatcher: Dispatcher) -> StorageKey | None:
    """What aiogram keeps the state of an update under, None for those that have no state."""
    event = UserContextMiddleware.resolve_event_context(Update.model_validate(update))
    context = dispatcher.fsm.resolve_context(
        bot,
        chat_id=event.chat_id,
        user_id=event.user_id,
        thread_id=event.thread_id,
        business_connection_id=event.business_connection_id,
    )
    return context.key if context else None


def test_every_type_that_aiogram_knows_is_tested() -> None:
    kinds = {kind for kind, _ in updates(GROUP, ANN)}
    assert kinds == Update.model_fields.keys() - {"update_id"}


@pytest.mark.parametrize("strategy", [FSMStrategy.USER_IN_CHAT, FSMStrategy.USER_IN_TOPIC])
def test_updates_that_share_a_state_share_a_conversation(strategy: FSMStrategy) -> None:
    bot, dispatcher = Bot(f"{BOT}:{'a' * 35}"), Dispatcher(fsm_strategy=strategy)
    conversations = defaultdict(set)
    for update in every_update():
        if key := fsm_key(update, bot, dispatcher):
            conversations[key].add(conversation_of(BOT, update))
    assert len(conversations) > 10
    assert {key: found for key, found in conversations.items() if len(found) > 1} == {}


def test_what_a_user_does_in_a_chat_is_one_conversation_and_others_are_others() -> None:
    found = {
        conversation_of(BOT, {"update_id": 1, "message": message(chat_id, user_id)})
        for chat_id in (ANN, GROUP, CHANNEL)
        for user_id in (ANN, BEN)
    }
    assert found == {f"{BOT}:{c}:{u}" for c in (ANN, GROUP, CHANNEL) for u in (ANN, BEN)}
    assert conversation_of(BOT + 1, {"message": message(GROUP, ANN)}) == f"{BOT + 1}:{GROUP}:{ANN}"


@pytest.mark.parametrize(
    ("update", "conversation"),
    [
        ({"message": message(ANN, ANN)}, f"{ANN}:{ANN}"),
        ({"channel_post": message(CHANNEL, None)}, f"{CHANNEL}:{CHANNEL}"),
        ({"inline_query": {"id": "q", "from": user(ANN)}}, f"{ANN}:{ANN}"),
        ({"callback_query": {**CALLBACK, "from": user(ANN)}}, f"{ANN}:{ANN}"),
        (
            {"callback_query": {**CALLBACK, "from": user(ANN), "message": message(GROUP, BOT)}},
            f"{GROUP}:{ANN}",
        ),
        ({"poll": POLL}, "poll:p1"),
        ({"poll_answer": {**VOTE, "voter_chat": chat(GROUP)}}, f"{GROUP}:{GROUP}"),
        (
            {"message_reaction": {**REACTION, "chat": chat(GROUP), "actor_chat": chat(CHANNEL)}},
            f"{GROUP}:{CHANNEL}",
        ),
        ({"chat_boost": {"chat": chat(GROUP), "boost": boost(premium(ANN))}}, f"{GROUP}:{ANN}"),
        # What aiogram does not know yet.
        ({"hologram": {"chat": chat(GROUP), "from": user(ANN), "size": 3}}, f"{GROUP}:{ANN}"),
        ({"hologram": {"user": user(ANN)}}, f"{ANN}:{ANN}"),
        ({"hologram": {"id": "h1"}}, "hologram:h1"),
        ({"hologram": {"size": 3}}, "hologram:0"),
        ({"hologram": 3}, "hologram:0"),
        # What Telegram never sends.
        ({}, "empty:0"),
        ({"message": None}, "message:0"),
        ({"message": []}, "message:0"),
        ({"message": {}}, "message:0"),
        ({"message": {"chat": 1, "from": "Ann"}}, "message:0"),
        ({"message": {"chat": {"id": "1"}, "from": {}}}, "message:0"),
        ({"message": {"chat": {"id": 1.5}, "id": ["x"]}}, "message:0"),
        ({"callback_query": {"message": "x", "from": user(ANN)}}, f"{ANN}:{ANN}"),
        ({"chat_boost": {"chat": chat(GROUP), "boost": "x"}}, f"{GROUP}:{GROUP}"),
        ({"chat_boost": {"chat": chat(GROUP), "boost": {"source": 1}}}, f"{GROUP}:{GROUP}"),
    ],
)
def test_conversations(update: Json, conversation: str) -> None:
    assert conversation_of(BOT, {"update_id": 1, **update}) == f"{BOT}:{conversation}"


@pytest.mark.parametrize("nonsense", [None, True, 0, 1.5, "x", [], [1], {}, {"id": None}])
@pytest.mark.parametrize(
    "place", ["chat", "from", "user", "message", "voter_chat", "actor_chat", "boost", "id"]
)
def test_garbage_has_a_conversation_too(place: str, nonsense: Any) -> None:
    for kind in ("message", "poll_answer", "callback_query", "chat_boost", "hologram"):
        found = conversation_of(BOT, {"update_id": 1, kind: {place: nonsense}})
        assert found.startswith(f"{BOT}:")
        assert found.count(":") >= 2


@pytest.mark.parametrize(
    ("update", "lane"),
    [
        ({"shipping_query": {"from": user(ANN)}}, "/checkout"),
        ({"pre_checkout_query": {"from": user(ANN)}}, "/checkout"),
        ({"inline_query": {"from": user(ANN)}}, "/inline"),
        ({"message": message(ANN, ANN, text="/stop")}, "/stop"),
        ({"message": message(ANN, ANN, text="/STOP@shop_bot at once")}, "/stop"),
        ({"message": message(ANN, ANN, text="/stopping")}, ""),
        ({"message": message(ANN, ANN, text="/ stop")}, ""),
        ({"message": message(ANN, ANN, text="stop")}, ""),
        ({"edited_message": message(ANN, ANN, text="/stop")}, ""),
        ({"chosen_inline_result": {"from": user(ANN)}}, ""),
    ],
)
def test_what_does_not_wait_is_in_a_lane_beside_its_conversation(update: Json, lane: str) -> None:
    assert mailbox_of(BOT, update, commands={"stop": "stop"}) == f"{BOT}:{ANN}:{ANN}{lane}"


@pytest.mark.parametrize(
    ("kind", "album", "expected"),
    [
        ("message", "1234", "1234"),
        ("channel_post", "1234", "1234"),
        ("business_message", "1234", "1234"),
        ("edited_message", "1234", None),
        ("message", None, None),
        ("message", "not one", None),
    ],
)
def test_which_messages_are_parts_of_an_album(
    kind: str, album: str | None, expected: str | None
) -> None:
    assert album_of({kind: message(ANN, ANN, media_group_id=album)}) == expected
