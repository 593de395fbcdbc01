-- What scripts of the inbox share. A shard is given by the beginning of its keys; fleet/inbox/__init__.py lists them.
local function count(shard, bot, change)
  for _, field in ipairs({ bot, 'all' }) do
    if redis.call('HINCRBY', shard .. 'waiting', field, change) <= 0 then
      redis.call('HDEL', shard .. 'waiting', field)
    end
  end
end

-- A conversation got its first update. Its holder hears of it, and finds it again if it does not. Returns its arrival.
local function note_mail(shard, bot, conversation)
  local arrival = redis.call('HINCRBY', shard .. 'shard', 'entered', 1)
  redis.call('ZADD', shard .. 'ready:' .. bot, arrival, conversation)
  redis.call('ZADD', shard .. 'news', arrival, conversation)
  return arrival
end

local function bot_of(conversation)
  return string.match(conversation, '^%d+')
end
