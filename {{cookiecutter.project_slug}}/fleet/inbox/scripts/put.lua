-- Enters a batch of one bot's updates, each at most once. Returns how many were new, or -1 if the inbox is full.
-- ARGV: bot, limit in all, limit for this bot, seconds to remember ids, then for each update: id, conversation, JSON
local bot, seconds = ARGV[1], ARGV[4]
if tonumber(redis.call('HGET', waiting, 'all') or 0) >= tonumber(ARGV[2])
    or tonumber(redis.call('HGET', waiting, bot) or 0) >= tonumber(ARGV[3]) then
  return -1
end
local entered, touched = 0, {}
for i = 5, #ARGV, 3 do
  local id, conversation = tonumber(ARGV[i]), ARGV[i + 1]
  local seen = prefix .. 'seen:' .. bot .. ':' .. string.format('%d', math.floor(id / 32768))
  if redis.call('SETBIT', seen, id % 32768, 1) == 0 then
    touched[seen] = true
    entered = entered + 1
    if redis.call('RPUSH', mailbox(conversation), ARGV[i + 2]) == 1 then
      enqueue('RPUSH', bot, conversation)
    end
  end
end
for seen in pairs(touched) do
  redis.call('EXPIRE', seen, seconds)
end
if entered > 0 then
  count(bot, entered)
  redis.call('HSET', prefix .. 'last', bot, redis.call('TIME')[1])
  ring()
end
return entered
