-- Drops what waits for a bot, some conversations at a time. What is in hand stays until its turn is over.
-- KEYS[1]: shard. ARGV: bot, most conversations to look at, how many of the first to leave out, 1 to drop what Telegram
--   has sent, in hand or not, and that alone, and the name of a set: nothing is dropped unless the bot is in it
-- Returns how many updates and how many timers were dropped, and how many conversations were looked at and kept
local shard, bot, most, skip, in_hand = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
if ARGV[5] and redis.call('SISMEMBER', ARGV[5], bot) == 0 then
  return { 0, 0, 0, 0 }
end

-- Timers that have fired and wait for their turns, or have them, in the order in which they did.
local function fired(shard, conversation)
  local found = {}
  for _, timer in ipairs(redis.call('HVALS', shard .. 'timers:' .. conversation)) do
    if string.sub(timer, 1, 1) == '-' then
      found[#found + 1] = timer
    end
  end
  table.sort(found, function(one, other)
    return tonumber(string.match(one, '^%-(%d+)')) < tonumber(string.match(other, '^%-(%d+)'))
  end)
  return found
end

local ready, dropped, timers, kept = shard .. 'ready:' .. bot, 0, 0, 0
local conversations = redis.call('ZRANGE', ready, skip, skip + most - 1)
for _, conversation in ipairs(conversations) do
  local mailbox, stays = shard .. 'mail:' .. conversation, {}
  local head, length = redis.call('LINDEX', mailbox, 0), redis.call('LLEN', mailbox)
  if in_hand then
    stays = fired(shard, conversation)
  elseif redis.call('HEXISTS', shard .. 'begun', conversation) == 1 then
    stays = { head }
  end
  redis.call('DEL', mailbox)
  for _, entry in ipairs(stays) do
    redis.call('RPUSH', mailbox, entry)
  end
  if stays[1] ~= head then
    redis.call('HDEL', shard .. 'begun', conversation)
    redis.call('HDEL', shard .. 'tries', conversation)
    redis.call('DEL', shard .. 'notes:' .. conversation)
  end
  if not in_hand then
    timers = timers + forget_fired(shard, conversation, nil, stays[1])
  end
  if #stays == 0 then
    redis.call('ZREM', ready, conversation)
  else
    kept = kept + 1
  end
  dropped = dropped + length - #stays
end
if dropped > 0 then
  count(shard, bot, -dropped)
end
return { dropped - timers, timers, #conversations, kept }
