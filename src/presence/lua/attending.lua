-- Who attends a room. KEYS: attendees, version. ARGV: skew in ms, at most how many. Returns version, count, members.
local version = tonumber(string.match(redis.call('GET', KEYS[2]) or '', '^%d+') or '0')
return { attendingOf(KEYS[1], version, tonumber(ARGV[2])) }
