-- What the scripts that show who attends begin with. ARGV[1]: skew in ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])

-- Who attends a room: the version, how many, and at most so many of them as a JSON list of a user, a name, the next user, ... One text is read
-- in a tenth of the time that two hundred take. Without a version, below that of whatever comes next, and above all that was: versions are times.
local function attendingOf(attendees, version, most)
  local count = redis.call('HLEN', attendees)
  local shown = string.format('%.0f', version > 0 and version or now - 1)
  if count == 0 or most == 0 then return shown, count, '[]' end
  local found
  if count > most then
    found = redis.call('HRANDFIELD', attendees, most, 'WITHVALUES')
  else
    found = redis.call('HGETALL', attendees)
  end
  for place = 2, #found, 2 do
    found[place] = string.sub(found[place], string.find(found[place], '\n\n', 1, true) + 2)
  end
  return shown, count, cjson.encode(found)
end
