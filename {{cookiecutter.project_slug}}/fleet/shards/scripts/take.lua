-- Takes shards that nobody holds or whose holder is dead. What was in hand counts one more death and waits again.
-- KEYS: shards. ARGV: replica, then the replicas that are dead
-- Returns for each shard: its holder's name if that is another one that is not known to be dead; else: epoch, and for each
-- conversation in `tries`: its name, deaths, times it went back, milliseconds until it may begin
local replica, dead, answer = ARGV[1], { [''] = true, [ARGV[1]] = true }, {}
for i = 2, #ARGV do
  dead[ARGV[i]] = true
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function take(shard)
  redis.call('DEL', shard .. 'news')  -- first what frees memory
  local begun = redis.call('HKEYS', shard .. 'begun')
  for _, conversation in ipairs(begun) do
    local deaths, rest = string.match(redis.call('HGET', shard .. 'tries', conversation) or '0 0 0', '^(%d+)(.*)$')
    redis.call('HSET', shard .. 'tries', conversation, string.format('%d', (deaths or 0) + 1) .. (rest or ' 0 0'))
  end
  redis.call('DEL', shard .. 'begun')
  redis.call('HSET', shard .. 'shard', 'holder', replica, 'call', 0)
  local tries, all = redis.call('HGETALL', shard .. 'tries'), {}
  for n = 1, #tries, 2 do
    local deaths, backs, due = string.match(tries[n + 1], '^(%d+) (%d+) (%d+)$')
    all[#all + 1] = { tries[n], tonumber(deaths or 0), tonumber(backs or 0), math.max(0, (due or 0) - now) }
  end
  return { redis.call('HINCRBY', shard .. 'shard', 'epoch', 1), all }
end

for i, shard in ipairs(KEYS) do
  local holder = redis.call('HGET', shard .. 'shard', 'holder') or ''
  answer[i] = dead[holder] and take(shard) or holder
end
return answer
