-- The holder's call: turns that ended, turns that begin, and what is new. It may be repeated until its reply arrives.
-- KEYS: shards. ARGV: replica, bytes of dead letters kept in a shard, most news, most timers that fire, what the keys of
--   states begin with; then for each shard: epoch, number of this call, number of the last one that was answered, arrival of the newest news known,
--   1 to look for timers that are due, count of notes, of ends, of begins;
--   for each note: conversation, id of its update, field, value;
--   for each end: conversation, id of its update, outcome, three texts (done: none; dead: error, traceback, deaths;
--   back: deaths, times back, milliseconds), count of writes, and these: key, value, milliseconds to live (0 for ever,
--   -1 to delete it), count of timers, and these: conversation, name, milliseconds of Unix time or '' to cancel, JSON;
--   for each begin: conversation
-- Returns for each shard: nothing if it is not the caller's any more; else for each end how many updates its mailbox
--   still has; for each begin nothing if there is none, milliseconds if it has to wait for the rest of an album, else
--   the update, the state and the data of its conversation, its tries, '' if it had no turns before, and its notes; the news: each conversation and its
--   arrival; and milliseconds until a timer is due, -1 if none is or nobody looked
local replica, letters_kept, most_news, may_fire = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ALBUM = 1000  -- milliseconds that an album may still grow after its last part
local states, now, at, answer = ARGV[5], clock(), 6, {}

