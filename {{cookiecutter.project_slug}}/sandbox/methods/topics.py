"""Topics of forums: https://core.telegram.org/bots/api#createforumtopic."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call
from sandbox.methods.members import has_right, need_right
from sandbox.world import forums, members
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.topics import GENERAL, Topic

LONGEST_NAME = 128
"""https://core.telegram.org/bots/api#createforumtopic"""
UNCHANGED = "TOPIC_NOT_MODIFIED"


async def create_forum_topic(call: Call) -> Json:
    """https://core.telegram.org/bots/api#createforumtopic"""
    chat = forum(call)
    need_right(call, chat, "can_manage_topics", "create a topic")
    icon = {name: one for name, one in call.params.items() if name.startswith("icon_")}
    return forums.begin(call.world, chat, call.bot.user, {"name": name(call), **icon}).described


async def edit_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#editforumtopic"""
    chat, topic = changeable(call, "edit the topic")
    new = {"name": name(call)} if "name" in call.params else {}
    if "icon_custom_emoji_id" in call.params:
        new["icon_custom_emoji_id"] = call.params["icon_custom_emoji_id"]
    return rename(call, chat, topic, new)


async def close_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#closeforumtopic"""
    return turn(call, *changeable(call), closed=True)


async def reopen_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#reopenforumtopic"""
    return turn(call, *changeable(call), closed=False)


async def delete_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#deleteforumtopic: with its messages."""
    chat = forum(call)
    topic = topic_of(call, chat)
    if topic.creator_id != call.bot.bot_id:
        need_right(call, chat, "can_delete_messages", "delete the topic")
    del chat.topics[topic.thread_id]
    for message_id in messages_in(chat, topic):
        chat.delete(message_id)
    call.world.group_changed(chat)
    return True


async def unpin_all_forum_topic_messages(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unpinallforumtopicmessages"""
    chat = forum(call)
    return unpin(call, chat, topic_of(call, chat))


async def edit_general_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#editgeneralforumtopic"""
    return rename(call, *general(call, "edit the topic"), {"name": name(call)})


async def close_general_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#closegeneralforumtopic"""
    return turn(call, *general(call), closed=True)


async def reopen_general_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#reopengeneralforumtopic: it is shown, too."""
    chat, topic = general(call)
    topic.hidden = False
    return turn(call, chat, topic, closed=False)


async def hide_general_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#hidegeneralforumtopic: it is closed, too."""
    chat, topic = general(call)
    if topic.hidden:
        raise bad_request(UNCHANGED)
    topic.hidden = topic.closed = True
    members.announce(call.world, chat, call.bot.user, {"general_forum_topic_hidden": {}})
    return True


async def unhide_general_forum_topic(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unhidegeneralforumtopic"""
    chat, topic = general(call)
    if not topic.hidden:
        raise bad_request(UNCHANGED)
    topic.hidden = False
    members.announce(call.world, chat, call.bot.user, {"general_forum_topic_unhidden": {}})
    return True


async def unpin_all_general_forum_topic_messages(call: Call) -> bool:
    """https://core.telegram.org/bots/api#unpinallgeneralforumtopicmessages"""
    chat = forum(call)
    return unpin(call, chat, chat.topics[GENERAL])


def thread(call: Call, chat: Chat) -> Json:
    """What a message tells of the topic that it is sent to: that of `message_thread_id`, or of the
    message that it replies to. Raises ApiError 400."""
    thread_id = call.params.get("message_thread_id")
    if not thread_id:
        told = call.params.get("reply_parameters", {})
        replied = chat.messages.get(told.get("message_id", 0)) if "chat_id" not in told else None
        thread_id = replied.message.get("message_thread_id") if replied else None
        if not thread_id:
            return {}
    topic = chat.topics.get(thread_id)
    if topic is None or thread_id == GENERAL:
        raise bad_request("message thread not found")
    if topic.closed and not has_right(call, chat, "can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return topic.marks


def forum(call: Call) -> Chat:
    """The forum. Raises ApiError 400."""
    chat = call.chat()
    if not chat.topics:
        raise bad_request("the chat is not a forum")
    return chat


def topic_of(call: Call, chat: Chat) -> Topic:
    """The topic of `message_thread_id`. Raises ApiError 400."""
    topic = chat.topics.get(call.params["message_thread_id"])
    if topic is None:
        raise bad_request("TOPIC_ID_INVALID")
    return topic


def changeable(call: Call, purpose: str = "close or open the topic") -> tuple[Chat, Topic]:
    """The topic that a method is about: its creator may change it, and who has the right to. Raises
    ApiError 400."""
    chat = forum(call)
    topic = topic_of(call, chat)
    if topic.creator_id != call.bot.bot_id:
        need_right(call, chat, "can_manage_topics", purpose)
    return chat, topic


def general(call: Call, purpose: str = "close or open the topic") -> tuple[Chat, Topic]:
    """The general topic. Raises ApiError 400."""
    chat = forum(call)
    need_right(call, chat, "can_manage_topics", purpose)
    return chat, chat.topics[GENERAL]


def name(call: Call) -> str:
    """The `name`. Raises ApiError 400."""
    text: str = call.params["name"].strip()[:LONGEST_NAME]
    if not text:
        raise bad_request("title must be non-empty")
    return text


def rename(call: Call, chat: Chat, topic: Topic, new: Json) -> bool:
    """Gives a topic a name or an icon, which a message tells. Raises ApiError 400."""
    if new.items() <= topic.described.items():
        raise bad_request(UNCHANGED)
    topic.described = topic.described | new
    about = topic.marks | {"forum_topic_edited": new}
    members.announce(call.world, chat, call.bot.user, about)
    return True


def turn(call: Call, chat: Chat, topic: Topic, *, closed: bool) -> bool:
    """Closes a topic or opens it, which a message tells. Raises ApiError 400."""
    if topic.closed is closed:
        raise bad_request(UNCHANGED)
    topic.closed = closed
    notice = "forum_topic_closed" if closed else "forum_topic_reopened"
    members.announce(call.world, chat, call.bot.user, topic.marks | {notice: {}})
    return True


def unpin(call: Call, chat: Chat, topic: Topic) -> bool:
    """Takes down what is pinned in a topic. Raises ApiError 400."""
    need_right(call, chat, "can_pin_messages", "manage pinned messages in the chat")
    here = set(messages_in(chat, topic))
    chat.pinned = [one for one in chat.pinned if one not in here]
    chat.tell("pin", call.bot.bot_id, message_ids=chat.pinned)
    return True


def messages_in(chat: Chat, topic: Topic) -> list[int]:
    """The ids of the messages in a topic."""
    thread_id = topic.marks.get("message_thread_id")
    return [
        message_id
        for message_id, stored in chat.messages.items()
        if stored.message.get("message_thread_id") == thread_id
    ]


MODELS = {
    "createForumTopic": ("icon_color", "icon_custom_emoji_id"),
    "editForumTopic": ("name", "icon_custom_emoji_id"),
}
