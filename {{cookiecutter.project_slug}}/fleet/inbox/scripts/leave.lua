-- Forgets a replica that has no turns left. ARGV: replica
local turns = prefix .. 'turns:' .. ARGV[1]
if redis.call('HLEN', turns) <= redis.call('HEXISTS', turns, '@') then
  forget(ARGV[1])
end
