-- Shows that this replica lives, and takes over the turns of those that died.
-- Returns 1, or 0 if the replica was not known: new, or declared dead and its turns given away.
-- ARGV: replica, seconds of silence that mean death, longest gap between two beats, attempts allowed, letters kept
local me, dead_after = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local beats, steady = prefix .. 'replicas', prefix .. 'steady'
local last = tonumber(redis.call('ZSCORE', beats, me))

redis.call('ZADD', beats, now, me)
-- Who could not beat for a while must not judge others by their silence: Redis was perhaps away for all of them.
if not last or now - last > tonumber(ARGV[3]) then
  redis.call('HSET', steady, me, now)
elseif now - tonumber(redis.call('HGET', steady, me) or now) >= dead_after then
  for _, replica in ipairs(redis.call('ZRANGEBYSCORE', beats, '-inf', now - dead_after)) do
    local turns = prefix .. 'turns:' .. replica
    local held = redis.call('HGETALL', turns)
    for i = 1, #held, 2 do
      local conversation = held[i]
      if conversation ~= '@' then
        local died = redis.call('HINCRBY', attempts, conversation, 1)
        if died >= tonumber(ARGV[4]) then
          bury(conversation, ARGV[5], 'the process died in each of ' .. died .. ' turns of this update', '')
        end
        requeue('LPUSH', conversation, ARGV[4])
      end
    end
    forget(replica)
    ring()
  end
end
return last and 1 or 0
