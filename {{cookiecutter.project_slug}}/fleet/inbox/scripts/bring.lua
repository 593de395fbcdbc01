-- Brings timers of one conversation into another, of whose shard KEYS[1] is, unless their turns have claimed them.
-- ARGV: the old conversation, the new one, seconds to remember claims; for each timer: name, milliseconds of Unix time,
--   JSON
-- Returns the names of those that were brought, now or before, and are to be taken away where they were
local shard, old, new, remember = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local claims, brought = shard .. 'claims:' .. old, {}
redis.call('HDEL', claims, '')  -- first what frees memory
for n = 4, #ARGV, 3 do
  local name, due, timer = unpack(ARGV, n, n + 2)
  local is_new = redis.call('HSETNX', claims, name, 'brought') == 1
  if is_new and redis.call('HEXISTS', shard .. 'timers:' .. new, name) == 0 then
    set_timer(shard, new, name, due, timer)
  end
  if is_new or redis.call('HGET', claims, name) == 'brought' then
    brought[#brought + 1] = name
  end
end
redis.call('EXPIRE', claims, remember)
return brought
