-- Shuts gates, and tells which are shut. KEYS[1]: `gates`. ARGV: for each to shut its name and milliseconds
-- Returns for each that is shut its name and milliseconds until it opens
local time, answer = redis.call('TIME'), {}
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 2 do
  local opens = now + ARGV[i + 1]
  if opens > tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or 0) then
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%d', opens))
  end
end
local gates = redis.call('HGETALL', KEYS[1])
for i = 1, #gates, 2 do
  local left = (tonumber(gates[i + 1]) or 0) - now
  if left > 0 then
    answer[#answer + 1], answer[#answer + 2] = gates[i], left
  else
    redis.call('HDEL', KEYS[1], gates[i])
  end
end
return answer
