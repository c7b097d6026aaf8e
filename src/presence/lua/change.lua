-- One step in which who attends a room changes.
-- KEYS: attendees (user -> a line `connection worker goneAt` each, an empty one, the name), version (`version born`),
--   pending (user -> how it ended, '' -> when it is to be told), what the names of workers' sets begin with (room user
--   connection; room: it is to tell), those workers, users who were told of as left for want of any trace. All of them are in
--   the room's slot, so that each worker's set is too.
-- ARGV: skew in ms, ms to gather, ms for which an empty room's version stays, worker, room, how many of those who attend then are to be
--   returned, version and born of those who are known (empty: none); then seven for each act:
--   its name, user, connection, the user's name (adopt: the dead worker), ms since it was dropped (-1: it is there; leave:
--   whether those who may have been there had the time to come back), and born and version as last seen ('-': never).
-- Returns version, born, whether this worker is to tell, then version, count and members of those who attend (none where they are
--   known, since a step that changes them changes the version), then what became of each act.
-- Where memory is full, Redis refuses the first write of a script if it takes memory, and none after it: so entering is
--   refused whole, and leaving (whose first write takes none) works.
local attendees, versionKey, pending, sets, workers, givenUp = unpack(KEYS)
local gatherMs, keepMs, me, room = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]

local version, born = string.match(redis.call('GET', versionKey) or '', '^(%d+) (%d+)$')
local storedBorn = born or ''
version = tonumber(version or '0')
local storedVersion = version
local changed, noted = false, false

local function bump()
  version = math.max(now, version + 1)
  born = born or string.format('%.0f', now)
  changed = true
end

-- How it ended, for a user: '+' has joined, '-' has left. The version tells the order in which they came.
local function note(user, sign, name)
  bump()
  noted = true
  redis.call('HSET', pending, user, string.format('%.0f', version) .. sign .. name)
end

-- What was seen is not there any more, since Redis has lost it or was rolled back; nobody has removed it. A room that was rolled
-- back is another one from now on, so that everybody finds that out.
local function isLost(seenBorn, seenVersion)
  if seenBorn == '-' or seenBorn ~= storedBorn then return seenBorn ~= '-' end
  if tonumber(seenVersion) <= storedVersion then return false end
  if born == storedBorn then
    born = nil
    bump()
  end
  return true
end

