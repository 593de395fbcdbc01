-- Sets a timer outside of a turn, or cancels it if `due` is ''; 'now' has it fire at once.
-- KEYS[1]: shard. ARGV: conversation, name, milliseconds of Unix time or '' or 'now', JSON (if it is to be set)
-- Returns whether there was one of that name before
local shard, conversation, name, due, timer = KEYS[1], unpack(ARGV)
local known = redis.call('HEXISTS', shard .. 'timers:' .. conversation, name)
if due ~= 'now' then
  set_timer(shard, conversation, name, due, timer)
elseif redis.call('ZSCORE', shard .. 'due', conversation .. ' ' .. name) then
  redis.call('ZADD', shard .. 'due', clock(), conversation .. ' ' .. name)
end
return known
