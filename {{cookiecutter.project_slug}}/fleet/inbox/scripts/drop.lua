-- Drops a bot's updates that wait; those whose turn is in hand stay until it is over. Returns how many were dropped.
-- ARGV: bot
local bot, ready, dropped = ARGV[1], prefix .. 'ready:' .. ARGV[1], 0
for _, conversation in ipairs(redis.call('LRANGE', ready, 0, -1)) do
  dropped = dropped + redis.call('LLEN', mailbox(conversation))
  redis.call('DEL', mailbox(conversation))
  redis.call('HDEL', attempts, conversation)
end
redis.call('DEL', ready)
redis.call('LREM', rota, 0, bot)
for _, replica in ipairs(redis.call('ZRANGE', prefix .. 'replicas', 0, -1)) do
  for _, conversation in ipairs(redis.call('HKEYS', prefix .. 'turns:' .. replica)) do
    if bot_of(conversation) == bot then
      dropped = dropped + redis.call('LLEN', mailbox(conversation)) - 1
      redis.call('LTRIM', mailbox(conversation), 0, 0)
    end
  end
end
count(bot, -dropped)
return dropped
