-- Notes which bots are to drop what came before this start, unless a replica has beaten since the caller looked.
-- Returns 1, or 0 if one has. KEYS[1]: prefix. ARGV: seconds to remember it, count of what the caller saw, that (each
-- replica and its last beat), then the bots
local dropping, seen = KEYS[1] .. 'dropping', redis.call('ZRANGE', KEYS[1] .. 'replicas', 0, -1, 'WITHSCORES')
if #seen ~= tonumber(ARGV[2]) then
  return 0
end
for i = 1, #seen do
  if seen[i] ~= ARGV[2 + i] then
    return 0
  end
end
redis.call('DEL', dropping)
for i = 3 + #seen, #ARGV do
  redis.call('SADD', dropping, ARGV[i])
end
redis.call('EXPIRE', dropping, ARGV[1])
return 1
