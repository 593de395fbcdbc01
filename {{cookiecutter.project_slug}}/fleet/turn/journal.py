"""What a turn has done, so that the next turn of its update does not do it again."""

from collections.abc import Callable, Mapping

import structlog

MOST_NOTES = 1000
"""Notes in one turn."""
MOST_BYTES = 1 << 20
"""Bytes of all notes of one turn."""

log = structlog.get_logger(__name__)


class Journal:
    """Notes of one turn, under digests of what was done; the first, the second … of the same one.

    Args:
        earlier: what earlier turns of the update have noted.
        notes: gets each new note, with its key.
        on_note: called then.
    """

    def __init__(
        self,
        earlier: Mapping[bytes, bytes],
        notes: list[tuple[bytes, bytes]],
        on_note: Callable[[], None],
    ) -> None:
        self._earlier = earlier
        self._notes = notes
        self._on_note = on_note
        self._numbers: dict[bytes, int] = {}
        self._count = len(earlier)
        self._size = sum(map(len, earlier.values()))

    @property
    def is_full(self) -> bool:
        """Whether something was done that no later turn would know of."""
        return self._count > MOST_NOTES or self._size > MOST_BYTES

    def recall(self, digest: bytes) -> bytes | None:
        """Give what came of the next one with this digest in an earlier turn, or None."""
        found = self._earlier.get(self._key(digest))
        if found is not None:
            self._count_up(digest)
        return found

    def note(self, digest: bytes, result: bytes) -> None:
        """Note what was done, and what came of it."""
        if self.is_full:
            return
        self._count += 1
        self._size += len(result)
        if self.is_full:
            log.warning(
                "a turn does too much to note it all: begun again, it would repeat the rest",
                notes=self._count,
                bytes=self._size,
            )
            return
        key = self._key(digest)
        self._count_up(digest)
        self._notes.append((key, result))
        self._on_note()

    def _key(self, digest: bytes) -> bytes:
        return b"%b%d" % (digest, self._numbers.get(digest, 0))

    def _count_up(self, digest: bytes) -> None:
        self._numbers[digest] = self._numbers.get(digest, 0) + 1
