-- Reserves places in a row in which one may go every so often, shared by all who ask (GCRA): who asks late makes up for LATE.
-- KEYS[1]: when the next one may go; KEYS[2], if there is a budget: how many messages it still pays for, by broadcast
-- ARGV: microseconds between two, how many, and the broadcast, if there is a budget
-- Returns microseconds until the first one, less than none if it is late, and how many; none if the budget is spent
local LATE = 250000  -- microseconds
local time = redis.call('TIME')
local now, step, number = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2])
if KEYS[2] then
  number = math.min(number, tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or 0))
  if number <= 0 then
    return { 0, 0 }
  end
  redis.call('HINCRBY', KEYS[2], ARGV[3], -number)
end
local next = tonumber(redis.call('GET', KEYS[1]) or now)
if next > now + 60000000 then  -- the clock was set back
  next = now
end
next = math.max(next, now - LATE)
local past = next + step * number
redis.call('SET', KEYS[1], string.format('%d', past), 'PX', string.format('%d', (past - now) / 1000 + 1000))
return { next - now, number }
