-- Notes which bots are to drop what came before this start, unless a replica has beaten since the caller looked.
-- Returns 1, or 0 if one has. KEYS[1]: prefix. ARGV: seconds to remember it, count of replicas that the caller saw, each
-- of these and its last beat, then the bots
local dropping, count = KEYS[1] .. 'dropping', tonumber(ARGV[2])
if redis.call('HLEN', KEYS[1] .. 'replicas') ~= count then
  return 0
end
for i = 3, 2 * count + 1, 2 do
  if redis.call('HGET', KEYS[1] .. 'replicas', ARGV[i]) ~= ARGV[i + 1] then
    return 0
  end
end
redis.call('DEL', dropping)
for i = 2 * count + 3, #ARGV do
  redis.call('SADD', dropping, ARGV[i])
end
redis.call('EXPIRE', dropping, ARGV[1])
return 1
