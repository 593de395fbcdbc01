"""The state and the data of a conversation, which its turn gets along with its update.

Nearly every turn begins by reading them, and one that finds them needs no call of its own for it.
"""

from collections.abc import Sequence

from fleet.inbox.conversation import without_lane

PARTS = ("state", "data")
UNREAD = 1
"""Stands for what was not read: it is long, and not every handler wants it."""


def states_by_key(
    begin: str, conversation: str, found: Sequence[bytes | int | None]
) -> dict[str, bytes | None]:
    """Name what a script has found.

    Args:
        begin: what stands before the conversation's name in the keys.
        conversation: whose they are.
        found: for each part its value, None or `UNREAD`.
    """
    name = begin + without_lane(conversation)
    return {
        f"{name}:{part}": value
        for part, value in zip(PARTS, found, strict=True)
        if not isinstance(value, int)
    }
