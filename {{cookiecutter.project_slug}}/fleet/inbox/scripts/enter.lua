-- Enters updates of one bot, each at most once. Whoever holds a shard, anybody may.
-- KEYS: shards. ARGV: replica, bot, seconds to remember ids, most updates of a conversation, 1 to look only, what the keys
--   of states begin with; then for each shard: the epoch if the caller holds it, how many turns it would begin at once, count of updates, and for each
--   of these: id, conversation, JSON, before it `@`, its id and a space if it is of an album
-- Returns for each shard: who is to be rung or '', how many are new, how many of these were dropped, then for each whose
--   turn is begun: its position, from 1, its arrival, and the state and the data of its conversation

-- Has the first update that a full mailbox does not take wait in a lane beside it, marked, so that its user is told;
-- no other one until the mailbox was empty, when its arrival changes.
local function leave_out(shard, bot, conversation, id, update, remember)
  local arrival = redis.call('ZSCORE', shard .. 'ready:' .. bot, conversation)
  local lane = string.match(conversation, '^[^/]+') .. '/left-out'
  if redis.call('SET', shard .. 'told:' .. conversation, arrival, 'EX', remember, 'GET') ~= arrival
    and redis.call('EXISTS', shard .. 'mail:' .. lane) == 0
  then
    post(shard, lane, id .. ' ' .. string.gsub(string.gsub(update, '^@%S+ ', ''), '}$', ',"left_out":true}'))
  end
end

local replica, bot, remember, most, look_only = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local states, at, answer = ARGV[6], 7, {}
for i, shard in ipairs(KEYS) do
  local epoch, places, updates = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local record = redis.call('HMGET', shard .. 'shard', 'holder', 'epoch')
  local mine = record[1] == replica and record[2] == epoch
  local new, dropped, seen_in, begun = 0, 0, {}, {}
  for n = 1, updates do
    local id, conversation, update = ARGV[at + 3 * n], ARGV[at + 3 * n + 1], ARGV[at + 3 * n + 2]
    local seen, bit = shard .. 'seen:' .. bot .. ':' .. string.format('%d', math.floor(id / 2048)), id % 2048
    if look_only then
      new = new + 1 - redis.call('GETBIT', seen, bit)
    elseif redis.call('SETBIT', seen, bit, 1) == 0 then
      new, seen_in[seen] = new + 1, true
      local mailbox = shard .. 'mail:' .. conversation
      local is_part = string.sub(update, 1, 1) == '@'
      local came = is_part and string.format('@%d', clock()) or ' '
      local length = redis.call('RPUSH', mailbox, id .. came .. update)
      if length > most then
        redis.call('RPOP', mailbox)
        dropped = dropped + 1
        leave_out(shard, bot, conversation, id, update, remember)
      elseif length == 1 then
        local arrival = note_mail(shard, bot, conversation)
        if mine and places > 0 and not is_part then
          redis.call('HSET', shard .. 'begun', conversation, id)
          local b = #begun
          begun[b + 1], begun[b + 2], places = n, arrival, places - 1
          begun[b + 3], begun[b + 4] = states_of(shard, conversation, states)
        end
      end
    end
  end
  for seen in pairs(seen_in) do
    redis.call('EXPIRE', seen, remember)
  end
  if new > dropped and not look_only then
    count(shard, bot, new - dropped)
  end
  if dropped > 0 then
    redis.call('HINCRBY', shard .. 'dropped', bot, dropped)
  end
  answer[i] = { new > 0 and not mine and record[1] or '', new, dropped, unpack(begun) }
  at = at + 3 + 3 * updates
end
return answer
