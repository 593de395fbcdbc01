"""The directory: which chats each bot knows, and which of them it can reach.

The key of a shard begins with REDIS_PREFIX and `{shard}:`, its number:

| key | type | what it holds | expires |
|---|---|---|---|
| `chats:{bot}` | hash | chat → its type (`p`rivate, `g`roup, `s`upergroup, `c`hannel), the day of its last update (days of Unix time), and why it is not reachable, if it is not: `b`locked, `d`eactivated, `k`icked. `p20783b` | – |

It is fed from the updates that pass intake and from answers of Telegram, and written once a second.
With `DIRECTORY=off` nothing is written.
"""

from fleet.directory.chats import Chat, ChatCount, Chats, ChatType, Unreachable

__all__ = ["Chat", "ChatCount", "ChatType", "Chats", "Unreachable"]
