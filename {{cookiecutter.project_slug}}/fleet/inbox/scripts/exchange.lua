-- Hands in the turns that ended and takes the next ones, in one round trip.
-- Returns conversation, number, update for each turn taken.
-- ARGV: replica, number, turns wanted, most for one bot, letters kept, count of bots to skip, those bots,
--       then for each ended turn: conversation, number, outcome (done, dead, back), error, traceback
local turns, number, wanted, share = prefix .. 'turns:' .. ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- The reply to a call may be lost on the way: called again with the same number, the script gives the same turns.
local repeated = redis.call('HGET', turns, '@') == number
-- Redis judges a script by its first write: one that frees memory may run to its end even when memory is full.
redis.call('HDEL', turns, '@')

-- A replica that is not known, or no more, could die unseen: it gets turns after its next beat.
local known = redis.call('ZSCORE', prefix .. 'replicas', ARGV[1])
if not known then
  wanted = 0
end

local skip, first = {}, 7 + tonumber(ARGV[6])
for i = 7, first - 1 do
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
      bury(conversation, ARGV[5], ARGV[i + 3], ARGV[i + 4])
    end
    requeue(outcome == 'back' and 'LPUSH' or 'RPUSH', conversation)
  end
end

local taken = {}
local function take(conversation, turn)
  taken[#taken + 1] = conversation
  taken[#taken + 1] = turn
  taken[#taken + 1] = redis.call('LINDEX', mailbox(conversation), 0)
end

if repeated then
  local held = redis.call('HGETALL', turns)
  for i = 1, #held, 2 do
    if tonumber(held[i + 1]) >= tonumber(number) then
      take(held[i], held[i + 1])
    end
  end
else
  -- Bot after bot, one conversation each, so that a long queue of one does not delay the others.
  local next_number, got, look = tonumber(number), {}, redis.call('LLEN', rota)
  while look > 0 and #taken < 3 * wanted do
    local bot = redis.call('LPOP', rota)
    look = look - 1
    if skip[bot] then
      redis.call('RPUSH', rota, bot)
    else
      local ready = prefix .. 'ready:' .. bot
      local conversation, turn = redis.call('LPOP', ready), string.format('%d', next_number)
      redis.call('HSET', turns, conversation, turn)
      take(conversation, turn)
      next_number = next_number + 1
      if redis.call('LLEN', ready) > 0 then
        redis.call('RPUSH', rota, bot)
        got[bot] = (got[bot] or 0) + 1
        if got[bot] < share then
          look = look + 1
        else
          skip[bot] = true
        end
      end
    end
  end
end
redis.call('HSET', turns, '@', number)
if known and #taken >= 3 * wanted and redis.call('LLEN', rota) > 0 then
  ring()  -- more than this replica can take: for another one
end
return taken
