-- What all scripts share. KEYS[1] is the prefix of every key; fleet/inbox/__init__.py lists the keys.
local prefix = KEYS[1]
local rota, bell, waiting, attempts = prefix .. 'rota', prefix .. 'bell', prefix .. 'waiting', prefix .. 'attempts'
local suspects = prefix .. 'suspects'

local function mailbox(conversation)
  return prefix .. 'mail:' .. conversation
end

local function bot_of(conversation)
  return string.match(conversation, '^%d+')
end

-- A conversation with mail that nobody works on stands in its bot's queue; a bot with such a queue stands in the rota.
local function enqueue(push, bot, conversation)
  if redis.call(push, prefix .. 'ready:' .. bot, conversation) == 1 then
    redis.call('RPUSH', rota, bot)
  end
end

local function count(bot, change)
  redis.call('HINCRBY', waiting, bot, change)
  redis.call('HINCRBY', waiting, 'all', change)
end

-- One strike wakes one sleeping worker; more than one would only wake it for nothing.
local function ring()
  if redis.call('LLEN', bell) == 0 then
    redis.call('RPUSH', bell, 1)
  end
end

-- Takes the update at the head out of the mailbox: it had its turn.
local function finish(conversation)
  local update = redis.call('LPOP', mailbox(conversation))
  redis.call('HDEL', attempts, conversation)
  count(bot_of(conversation), -1)
  return update
end

local function bury(conversation, letters_kept, cause, traceback)
  local died = redis.call('HGET', attempts, conversation) or '0'
  redis.call('XADD', prefix .. 'dead', 'MAXLEN', '~', letters_kept, '*',
    'conversation', conversation, 'update', finish(conversation),
    'error', cause, 'traceback', traceback, 'died', died)
end

-- One more death, and its update is a dead letter. That attempt it gets without others of its kind beside it, so that
-- none is blamed for what another did.
local function is_last(died, max_attempts)
  return tonumber(died or 0) >= math.max(1, tonumber(max_attempts) - 1)
end

local function forget(replica)
  redis.call('DEL', prefix .. 'turns:' .. replica)
  redis.call('ZREM', prefix .. 'replicas', replica)
  redis.call('HDEL', prefix .. 'steady', replica)
end

local function requeue(push, conversation, max_attempts)
  if is_last(redis.call('HGET', attempts, conversation), max_attempts) then
    redis.call('RPUSH', suspects, conversation)
  elseif redis.call('EXISTS', mailbox(conversation)) == 1 then
    enqueue(push, bot_of(conversation), conversation)
  end
end
