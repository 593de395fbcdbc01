"""Which slot of a Redis Cluster a command belongs to."""

from collections.abc import Sequence
from typing import Any

from redis.crc import key_slot
from redis.exceptions import DataError
from redis.typing import EncodableT

_FIRST_KEY = {
    **dict.fromkeys(("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"), 3),
    **dict.fromkeys(("BITOP", "OBJECT", "LMPOP", "ZMPOP", "SINTERCARD"), 2),
    **dict.fromkeys(("ZUNION", "ZINTER", "ZDIFF"), 2),
    **dict.fromkeys(("BLMPOP", "BZMPOP"), 3),
}
"""Where it stands, if not at 1."""
_EVERYWHERE = frozenset(("FUNCTION", "SCRIPT"))
"""Commands that must have an effect on every node."""
_OF_ONE_NODE = frozenset(("DBSIZE", "FLUSHALL", "FLUSHDB", "KEYS", "RANDOMKEY", "SCAN"))


def slot_of(command: Sequence[EncodableT]) -> int | None:
    """Tell the slot of its first key; None if any node can answer it.

    What has no key but arguments, such as `CONFIG GET`, may have any slot for the same reason.
    Raises DataError if it is about the keys of one node.
    """
    name = _name_of(command)
    if name in _OF_ONE_NODE:
        raise DataError(f"{name} is about the keys of one node: ask each of Cluster.nodes()")
    if name in ("XREAD", "XREADGROUP"):
        words = [str(word).upper() for word in command]
        first = words.index("STREAMS") + 1
    else:
        first = _FIRST_KEY.get(name, 1)
    if len(command) <= first or (name in _FIRST_KEY and command[first - 1] in (0, "0", b"0")):
        return None
    return slot_of_key(command[first])


def slot_of_key(key: Any) -> int:
    """Tell the slot of a key, as it is given to redis-py."""
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def goes_everywhere(command: Sequence[EncodableT]) -> bool:
    """Tell whether every node must carry it out."""
    return _name_of(command) in _EVERYWHERE


def _name_of(command: Sequence[EncodableT]) -> str:
    name = command[0]  # redis-py has two words in one, as in `SCRIPT LOAD`
    return (name.decode() if isinstance(name, bytes) else str(name)).split(" ")[0].upper()
