-- What every script that may change a log goes on with.
--   KEYS[3]  when the partition was born
--   ARGV[3]  what makes a new epoch unique, ARGV[4] metaTtlMs
--   ARGV[5…] the highest place in the log that the caller has seen: epoch, seq, id, at; empty where unknown

local MAX_BREAKS = 16

local seen = { epoch = ARGV[5], seq = tonumber(ARGV[6]) or 0, id = ARGV[7], at = ARGV[8] }

-- Epochs begin with their time, so that of two it can be told which is the later: a stored one that is earlier than one that somebody
-- has seen was rolled back.
local function timeOfEpoch(epoch)
  return tonumber(string.match(epoch, '^%d+')) or 0
end

local function newEpoch(before)
  return int(math.max(now, timeOfEpoch(before) + 1, timeOfEpoch(seen.epoch) + 1)) .. '-' .. ARGV[3]
end

-- Which run of a Redis server this is. Asked here, since nobody else can know by which one a command of his will be carried out.
local function currentRun()
  local info = redis.pcall('INFO', 'server')
  local _, before = string.find(type(info) == 'string' and info or '', 'run_id:', 1, true)
  return before and string.match(info, '^%x+', before + 1) or '-'
end

local function begin(before, forgottenAt)
  return {
    epoch = newEpoch(before),
    head = 0,
    first = 1,
    lastAt = now,
    counted = 0,
    forgottenAt = forgottenAt,
    run = currentRun(),
    breaks = int(now) .. ':0',
  }
end

-- A new run may have less than the one before it: where the log stood when it began to write is kept, with the time. Above the limit the
-- two oldest become one that is as careful as both.
local function addBreak(breaks, head)
  breaks = breaks .. ' ' .. int(now) .. ':' .. int(head)
  local _, count = string.gsub(breaks, ':', '')
  if count <= MAX_BREAKS then
    return breaks
  end
  local _, one, at, other, rest = string.match(breaks, '^(%d+):(%d+) (%d+):(%d+)(.*)$')
  return at .. ':' .. int(math.min(tonumber(one), tonumber(other))) .. rest
end

local function isSeen(record)
  local at, id = string.match(record, '^1%l(%d+)\t[^\t]*\t([^\t]*)\t')
  return known(id) == seen.id and (seen.at == '' or seen.at == at)
end

-- Whether somebody has seen more of this log than there is, or something else in its place.
local function isRolledBack(log)
  if seen.epoch ~= log.epoch then
    return timeOfEpoch(seen.epoch) > timeOfEpoch(log.epoch)
  end
  if seen.seq > log.head then
    return true
  end
  local record = seen.id ~= '' and seen.seq >= log.first and recordAt(seen.seq)
  return record and not isSeen(record)
end

-- Of a draft made before the log began it cannot be said whether one that was lost has held it.
local function openNew()
  -- Without its meta, what is left of a log cannot be read.
  local isRest = redis.call('UNLINK', entriesKey) == 1
  local born = tonumber(redis.call('GET', KEYS[3]) or '')
  local wasThere = isRest or seen.epoch ~= ''
  local log = begin('', ((wasThere or not born) and now or born) - 1)
  log.isNew, log.changed = true, wasThere
  return log
end

-- The log as it is to be changed: in a new epoch, where it was lost or rolled back. Nothing is saved yet but what is gone.
local function open()
  local log = load()
  if not log then
    return openNew()
  end
  local run = currentRun()
  if run ~= log.run then
    log.run, log.breaks, log.changed = run, addBreak(log.breaks, log.head), true
  end
  log.oldestRecord = log.first <= log.head and recordAt(log.first)
  if log.first <= log.head and not log.oldestRecord then
    if log.lastAt > oldest then
      -- Somebody has taken entries that should be there: an eviction, a DEL.
      redis.call('UNLINK', entriesKey)
      log = begin(log.epoch, now - 1)
    else
      -- They were too old, and their key has expired.
      log.forgottenAt, log.first, log.counted = log.lastAt, log.head + 1, 0
    end
    log.changed = true
  end
  if isRolledBack(log) then
    log.epoch, log.changed = newEpoch(log.epoch), true
  end
  return log
end

-- A key lives a while longer than it has to, so that not every write has to say so.
local function keepFor(key, ms)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, int(ms * 1.25 + 60000))
  end
end

local function save(log)
  redis.call('HSET', metaKey, 'epoch', log.epoch, 'head', int(log.head), 'first', int(log.first), 'lastAt', int(log.lastAt),
    'counted', int(log.counted), 'forgottenAt', int(log.forgottenAt), 'run', log.run, 'breaks', log.breaks)
  if log.isNew then
    redis.call('SET', KEYS[3], int(now), 'NX')
  end
end

local function saveIfChanged(log)
  if log.isNew or log.changed then
    save(log)
  end
  keepFor(metaKey, tonumber(ARGV[4]))
end
