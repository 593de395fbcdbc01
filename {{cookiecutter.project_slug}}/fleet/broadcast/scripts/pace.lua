-- Reserves places in a row in which one may go every so often, shared by all who ask (GCRA without a burst).
-- KEYS[1]: when the next one may go. ARGV: microseconds between two, how many. Returns microseconds until the first one
local time = redis.call('TIME')
local now, step = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local next = tonumber(redis.call('GET', KEYS[1]) or now)
if next < now or next > now + 60000000 then  -- the row has come to its end, or the clock was set back
  next = now
end
local past = next + step * ARGV[2]
redis.call('SET', KEYS[1], string.format('%d', past), 'PX', string.format('%d', (past - now) / 1000 + 1000))
return string.format('%d', next - now)
