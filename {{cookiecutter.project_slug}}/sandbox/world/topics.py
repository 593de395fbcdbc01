"""Topics of a forum: https://core.telegram.org/bots/api#forumtopic."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.world.events import Json

GENERAL = 1
"""The topic that every forum has; its messages tell of no topic."""
COLOR = 0x6FB9F0
"""Of an icon for which none was chosen."""


@dataclass(slots=True)
class Topic:
    """A topic. It is named by its first message, which tells that it was created."""

    described: Json
    """The ForumTopic object."""
    creator_id: int
    closed: bool = False
    hidden: bool = False

    @property
    def thread_id(self) -> int:
        return int(self.described["message_thread_id"])

    def describe(self) -> Json:
        """What the control API says of it."""
        return {**self.described, "closed": self.closed, "hidden": self.hidden}

    @property
    def marks(self) -> Json:
        """What a message in it tells of it."""
        if self.thread_id == GENERAL:
            return {}
        return {"message_thread_id": self.thread_id, "is_topic_message": True}


def general() -> Topic:
    """The topic that is there from the start."""
    about = {"message_thread_id": GENERAL, "name": "General", "icon_color": COLOR}
    return Topic(about, creator_id=0)
