-- The holder's call: what came of chats, and which come next. KEYS: shards
-- ARGV: replica; then for each shard: its epoch, how many broadcasts; and for each of these: id, number of this call,
-- number of the last one that was answered, how many chats to take at most, how many results, and these: chat, outcome
-- (sent, blocked, failed, uncertain; back: it was surely not sent), reason or ''
-- Returns for each shard: nothing if it is not the caller's any more; else for each broadcast nothing if the call is a
-- late one, else how many chats are left, and those that were taken: the caller sends to them at once
local replica, at, answer = ARGV[1], 2, {}

local function give_up(part, chat)
  redis.call('HDEL', part .. ':sending', chat)
  redis.call('HINCRBY', part, 'uncertain', 1)
  redis.call('RPUSH', part .. ':uncertain', chat)
end

local function put_back(part, chat)
  redis.call('HDEL', part .. ':sending', chat)
  redis.call('LPUSH', part .. ':todo', chat)
end

local function note(part, chat, outcome, reason)
  if redis.call('HEXISTS', part .. ':sending', chat) == 0 then
    return  -- noted before
  end
  if outcome == 'back' then
    put_back(part, chat)
    return
  end
  if outcome == 'uncertain' then
    give_up(part, chat)
  else
    redis.call('HDEL', part .. ':sending', chat)
    redis.call('HINCRBY', part, outcome, 1)
  end
  if reason ~= '' then
    redis.call('HINCRBY', part, 'why:' .. reason, 1)
  end
end

for i, shard in ipairs(KEYS) do
  local epoch, broadcasts, told = ARGV[at], tonumber(ARGV[at + 1]), {}
  local record = redis.call('HMGET', shard .. 'shard', 'holder', 'epoch')
  local mine = record[1] == replica and record[2] == epoch
  at = at + 2
  for b = 1, broadcasts do
    local id, number, answered, most, results = unpack(ARGV, at, at + 4)
    local part, first = shard .. 'broadcast:' .. id, at + 5
    at = first + 3 * results
    local last_epoch, last = string.match(redis.call('HGET', part, 'call') or '', '^(%d+) (%d+)$')
    if mine and not (last_epoch == epoch and tonumber(last) >= tonumber(number)) then
      redis.call('HDEL', part .. ':sending', '')  -- first what frees memory
      redis.call('HSET', part, 'call', epoch .. ' ' .. number)
      for r = first, at - 1, 3 do
        note(part, unpack(ARGV, r, r + 2))
      end
      local sending = redis.call('HGETALL', part .. ':sending')
      for n = 1, #sending, 2 do
        local its_epoch, its_call = string.match(sending[n + 1], '^(%d+) (%d+)$')
        if its_epoch ~= epoch then
          give_up(part, sending[n])  -- who took it has died, or lost the shard
        elseif tonumber(its_call) > tonumber(answered) then
          put_back(part, sending[n])  -- nobody was told of it
        end
      end
      local taken = most ~= '0' and redis.call('LPOP', part .. ':todo', most) or {}
      for _, chat in ipairs(taken) do
        redis.call('HSET', part .. ':sending', chat, epoch .. ' ' .. number)
      end
      told[b] = { redis.call('LLEN', part .. ':todo'), taken }
    else
      told[b] = false
    end
  end
  answer[i] = mine and told
end
return answer