local function read(user)
  local value = redis.call('HGET', attendees, user)
  if not value then return nil end
  local cut = string.find(value, '\n\n', 1, true)
  local lines = {}
  for connection, worker, goneAt in string.gmatch(string.sub(value, 1, cut), '([^\n]+) (%S+) (%d+)\n') do
    lines[#lines + 1] = { connection = connection, worker = worker, goneAt = tonumber(goneAt) }
  end
  return { name = string.sub(value, cut + 2), lines = lines }
end

local function write(user, attendee)
  if #attendee.lines == 0 then return redis.call('HDEL', attendees, user) end
  local text = {}
  for place, line in ipairs(attendee.lines) do
    text[place] = line.connection .. ' ' .. line.worker .. ' ' .. string.format('%.0f', line.goneAt) .. '\n'
  end
  redis.call('HSET', attendees, user, table.concat(text) .. '\n' .. attendee.name)
end

local function find(attendee, connection)
  for place, line in ipairs(attendee and attendee.lines or {}) do
    if line.connection == connection then return place, line end
  end
end

local function disown(user, line)
  redis.call('SREM', sets .. line.worker, room .. ' ' .. user .. ' ' .. line.connection)
end

local function own(user, line)
  line.worker = me
  redis.call('SADD', sets .. me, room .. ' ' .. user .. ' ' .. line.connection)
  redis.call('SADD', workers, me)
end

local function remove(user, attendee, place)
  disown(user, table.remove(attendee.lines, place))
  write(user, attendee)
  if #attendee.lines == 0 then note(user, '-', attendee.name) end
  return 'done'
end

local acts = {}

-- It takes the place of one that was dropped, if there is one. Returns that one's connection where it was this worker's.
function acts.enter(user, connection, name)
  local attendee = read(user)
  local isKnown = attendee and attendee.name == name
  attendee = attendee or { lines = {} }
  attendee.name = name
  local place = find(attendee, connection)
  for each, line in ipairs(attendee.lines) do
    if not place and line.goneAt > 0 then place = each end
  end
  local replaced = place and table.remove(attendee.lines, place)
  if replaced and replaced.connection ~= connection or replaced and replaced.worker ~= me then disown(user, replaced) end
  local line = { connection = connection, goneAt = 0 }
  attendee.lines[#attendee.lines + 1] = line
  own(user, line)
  write(user, attendee)
  if not isKnown then note(user, '+', name) end
  return replaced and replaced.worker == me and replaced.connection or ''
end

-- A worker says again what it has. Who was removed by somebody meanwhile has joined anew; who was lost was there all the time.
function acts.register(user, connection, name, age, seenBorn, seenVersion)
  local attendee = read(user)
  local place, line = find(attendee, connection)
  local goneAt = tonumber(age) >= 0 and now - tonumber(age) or 0
  if line then
    if line.worker ~= me then disown(user, line) end
    own(user, line)
    if goneAt == 0 or line.goneAt == 0 then line.goneAt = goneAt end
    write(user, attendee)
    return 'done'
  end
  local lost = isLost(seenBorn, seenVersion)
  -- One that was dropped and is not there was replaced or sent out.
  if goneAt > 0 and not lost then return 'missing' end
  local isNew = not attendee
  attendee = attendee or { name = name, lines = {} }
  line = { connection = connection, goneAt = goneAt }
  attendee.lines[#attendee.lines + 1] = line
  own(user, line)
  write(user, attendee)
  local wasGivenUp = redis.call('SREM', givenUp, user) == 1
  if isNew and lost and not wasGivenUp then bump() elseif isNew then note(user, '+', name) end
  return 'done'
end

-- The same of one that was adopted: it stays with its own worker if that one has come back for it.
function acts.keep(user, connection, ...)
  local _, line = find(read(user), connection)
  if line then return line.worker == me and 'done' or 'missing' end
  return acts.register(user, connection, ...)
end

function acts.drop(user, connection, _, age, seenBorn, seenVersion)
  local attendee = read(user)
  local _, line = find(attendee, connection)
  if not line then return isLost(seenBorn, seenVersion) and 'lost' or 'missing' end
  if line.goneAt == 0 then
    line.goneAt = now - tonumber(age)
    write(user, attendee)
  end
  return 'done'
end

-- Whose worker is `me` or another: a worker whose lease has run out goes on hearing who leaves it.
function acts.leave(user, connection, name, isLate, seenBorn, seenVersion)
  local attendee = read(user)
  local place = find(attendee, connection)
  if place then return remove(user, attendee, place) end
  if attendee or not isLost(seenBorn, seenVersion) then return 'missing' end
  if isLate ~= '1' then return 'lost' end
  redis.call('SADD', givenUp, user)
  redis.call('PEXPIRE', givenUp, keepMs)
  note(user, '-', name)
  return 'done'
end

-- The grace of one that was adopted is over, unless its own worker has come back for it, or another has adopted it.
function acts.stop(user, connection)
  local attendee = read(user)
  local place, line = find(attendee, connection)
  if not line or line.worker ~= me or line.goneAt == 0 then return 'missing' end
  return remove(user, attendee, place)
end

function acts.expel(user)
  local attendee = read(user)
  if not attendee then return 'missing' end
  for _, line in ipairs(attendee.lines) do disown(user, line) end
  write(user, { lines = {} })
  note(user, '-', attendee.name)
  return 'done'
end

-- One of a dead worker's, its grace running from now on if it was not yet. Returns for how long it does, and the name.
function acts.adopt(user, connection, from)
  local attendee = read(user)
  local _, line = find(attendee, connection)
  disown(user, { worker = from, connection = connection })
  if not line or line.worker ~= from then return '' end
  own(user, line)
  if line.goneAt == 0 then line.goneAt = now end
  write(user, attendee)
  return string.format('%.0f', now - line.goneAt) .. ' ' .. attendee.name
end

local reply = { '', '', 0, '', 0, '' }
for at = 8, #ARGV, 7 do
  reply[#reply + 1] = acts[ARGV[at]](unpack(ARGV, at + 1, at + 6))
end

if changed then
  redis.call('SET', versionKey, string.format('%.0f', version) .. ' ' .. born)
  if redis.call('EXISTS', attendees) == 0 then redis.call('PEXPIRE', versionKey, keepMs) end
end
if noted then
  -- One that is overdue is nobody's any more.
  local dueAt = tonumber(redis.call('HGET', pending, '') or '0')
  if now > dueAt + gatherMs then
    redis.call('HSET', pending, '', string.format('%.0f', now + gatherMs))
    redis.call('SADD', sets .. me, room)
    redis.call('SADD', workers, me)
    reply[3] = 1
  end
  redis.call('PEXPIRE', pending, keepMs)
end
reply[1], reply[2] = string.format('%.0f', version), born or ''
local areKnown = ARGV[7] == reply[1] .. ' ' .. reply[2]
reply[4], reply[5], reply[6] = attendingOf(attendees, version, areKnown and 0 or tonumber(ARGV[6]))
return reply
