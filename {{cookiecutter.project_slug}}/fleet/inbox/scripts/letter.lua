-- Takes a dead letter away, and puts its update back into its mailbox if wanted, past the check for duplicates.
-- KEYS[1]: shard. ARGV: the letter's id in its stream, 1 to put it back
-- Returns whether there was that letter
local shard, letters = KEYS[1], KEYS[1] .. 'dead'
local found = redis.call('XRANGE', letters, ARGV[1], ARGV[1])[1]
if not found then
  return 0
end
local letter = {}
for i = 1, #found[2], 2 do
  letter[found[2][i]] = found[2][i + 1]
end
local whole = letter.update and letter.id and bot_of(letter.conversation or '')
if ARGV[2] == '1' and not whole then
  return 0  -- damaged: it stays, to be looked at and dropped
end
redis.call('XDEL', letters, ARGV[1])
redis.call('HINCRBY', shard .. 'shard', 'letters', 0 - (letter.size or 0))
if ARGV[2] ~= '1' then
  return 1
end
local conversation = letter.conversation
post(shard, conversation, letter.id .. ' ' .. letter.update)
return 1
