-- Shares the bots out among the replicas that take some. Returns how many this replica holds beyond its share, then
-- all that it holds; those beyond its share come last and are its own until it gives them back.
-- KEYS[1]: prefix. ARGV: replica, then the bots of the fleet
local me, leases, takers, replicas = ARGV[1], KEYS[1] .. 'leases', KEYS[1] .. 'takers', KEYS[1] .. 'replicas'
if not redis.call('ZSCORE', replicas, me) then
  return { 0 }  -- not known yet, or declared dead: then its bots are for others
end
redis.call('SADD', takers, me)

local names, alive = {}, {}
for _, name in ipairs(redis.call('SMEMBERS', takers)) do
  if redis.call('ZSCORE', replicas, name) then
    names[#names + 1] = name
    alive[name] = true
  else
    redis.call('SREM', takers, name)
  end
end
table.sort(names)
local bots = #ARGV - 1
local share = math.floor(bots / #names)
for rank, name in ipairs(names) do
  if name == me and rank <= bots % #names then
    share = share + 1
  end
end

local answer, free = { 0 }, {}
for i = 2, #ARGV do
  local holder = redis.call('HGET', leases, ARGV[i])
  if holder == me then
    answer[#answer + 1] = ARGV[i]
  elseif not (holder and alive[holder]) then
    free[#free + 1] = ARGV[i]
  end
end
for i = 1, math.min(#free, share - (#answer - 1)) do
  redis.call('HSET', leases, free[i], me)
  answer[#answer + 1] = free[i]
end
answer[1] = math.max(0, #answer - 1 - share)
return answer
