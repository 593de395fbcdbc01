-- Gives a broadcast that has not ended another state, also while memory is full. KEYS: those that have not ended, those
-- that have. ARGV: id, its state in the first, or '' and its state in the second. Returns whether it had not ended
local was = redis.call('HDEL', KEYS[1], ARGV[1])  -- first what frees memory
if was == 1 then
  redis.call('HSET', ARGV[2] ~= '' and KEYS[1] or KEYS[2], ARGV[1], ARGV[2] ~= '' and ARGV[2] or ARGV[3])
end
return was
