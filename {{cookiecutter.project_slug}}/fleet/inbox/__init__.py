"""The inbox: where updates wait, in Redis, from the moment they are accepted until their turn is over.

All keys of a shard begin with REDIS_PREFIX and `{shard}:`, its number:

| key | type | what it holds | expires |
|---|---|---|---|
| `mail:{conversation}` | list | a mailbox: `id JSON` of each update, oldest first; the head stays until its turn is over. A part of an album is `id@came@album JSON` until its turn begins, then they are one, `id [JSON, …]`; a timer that has fired is `-number JSON` | when empty |
| `ready:{bot}` | sorted set | conversations with mail, by arrival (`entered` in the record of the shard) | when empty |
| `news` | sorted set | the same, of all bots: those that the holder has not heard of yet | when heard |
| `begun` | hash | conversation → id of the update whose turn is in hand | with the turn |
| `tries` | hash | conversation → `deaths backs due`, of its head: how many processes died in its turns, how often these went back, when the next may begin (Redis' clock, milliseconds) | with the update |
| `notes:{conversation}` | hash | the journal of its head: digest and number of what its turns have done → what came of it | with the update |
| `timers:{conversation}` | hash | name → JSON of a timer, after `-number ` once it has fired | with the timer |
| `due` | sorted set | `conversation name` of each timer, by the Unix time in milliseconds at which it fires | with the timer |
| `claims:{conversation}` | hash | timers of that conversation of a group which is a supergroup of this shard now, by name → `brought` here, or the number with which one has fired there | a day after the last |
| `waiting` | hash | bot → updates in its mailboxes, those in hand included; `all` → in all | at 0 |
| `dropped` | hash | bot → updates that USER_LIMIT kept out | – |
| `told:{conversation}` | string | arrival of the mail for which USER_LIMIT last kept some out: its user was told | 25 hours after that |
| `seen:{bot}:{update id // 2048}` | bitmap | which updates were entered | 25 hours after the last |
| `dead` | stream | dead letters: conversation, id, update, error, traceback, died, size | the newest 1 MB stay |

A conversation is named `bot:chat:user`, its lanes `bot:chat:user/lane`, a job `bot:job:name`. In the lane `left-out` is
the first update that USER_LIMIT kept out, marked by `left_out`.

One key belongs to no shard: `last`, a hash, bot → when its last update was entered (Unix time).

Each change is one Lua script, so it happens whole or not at all; `docs/life-of-an-update.md` shows
how they play together. Only commands that Redis 6.2 and later and Valkey share are used.
"""

from fleet.inbox.conversation import Order, conversation_of
from fleet.inbox.inbox import Inbox, InboxFull
from fleet.inbox.letters import DeadLetter
from fleet.inbox.turns import EndedTurn, Outcome, Turn

__all__ = [
    "DeadLetter",
    "EndedTurn",
    "Inbox",
    "InboxFull",
    "Order",
    "Outcome",
    "Turn",
    "conversation_of",
]
