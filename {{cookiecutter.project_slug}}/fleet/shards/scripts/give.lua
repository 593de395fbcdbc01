-- Gives shards back for others to take; no turn of them is in hand. KEYS: shards. ARGV: replica, then the epoch of each
for i, shard in ipairs(KEYS) do
  local record = redis.call('HMGET', shard .. 'shard', 'holder', 'epoch')
  if record[1] == ARGV[1] and record[2] == ARGV[1 + i] then
    -- Left are begins of which the holder was not told: nobody died in them.
    redis.call('DEL', shard .. 'begun')
    redis.call('HDEL', shard .. 'shard', 'holder')
  end
end
return KEYS
