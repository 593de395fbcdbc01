-- Counts the updates that wait in each shard: of one bot, and in all. KEYS: shards. ARGV: bot
local answer = {}
for i, shard in ipairs(KEYS) do
  local counts = redis.call('HMGET', shard .. 'waiting', ARGV[1], 'all')
  answer[i] = { tonumber(counts[1] or 0), tonumber(counts[2] or 0) }
end
return answer
