"""What happens in forums: https://core.telegram.org/bots/api#forumtopiccreated."""

from __future__ import annotations

from sandbox.world import members
from sandbox.world.chats import Chat
from sandbox.world.events import Json
from sandbox.world.topics import COLOR, GENERAL, Topic, general
from sandbox.world.world import World


def become_forum(world: World, chat: Chat, *, forum: bool) -> None:
    """A supergroup has topics from now on, or none any more."""
    chat.info = {name: one for name, one in chat.info.items() if name != "is_forum"}
    chat.topics = {GENERAL: general()} if forum else {}
    if forum:
        chat.info["is_forum"] = True
    world.group_changed(chat)


def begin(world: World, chat: Chat, actor: Json, about: Json) -> Topic:
    """A new topic of somebody: `name` and perhaps an icon."""
    about = {"icon_color": COLOR, **about}
    topic = Topic({"message_thread_id": chat.ids.coming, **about}, actor["id"])
    chat.topics[topic.thread_id] = topic
    members.announce(world, chat, actor, topic.marks | {"forum_topic_created": about})
    return topic
