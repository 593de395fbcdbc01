-- Forgets a replica that has no turns left. ARGV: replica
if redis.call('HLEN', prefix .. 'turns:' .. ARGV[1]) <= redis.call('HEXISTS', prefix .. 'turns:' .. ARGV[1], '@') then
  redis.call('DEL', prefix .. 'turns:' .. ARGV[1])
  redis.call('ZREM', prefix .. 'replicas', ARGV[1])
  redis.call('HDEL', prefix .. 'steady', ARGV[1])
end