local function bury(shard, conversation, update, cause, traceback, deaths)
  local letters, size = shard .. 'dead', #update + #cause + #traceback
  local id, json = string.match(update, '^(%S+) (.*)$')
  redis.call('XADD', letters, '*', 'conversation', conversation, 'id', id, 'update', json,
    'error', cause, 'traceback', traceback, 'died', deaths, 'size', size)
  local kept = redis.call('HINCRBY', shard .. 'shard', 'letters', size)
  while kept > letters_kept and redis.call('XLEN', letters) > 1 do
    local oldest = redis.call('XRANGE', letters, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', letters, oldest[1])
    kept = redis.call('HINCRBY', shard .. 'shard', 'letters', -oldest[2][14])
  end
end

-- Takes the head of a mailbox out, and notes in `finished` that its bot has one less.
local function finish(shard, conversation, finished)
  local bot, mailbox = bot_of(conversation), shard .. 'mail:' .. conversation
  local update = redis.call('LPOP', mailbox)
  redis.call('HDEL', shard .. 'tries', conversation)
  redis.call('DEL', shard .. 'notes:' .. conversation)
  if redis.call('LLEN', mailbox) == 0 then
    redis.call('ZREM', shard .. 'ready:' .. bot, conversation)
  end
  finished[bot] = (finished[bot] or 0) + 1
  if string.sub(update, 1, 1) == '-' then
    forget_fired(shard, conversation, update)
  end
  return update
end

local function count_less(shard, finished)
  local all = 0
  for bot, number in pairs(finished) do
    add(shard, bot, -number)
    all = all + number
  end
  if all > 0 then
    add(shard, 'all', -all)
  end
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

-- Makes one update of all parts of an album that are there. Returns milliseconds to wait instead if more may come.
local function gather(shard, conversation, id, group)
  local mailbox, parts, last = shard .. 'mail:' .. conversation, {}, 0
  local entries = redis.call('LRANGE', mailbox, 0, -1)
  for _, entry in ipairs(entries) do
    local came, its_group, json = string.match(entry, '^%d+@(%d+)@(%S+) (.*)$')
    if its_group == group then
      parts[#parts + 1], last = json, tonumber(came)
    end
  end
  if now >= last and now < last + ALBUM then
    return last + ALBUM - now
  end
  for n = #entries, 2, -1 do
    if string.match(entries[n], '^%d+@%d+@(%S+) ') == group then
      redis.call('LREM', mailbox, -1, entries[n])
      count(shard, bot_of(conversation), -1)
    end
  end
  local whole = id .. ' [' .. table.concat(parts, ',') .. ']'
  redis.call('LSET', mailbox, 0, whole)
  return whole
end

local function begin(shard, conversation)
  local update = redis.call('LINDEX', shard .. 'mail:' .. conversation, 0)
  if not update then
    return false
  end
  local id, group = string.match(update, '^(%-?%d+)@?%d*@?(%S*)')
  if group ~= '' then
    update = gather(shard, conversation, id, group)
    if type(update) == 'number' then
      return update
    end
  end
  redis.call('HSET', shard .. 'begun', conversation, id)
  local state, data = states_of(shard, conversation, states)
  local tries = redis.call('HGET', shard .. 'tries', conversation)
  local notes = tries and redis.call('HGETALL', shard .. 'notes:' .. conversation) or {}
  return { update, state, data, tries or '', unpack(notes) }
end

-- Has timers that are due wait for their turns. Returns milliseconds until the next one is due.
local function fire(shard)
  local members = redis.call('ZRANGEBYSCORE', shard .. 'due', '-inf', now, 'LIMIT', 0, may_fire)
  may_fire = may_fire - #members
  for _, member in ipairs(members) do
    local conversation, name = string.match(member, '^(%S+) (.*)$')
    local timers = shard .. 'timers:' .. conversation
    local timer = redis.call('HGET', timers, name)
    redis.call('ZREM', shard .. 'due', member)
    if timer then
      local entry = '-' .. redis.call('HINCRBY', shard .. 'shard', 'fired', 1) .. ' ' .. timer
      redis.call('HSET', timers, name, entry)
      post(shard, conversation, entry)
    end
  end
  local due = redis.call('ZRANGE', shard .. 'due', 0, 0, 'WITHSCORES')[2]
  return due and math.max(0, math.ceil(due - now)) or -1
end

for i, shard in ipairs(KEYS) do
  local epoch, number, answered, known, look, notes, ends, begins = unpack(ARGV, at, at + 7)
  at = at + 8
  local record = redis.call('HMGET', shard .. 'shard', 'holder', 'epoch', 'call')
  local last = tonumber(record[3])
  -- Lower than what was answered: Redis came back without its last writes. Higher than this one: this one is late.
  local mine = record[1] == replica and record[2] == epoch and last >= tonumber(answered) and last <= tonumber(number)
  local left, updates, next_due, finished = {}, {}, -1, {}
  if mine then
    redis.call('HDEL', shard .. 'begun', '')  -- first what frees memory
    if notes + ends + begins > 0 then
      redis.call('HSET', shard .. 'shard', 'call', number)
    end
  end
  for _ = 1, notes do
    local conversation, id, field, value = unpack(ARGV, at, at + 3)
    if mine and redis.call('HGET', shard .. 'begun', conversation) == id then
      redis.call('HSET', shard .. 'notes:' .. conversation, field, value)
    end
    at = at + 4
  end
  for n = 1, ends do
    local conversation, id, outcome, first, second, third, writes = unpack(ARGV, at, at + 6)
    local timers_at = at + 7 + 3 * writes
    local timers = tonumber(ARGV[timers_at])
    if mine then
      -- Another id, or none: it has ended before, or its update was dropped.
      if redis.call('HGET', shard .. 'begun', conversation) == id then
        redis.call('HDEL', shard .. 'begun', conversation)
        for w = at + 7, timers_at - 1, 3 do
          write(ARGV[w], ARGV[w + 1], ARGV[w + 2])
        end
        if outcome == 'done' then
          finish(shard, conversation, finished)
        elseif outcome == 'dead' then
          bury(shard, conversation, finish(shard, conversation, finished), first, second, third)
        else
          redis.call('HSET', shard .. 'tries', conversation,
            first .. ' ' .. second .. ' ' .. string.format('%d', now + third))
        end
        for t = timers_at + 1, timers_at + 4 * timers, 4 do
          set_timer(shard, unpack(ARGV, t, t + 3))
        end
      end
      left[n] = redis.call('LLEN', shard .. 'mail:' .. conversation)
    end
    at = timers_at + 1 + 4 * timers
  end
  count_less(shard, finished)
  if mine and look == '1' then
    next_due = fire(shard)
  end
  for n = 1, begins do
    updates[n] = mine and begin(shard, ARGV[at])
    at = at + 1
  end
  if mine then
    if known ~= '0' then
      redis.call('ZREMRANGEBYSCORE', shard .. 'news', '-inf', known)
    end
    local news = most_news > 0 and redis.call('ZRANGE', shard .. 'news', 0, most_news - 1, 'WITHSCORES') or {}
    most_news = most_news - #news / 2
    answer[i] = { left, updates, news, next_due }
  else
    answer[i] = false
  end
end
return answer
