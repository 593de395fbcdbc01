-- Puts chats into a broadcast. KEYS: shards. ARGV: id; then for each shard: how many, and these
local at = 2
for _, shard in ipairs(KEYS) do
  local part, number = shard .. 'broadcast:' .. ARGV[1], tonumber(ARGV[at])
  for n = at + 1, at + number do
    redis.call('RPUSH', part .. ':todo', ARGV[n])
  end
  redis.call('HINCRBY', part, 'total', number)
  at = at + number + 1
end
return KEYS
