"""The inbox: where updates wait, in Redis, from the moment they are accepted until their turn is over.

Every key begins with REDIS_PREFIX.

| key | type | what it holds | expires |
|---|---|---|---|
| `mail:{bot}:{chat}:{user}` | list | a conversation's mailbox: its updates as JSON, oldest first; the head stays until its turn is over | when empty |
| `ready:{bot}` | list | conversations with mail that nobody works on | when empty |
| `rota` | list | bots with a `ready` queue; turns go round it, one conversation a bot | when empty |
| `turns:{replica}` | hash | conversation → number of the turn that this replica has in hand; `@` → number of its last exchange | with the replica |
| `attempts` | hash | conversation → how many processes died during the turn of its head | when that update is over |
| `suspects` | list | conversations in the last attempt that they have; each replica takes one at a time | when empty |
| `waiting` | hash | bot → updates in its mailboxes, turns in hand included; `all` → in all | – |
| `last` | hash | bot → when its last update was entered (Redis' clock, seconds) | – |
| `seen:{bot}:{update id // 32768}` | bitmap | which updates were entered: 4 KB for 32,768 | 3 days after the last |
| `replicas` | sorted set | replica → time of its last beat (Redis' clock, seconds) | with the replica |
| `steady` | hash | replica → since when it has been beating without a gap | with the replica |
| `bell` | list | at most one element; pushed when there is work, popped by one idle replica | when popped |
| `dead` | stream | dead letters: conversation, update, error, traceback, died | the newest 10,000 stay |

Each change is one Lua script, so it happens whole or not at all. Only commands that Redis 6.2 and
later and Valkey share are used.
"""

from fleet.inbox.conversation import conversation_of
from fleet.inbox.inbox import EndedTurn, Inbox, InboxFull, Outcome, Turn
from fleet.inbox.letters import DeadLetter

__all__ = [
    "DeadLetter",
    "EndedTurn",
    "Inbox",
    "InboxFull",
    "Outcome",
    "Turn",
    "conversation_of",
]
