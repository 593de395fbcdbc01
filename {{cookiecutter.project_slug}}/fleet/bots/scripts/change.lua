-- Changes which bots there are or rest, and lets replicas know, while memory is full.
-- KEYS: registry, version. ARGV: the command. Returns what it does
redis.call('HDEL', KEYS[1], '')  -- first what frees memory
local changed = redis.call(unpack(ARGV))
redis.call('INCR', KEYS[2])
return changed
