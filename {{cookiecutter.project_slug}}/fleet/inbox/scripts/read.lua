-- Tells which conversations of bots have mail, the oldest first. KEYS[1]: shard. ARGV: most for each bot, then the bots
local answer = {}
for i = 2, #ARGV do
  answer[i - 1] = redis.call('ZRANGE', KEYS[1] .. 'ready:' .. ARGV[i], 0, ARGV[1] - 1)
end
return answer
