-- The holder's call: turns that ended, turns that begin, and what is new. It may be repeated until its reply arrives.
-- KEYS: shards. ARGV: replica, bytes of dead letters kept in a shard, most news; then for each shard:
--   epoch, number of this call, number of the last one that was answered, arrival of the newest news known,
--   count of ends, count of begins; for each end: conversation, id of its update, outcome, three texts (done: none;
--   dead: error, traceback, deaths; back: deaths, times back, milliseconds), count of writes, and these: key, value,
--   milliseconds to live (0 for ever, -1 to delete it); for each begin: conversation
-- Returns for each shard: nothing if it is not the caller's any more; else for each end how many updates its mailbox
--   still has, for each begin the update, and the news: each conversation and its arrival
local replica, letters_kept, most_news = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at, answer = 4, {}

local function bury(shard, conversation, update, cause, traceback, deaths)
  local letters, size = shard .. 'dead', #update + #cause + #traceback
  local id, json = string.match(update, '^(%d+) (.*)$')
  redis.call('XADD', letters, '*', 'conversation', conversation, 'id', id, 'update', json,
    'error', cause, 'traceback', traceback, 'died', deaths, 'size', size)
  local kept = redis.call('HINCRBY', shard .. 'shard', 'letters', size)
  while kept > letters_kept and redis.call('XLEN', letters) > 1 do
    local oldest = redis.call('XRANGE', letters, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', letters, oldest[1])
    kept = redis.call('HINCRBY', shard .. 'shard', 'letters', -oldest[2][14])
  end
end

local function finish(shard, conversation)
  local bot, mailbox = bot_of(conversation), shard .. 'mail:' .. conversation
  local update = redis.call('LPOP', mailbox)
  redis.call('HDEL', shard .. 'tries', conversation)
  if redis.call('LLEN', mailbox) == 0 then
    redis.call('ZREM', shard .. 'ready:' .. bot, conversation)
  end
  count(shard, bot, -1)
  return update
end

local function write(key, value, ttl)
  if ttl == '-1' then
    redis.call('DEL', key)
  elseif ttl == '0' then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'PX', ttl)
  end
end

for i, shard in ipairs(KEYS) do
  local epoch, number, answered, known, ends, begins = unpack(ARGV, at, at + 5)
  at = at + 6
  local record = redis.call('HMGET', shard .. 'shard', 'holder', 'epoch', 'call')
  local last = tonumber(record[3])
  -- Lower than what was answered: Redis came back without its last writes. Higher than this one: this one is late.
  local mine = record[1] == replica and record[2] == epoch and last >= tonumber(answered) and last <= tonumber(number)
  local left, updates = {}, {}
  if mine and ends + begins > 0 then
    redis.call('HDEL', shard .. 'begun', '')  -- first what frees memory
    redis.call('HSET', shard .. 'shard', 'call', number)
  end
  for n = 1, ends do
    local conversation, id, outcome, first, second, third, writes = unpack(ARGV, at, at + 6)
    if mine then
      -- Another id, or none: it has ended before, or its update was dropped.
      if redis.call('HGET', shard .. 'begun', conversation) == id then
        redis.call('HDEL', shard .. 'begun', conversation)
        for w = at + 7, at + 4 + 3 * writes, 3 do
          write(ARGV[w], ARGV[w + 1], ARGV[w + 2])
        end
        if outcome == 'done' then
          finish(shard, conversation)
        elseif outcome == 'dead' then
          bury(shard, conversation, finish(shard, conversation), first, second, third)
        else
          redis.call('HSET', shard .. 'tries', conversation,
            first .. ' ' .. second .. ' ' .. string.format('%d', now + third))
        end
      end
      left[n] = redis.call('LLEN', shard .. 'mail:' .. conversation)
    end
    at = at + 7 + 3 * writes
  end
  for n = 1, begins do
    local conversation = ARGV[at]
    if mine then
      updates[n] = redis.call('LINDEX', shard .. 'mail:' .. conversation, 0)
      if updates[n] then
        redis.call('HSET', shard .. 'begun', conversation, string.match(updates[n], '^%d+'))
      end
    end
    at = at + 1
  end
  if mine then
    if known ~= '0' then
      redis.call('ZREMRANGEBYSCORE', shard .. 'news', '-inf', known)
    end
    answer[i] = { left, updates, redis.call('ZRANGE', shard .. 'news', 0, most_news - 1, 'WITHSCORES') }
  else
    answer[i] = false
  end
end
return answer
