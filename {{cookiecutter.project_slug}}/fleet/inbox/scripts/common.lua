-- What scripts of the inbox share. A shard is given by the beginning of its keys; fleet/inbox/__init__.py lists them.
local function add(shard, field, change)
  if redis.call('HINCRBY', shard .. 'waiting', field, change) <= 0 then
    redis.call('HDEL', shard .. 'waiting', field)
  end
end

local function count(shard, bot, change)
  add(shard, bot, change)
  add(shard, 'all', change)
end

-- A conversation got its first update. Its holder hears of it, and finds it again if it does not. Returns its arrival.
local function note_mail(shard, bot, conversation)
  local arrival = redis.call('HINCRBY', shard .. 'shard', 'entered', 1)
  redis.call('ZADD', shard .. 'ready:' .. bot, arrival, conversation)
  redis.call('ZADD', shard .. 'news', arrival, conversation)
  return arrival
end

-- Milliseconds of Unix time.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The state and the data of a conversation, for a turn that begins; 1 for data not read. `begin` stands before its name in
-- their keys, and `*` for the shard there.
local function states_of(shard, conversation, begin)
  if begin == '' then
    return 1, 1
  end
  local name = string.gsub(begin, '%*', shard) .. string.match(conversation, '^[^/]+')
  local length = redis.pcall('STRLEN', name .. ':data')
  if type(length) == 'table' or length > 4096 then  -- to read it would hold Redis up
    return redis.call('MGET', name .. ':state')[1], 1
  end
  return unpack(redis.call('MGET', name .. ':state', name .. ':data'))
end

local function bot_of(conversation)
  return string.match(conversation, '^%d+')
end

-- Puts an entry into a mailbox behind what waits there.
local function post(shard, conversation, entry)
  if redis.call('RPUSH', shard .. 'mail:' .. conversation, entry) == 1 then
    note_mail(shard, bot_of(conversation), conversation)
  end
  count(shard, bot_of(conversation), 1)
end

-- Takes an entry out of a mailbox; with the one at its head goes what is known of the turns of that.
local function take_out(shard, conversation, entry)
  local mailbox = shard .. 'mail:' .. conversation
  if redis.call('LINDEX', mailbox, 0) == entry then
    redis.call('HDEL', shard .. 'tries', conversation)
    redis.call('DEL', shard .. 'notes:' .. conversation)
  end
  if redis.call('LREM', mailbox, 1, entry) == 1 then
    count(shard, bot_of(conversation), -1)
    if redis.call('LLEN', mailbox) == 0 then
      redis.call('ZREM', shard .. 'ready:' .. bot_of(conversation), conversation)
    end
  end
end

-- Forgets timers that have fired: of one entry in a mailbox, or of all but that. Returns how many there were.
local function forget_fired(shard, conversation, only, but)
  local timers, forgotten = redis.call('HGETALL', shard .. 'timers:' .. conversation), 0
  for n = 1, #timers, 2 do
    if timers[n + 1] == only or not only and string.sub(timers[n + 1], 1, 1) == '-' and timers[n + 1] ~= but then
      forgotten = forgotten + redis.call('HDEL', shard .. 'timers:' .. conversation, timers[n])
    end
  end
  return forgotten
end

-- Sets a timer, or cancels it if `due` is ''. One that has fired and still waits for its turn fires no more.
local function set_timer(shard, conversation, name, due, timer)
  local timers, member = shard .. 'timers:' .. conversation, conversation .. ' ' .. name
  if due ~= '' and redis.call('HSETNX', timers, name, timer) == 1 then
    redis.call('ZADD', shard .. 'due', due, member)
    return
  end
  local old = redis.call('HGET', timers, name) or ''
  local fired = string.match(old, '^%-%d+')
  if fired and redis.call('HGET', shard .. 'begun', conversation) ~= fired then
    take_out(shard, conversation, old)
  end
  if due == '' then
    redis.call('ZREM', shard .. 'due', member)
    redis.call('HDEL', timers, name)
  else
    redis.call('ZADD', shard .. 'due', due, member)
    redis.call('HSET', timers, name, timer)
  end
end
