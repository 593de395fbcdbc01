-- Drops a bot's updates that wait, some conversations at a time. Those in hand stay until their turn is over.
-- KEYS[1]: shard. ARGV: bot, most conversations to look at, how many of the first to leave out, 1 to drop what is in
--   hand, too, and the name of a set: nothing is dropped unless the bot is in it
-- Returns how many updates were dropped, and how many conversations were looked at and kept
local shard, bot, most, skip, in_hand = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
if ARGV[5] and redis.call('SISMEMBER', ARGV[5], bot) == 0 then
  return { 0, 0, 0 }
end
local ready, dropped, kept = shard .. 'ready:' .. bot, 0, 0
local conversations = redis.call('ZRANGE', ready, skip, skip + most - 1)
for _, conversation in ipairs(conversations) do
  local mailbox = shard .. 'mail:' .. conversation
  dropped = dropped + redis.call('LLEN', mailbox)
  if not in_hand and redis.call('HEXISTS', shard .. 'begun', conversation) == 1 then
    forget_fired(shard, conversation, nil, redis.call('LINDEX', mailbox, 0))
    redis.call('LTRIM', mailbox, 0, 0)
    dropped, kept = dropped - 1, kept + 1
  else
    redis.call('DEL', mailbox)
    redis.call('HDEL', shard .. 'begun', conversation)
    redis.call('HDEL', shard .. 'tries', conversation)
    redis.call('DEL', shard .. 'notes:' .. conversation)
    forget_fired(shard, conversation)
    redis.call('ZREM', ready, conversation)
  end
end
if dropped > 0 then
  count(shard, bot, -dropped)
end
return { dropped, #conversations, kept }
