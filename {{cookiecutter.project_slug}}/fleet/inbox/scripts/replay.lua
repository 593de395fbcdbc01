-- Puts a dead letter back at the tail of its conversation, past the check for duplicates. Returns 1, or 0 if it is gone.
-- ARGV: the letter's id
local letters = prefix .. 'dead'
local found = redis.call('XRANGE', letters, ARGV[1], ARGV[1])[1]
if not found then
  return 0
end
local letter = {}
for i = 1, #found[2], 2 do
  letter[found[2][i]] = found[2][i + 1]
end
if not (letter.update and bot_of(letter.conversation or '')) then
  return 0  -- damaged: it stays, to be looked at and dropped
end
redis.call('XDEL', letters, ARGV[1])
if redis.call('RPUSH', mailbox(letter.conversation), letter.update) == 1 then
  enqueue('RPUSH', bot_of(letter.conversation), letter.conversation)
end
count(bot_of(letter.conversation), 1)
ring()
return 1
