-- Has the timers of a bot be due sooner, as if time had passed: the sandbox' clock was moved.
-- KEYS: shards. ARGV: bot, milliseconds
for _, shard in ipairs(KEYS) do
  for _, member in ipairs(redis.call('ZRANGE', shard .. 'due', 0, -1)) do
    if bot_of(member) == ARGV[1] then
      redis.call('ZINCRBY', shard .. 'due', -ARGV[2], member)
    end
  end
end
return KEYS
