-- Who attends a room. KEYS: attendees, version. ARGV: skew in ms, at most how many. Returns version, count, users and names.
local version = string.match(redis.call('GET', KEYS[2]) or '', '^%d+')
if not version then
  -- Below that of whatever comes next, and above all that was: versions are times.
  local time = redis.call('TIME')
  version = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1]) - 1)
end
local count, most = redis.call('HLEN', KEYS[1]), tonumber(ARGV[2])
local reply = { version, count }
local found = {}
if count > most and most > 0 then
  found = redis.call('HRANDFIELD', KEYS[1], most, 'WITHVALUES')
elseif most > 0 then
  found = redis.call('HGETALL', KEYS[1])
end
for place = 1, #found, 2 do
  reply[#reply + 1] = found[place]
  reply[#reply + 1] = string.sub(found[place + 1], string.find(found[place + 1], '\n\n', 1, true) + 2)
end
return reply
