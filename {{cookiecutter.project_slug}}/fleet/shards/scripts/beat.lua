-- Shows that a replica lives, also while memory is full. Returns the beats of all.
-- KEYS[1]: prefix of the fleet. ARGV: replica, number of the beat, state
redis.call('HDEL', KEYS[1] .. 'replicas', ARGV[1])  -- first what frees memory
redis.call('HSET', KEYS[1] .. 'replicas', ARGV[1], redis.call('TIME')[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return redis.call('HGETALL', KEYS[1] .. 'replicas')
