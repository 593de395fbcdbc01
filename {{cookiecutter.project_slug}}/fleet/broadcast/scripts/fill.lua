-- Puts the chats of a bot into a broadcast: what was there of it goes first. KEYS: shards. ARGV: id, bot, letters of
-- the types, first day of an update that counts; without an id it only counts. Returns for each shard how many.
local id, bot, types, since, answer = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), {}
for i, shard in ipairs(KEYS) do
  local part, found, chats = shard .. 'broadcast:' .. id, 0, redis.call('HGETALL', shard .. 'chats:' .. bot)
  if id ~= '' then
    redis.call('DEL', part, part .. ':todo', part .. ':sending', part .. ':uncertain')
  end
  for n = 1, #chats, 2 do
    local kind, day = string.match(chats[n + 1], '^(%a)(%d+)$')  -- those that cannot be reached have a letter more
    if kind and string.find(types, kind, 1, true) and tonumber(day) >= since then
      found = found + 1
      if id ~= '' then
        redis.call('RPUSH', part .. ':todo', chats[n])
      end
    end
  end
  if id ~= '' then
    redis.call('HSET', part, 'total', found)
  end
  answer[i] = found
end
return answer
