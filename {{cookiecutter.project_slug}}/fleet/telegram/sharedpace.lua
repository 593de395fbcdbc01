-- Takes places for messages to one chat, if there is room for one, as fleet/telegram/pace.py does in memory.
-- KEYS[1]: `pace:<bot>:<chat>`, a JSON array of Unix times in milliseconds: when the burst is whole again, and those
--   of the last minute's messages to a group
-- ARGV: messages, places to leave, milliseconds between two, how many at once, how many within a minute, and its
--   milliseconds; 0 instead of a rate: any number
-- Returns milliseconds after which it is worth asking again; 0: the places are taken
local MOST, SECOND = 100, 1000  -- messages in one call; milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count, spare, step, burst, most, minute = unpack(ARGV)
local told, left = cjson.decode(redis.call('GET', KEYS[1]) or '[0]'), 0
-- What is later than it can be was told before the clock was set back.
local sent = { told[1] <= now + (burst + MOST) * step and told[1] or 0 }
for i = 2, #told do
  if told[i] > now - minute and told[i] < now + SECOND then
    sent[#sent + 1] = told[i]
  end
end
if step ~= '0' then
  left = sent[1] - now - math.max(0, burst - 1 - spare) * step
  sent[1] = math.max(sent[1], now) + count * step
end
if most ~= '0' then
  local last = #sent + 1 - math.max(1, most - spare)
  if last > 1 then
    left = math.max(left, sent[last] + minute - now)
  end
  for _ = 1, count do
    sent[#sent + 1] = now
  end
end
if left > 0 then
  return left
end
redis.call('SET', KEYS[1], cjson.encode(sent), 'PX', string.format('%d', math.max(sent[1] - now, minute)))
return 0
