"""Broadcasts: one message to many chats of a bot, kept in Redis and worked off by all replicas.

These keys begin with REDIS_PREFIX:

| key | type | what it holds | expires |
|---|---|---|---|
| `broadcasts` | hash | id → JSON: whose it is, the message, when it was sent | 30 days after its end |
| `broadcasts:open` | hash | id → `running` or `paused` | with its end |
| `broadcasts:ended` | hash | id → `done` or `cancelled`, and when (Unix time) | 30 days after its end |
| `broadcasts:paid` | hash | id → messages that its budget of Stars still pays for | 30 days after its end |
| `bulk:{bot}`, `paid-bulk:{bot}` | string | when the next message of its broadcasts may go, of those that pay (Redis' clock, microseconds) | when past |

And these, of each shard, with `{shard}:`, its number:

| key | type | what it holds | expires |
|---|---|---|---|
| `broadcast:{id}` | hash | how many chats: `total`, `sent`, `blocked`, `failed`, `uncertain`, `why:{reason}`; `call`: epoch and number of the holder's last call | 30 days after its end |
| `broadcast:{id}:todo` | list | chats that have not got it yet | when empty |
| `broadcast:{id}:sending` | hash | chat → epoch and number of the call in which it was taken | when empty |
| `broadcast:{id}:uncertain` | list | chats that may have got it: their process died in the middle, or Telegram's answer was lost | 30 days after its end |

A chat goes from `todo` to `sending` before the call to Telegram, and from there into a count after it,
each by one script that only the holder of its shard may run. So it is in one place, and whoever dies,
nobody sends it again.
"""

from fleet.broadcast.audience import Audience
from fleet.broadcast.book import Broadcast, Broadcasts, BroadcastState
from fleet.broadcast.message import copy_message, in_short, text_message

__all__ = [
    "Audience",
    "Broadcast",
    "BroadcastState",
    "Broadcasts",
    "copy_message",
    "in_short",
    "text_message",
]
