-- Takes what has to be told of a room, and leaves it for whoever took it and did not hear the reply.
-- KEYS: pending, what this worker has taken, version, attendees, the set of the worker that was to tell.
-- ARGV: what this taking is called, ms for which it is left, room.
local pending, taken, versionKey, attendees, set = unpack(KEYS)
local name, keepMs, room = ARGV[1], ARGV[2], ARGV[3]

local _, _, before = string.find(redis.call('HGET', taken, '') or '', '^(%S+)')
if before == name then return redis.call('HGETALL', taken) end
redis.call('SREM', set, room)
if redis.call('EXISTS', pending) == 0 then return {} end
redis.call('RENAME', pending, taken)
redis.call('PEXPIRE', taken, keepMs)
local version = string.match(redis.call('GET', versionKey) or '', '^%d+') or '0'
redis.call('HSET', taken, '', name .. ' ' .. version .. ' ' .. redis.call('HLEN', attendees))
return redis.call('HGETALL', taken)
