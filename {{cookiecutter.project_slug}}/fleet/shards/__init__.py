"""Who holds what: replicas and their beats, shards and their leases.

| key | type | what it holds | expires |
|---|---|---|---|
| `replicas` | hash | replica → `time count state`: its last beat by Redis' clock, a number that grows, `starting`, `here` or `leaving` | with the replica |
| `shards` | string | how many shards there are | – |
| `bell:{replica}` | list | numbers of shards that have news for that replica | after a minute |
| `{shard}:shard` | hash | `holder`: replica or nothing; `epoch`: how often it was taken; `call`: number of the holder's last call; `entered`: conversations that got mail so far; `letters`: bytes of its dead letters; `fired`: timers that have fired so far | – |

`docs/life-of-an-update.md` shows how these and those of `fleet.inbox` work together. On a Redis
Cluster, keys without a shard have the tag `{REDIS_PREFIX}` in common.
"""
