-- Drops a bot's updates that wait; those whose turn is in hand stay until it is over. Returns how many were dropped.
-- ARGV: bot, 1 to drop those whose turn is in hand, too, most conversations to look at in its queue, and the name of a
--       set: nothing is dropped unless the bot is in it
local bot, ready, dropped = ARGV[1], prefix .. 'ready:' .. ARGV[1], 0
if ARGV[4] and redis.call('SISMEMBER', prefix .. ARGV[4], bot) == 0 then
  return 0
end
local function drop(conversation)
  dropped = dropped + redis.call('LLEN', mailbox(conversation))
  redis.call('DEL', mailbox(conversation))
  redis.call('HDEL', attempts, conversation)
end
for _, conversation in ipairs(redis.call('LRANGE', ready, 0, ARGV[3] - 1)) do
  drop(conversation)
end
for _, conversation in ipairs(redis.call('LRANGE', suspects, 0, -1)) do
  if bot_of(conversation) == bot then
    drop(conversation)
    redis.call('LREM', suspects, 0, conversation)
  end
end
redis.call('LTRIM', ready, ARGV[3], -1)
if redis.call('EXISTS', ready) == 0 then
  redis.call('LREM', rota, 0, bot)
end
for _, replica in ipairs(redis.call('ZRANGE', prefix .. 'replicas', 0, -1)) do
  for _, conversation in ipairs(redis.call('HKEYS', prefix .. 'turns:' .. replica)) do
    if bot_of(conversation) == bot and ARGV[2] == '1' then
      redis.call('HDEL', prefix .. 'turns:' .. replica, conversation)
      drop(conversation)
    elseif bot_of(conversation) == bot then
      dropped = dropped + redis.call('LLEN', mailbox(conversation)) - 1
      redis.call('LTRIM', mailbox(conversation), 0, 0)
    end
  end
end
if dropped > 0 then
  count(bot, -dropped)
end
return dropped
