-- Gives bots back for others to take. KEYS[1]: prefix. ARGV: replica, then the bots
for i = 2, #ARGV do
  if redis.call('HGET', KEYS[1] .. 'leases', ARGV[i]) == ARGV[1] then
    redis.call('HDEL', KEYS[1] .. 'leases', ARGV[i])
  end
end
