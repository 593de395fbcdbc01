-- Notes what is known of chats. KEYS: shards. ARGV: for each shard: how many chats, and of each: bot, chat, its type's
-- letter or '' if that is not known, the day of its last update or '', and why it is not reachable: a letter, '' if it
-- is, '-' if the chat is no more. What is not in the directory yet gets in with its type.
-- Returns for each shard how many entries it has written.
local at, answer = 1, {}
for i, shard in ipairs(KEYS) do
  local written, first = 0, at + 1
  at = first + 5 * ARGV[at]
  for n = first, at - 1, 5 do
    local bot, chat, kind, day, reason = unpack(ARGV, n, n + 4)
    local key = shard .. 'chats:' .. bot
    local old = redis.call('HGET', key, chat)
    if reason == '-' then
      written = written + redis.call('HDEL', key, chat)
    elseif old or kind ~= '' then
      local known, seen = string.match(old or '', '^(%a?)(%d*)')
      local new = (kind ~= '' and kind or known) .. (day ~= '' and day or seen) .. reason
      if new ~= old then
        redis.call('HSET', key, chat, new)
        written = written + 1
      end
    end
  end
  answer[i] = written
end
return answer
