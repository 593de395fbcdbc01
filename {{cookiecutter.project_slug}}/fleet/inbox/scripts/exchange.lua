-- Hands in the turns that ended and takes the next ones, in one round trip.
-- Returns conversation, number, update for each turn taken.
-- ARGV: replica, number, number of its last call that succeeded, turns wanted, most for one bot, letters kept, attempts
--       allowed, count of bots to skip, those bots, then for each ended turn: conversation, number, outcome (done, dead,
--       back), error, traceback
local turns, number, wanted, share = prefix .. 'turns:' .. ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local letters_kept, max_attempts, skip, first = ARGV[6], ARGV[7], {}, 9 + tonumber(ARGV[8])
local last_number = redis.call('HGET', turns, '@')

-- A call that the network kept back while it was repeated: its reply goes nowhere, so it must not take turns.
if last_number and tonumber(number) < tonumber(last_number) then
  return {}
end

-- The reply to a call may be lost on the way: called again with the same number, the script gives the same turns.
local repeated = last_number == number
-- Redis judges a script by its first write: one that frees memory may run to its end even when memory is full.
redis.call('HDEL', turns, '@')

-- Redis came back without what it did last (a failover, a power cut): turns that ended stand here as if in hand. The
-- replica counts as gone: its turns are for whoever asks first, and it hears of it at its next beat.
if last_number and tonumber(last_number) < tonumber(ARGV[3]) then
  for _, conversation in ipairs(redis.call('HKEYS', turns)) do
    requeue('LPUSH', conversation, max_attempts)
  end
  forget(ARGV[1])
end

-- A replica that is not known, or no more, could die unseen: it gets turns after its next beat.
local known = redis.call('ZSCORE', prefix .. 'replicas', ARGV[1])
if not known then
  wanted = 0
end

for i = 9, first - 1 do
  skip[ARGV[i]] = true
end

for i = first, #ARGV, 5 do
  local conversation, outcome = ARGV[i], ARGV[i + 2]
  -- A turn with another number, or none, was taken over by another replica: its end no longer counts.
  if redis.call('HGET', turns, conversation) == ARGV[i + 1] then
    redis.call('HDEL', turns, conversation)
    if outcome == 'done' then
      finish(conversation)
    elseif outcome == 'dead' then
      bury(conversation, letters_kept, ARGV[i + 3], ARGV[i + 4])
    end
    requeue(outcome == 'back' and 'LPUSH' or 'RPUSH', conversation, max_attempts)
  end
end

local taken = {}
local function give(conversation, turn)
  taken[#taken + 1] = conversation
  taken[#taken + 1] = turn
  taken[#taken + 1] = redis.call('LINDEX', mailbox(conversation), 0)
end

local next_number = tonumber(number)
local function take(conversation)
  local turn = string.format('%d', next_number)
  redis.call('HSET', turns, conversation, turn)
  give(conversation, turn)
  next_number = next_number + 1
end

-- At most one conversation in its last attempt at a time.
local function take_suspect()
  local died = redis.call('HGETALL', attempts)
  for i = 1, #died, 2 do
    if is_last(died[i + 1], max_attempts) and redis.call('HEXISTS', turns, died[i]) == 1 then
      return
    end
  end
  for _ = 1, redis.call('LLEN', suspects) do
    local conversation = redis.call('LPOP', suspects)
    if not skip[bot_of(conversation)] then
      return take(conversation)
    end
    redis.call('RPUSH', suspects, conversation)
  end
end

if repeated then
  local held = redis.call('HGETALL', turns)
  for i = 1, #held, 2 do
    if tonumber(held[i + 1]) >= tonumber(number) then
      give(held[i], held[i + 1])
    end
  end
else
  if wanted > 0 and redis.call('EXISTS', suspects) == 1 then
    take_suspect()
  end
  -- Bot after bot, one conversation each, so that a long queue of one does not delay the others.
  local got, aside = {}, {}
  while #taken < 3 * wanted do
    local bot = redis.call('LPOP', rota)
    if not bot then
      break
    elseif skip[bot] then
      aside[#aside + 1] = bot
    else
      local ready = prefix .. 'ready:' .. bot
      take(redis.call('LPOP', ready))
      if redis.call('LLEN', ready) > 0 then
        redis.call('RPUSH', rota, bot)
        got[bot] = (got[bot] or 0) + 1
        skip[bot] = got[bot] >= share
      end
    end
  end
  for i = #aside, 1, -1 do
    redis.call('LPUSH', rota, aside[i])
  end
end
if known then
  redis.call('HSET', turns, '@', number)
end
if known and #taken >= 3 * wanted and redis.call('LLEN', rota) > 0 then
  ring()  -- more than this replica can take: for another one
end
return taken
