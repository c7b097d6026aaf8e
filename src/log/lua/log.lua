-- What every script of a log begins with. All keys of a log lie in one slot.
--   KEYS[1] entries: a hash, in one key so that nothing in it can be lost without the rest:
--             <seq>        the record of an entry
--             =<by> <id>   its seq: known for exactly as long as the entry is there
--             ~<seq>       the seqs of a message's revisions, oldest first
--   KEYS[2] meta: a hash that outlives the entries
--   ARGV[1] skewMs (tests alone), ARGV[2] ttlMs
--
-- A record is a header that needs no JSON, a line feed, and the JSON of the worker, which no script reads or writes (cjson fails on
-- lone surrogates, makes [] into {} and rounds 17 digits). Fields of the header are parted by tabs; there may be more than these:
--   1<sort><at> <by> <id> <kind> <target> <erasedAt> <contentAt>
-- 1 is the version. sort: m a message, x an erased one, c another entry that counts against the size, n one that does not.
-- contentAt: how many bytes of the JSON come before what is cut away when the entry is erased.
-- It holds neither epoch nor seq: a log that begins a new epoch keeps its entries under their seqs.

local entriesKey, metaKey = KEYS[1], KEYS[2]

-- tostring() writes large numbers as 1e+15.
local function int(number)
  return string.format('%.0f', number)
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local oldest = now - tonumber(ARGV[2])

local function known(field)
  if field == nil then
    error({ err = 'VERSION An entry was written by a release that this one does not understand' })
  end
  return field
end

local function timeOf(record)
  return tonumber(known(string.match(record, '^1%l(%d+)\t')))
end

local function sortOf(record)
  return known(string.match(record, '^1(%l)'))
end

local function idOf(record)
  return known(string.match(record, '^1%l%d+\t[^\t]*\t([^\t]*)\t'))
end

local function recordAt(seq)
  return redis.call('HGET', entriesKey, int(seq))
end

-- Lua's unpack takes some thousands of values, and not more.
local BATCH = 500

-- Calls visit(record, seq) for each entry of a stretch, in order.
local function each(from, to, visit)
  for start = from, to, BATCH do
    local seqs = {}
    for seq = start, math.min(to, start + BATCH - 1) do
      seqs[#seqs + 1] = int(seq)
    end
    local records = redis.call('HMGET', entriesKey, unpack(seqs))
    for index = 1, #seqs do
      visit(records[index], start + index - 1)
    end
  end
end

local function load()
  local meta = redis.call('HMGET', metaKey, 'epoch', 'head', 'first', 'lastAt', 'counted', 'forgottenAt', 'run', 'breaks')
  if not meta[1] then
    return nil
  end
  return {
    epoch = meta[1],
    head = tonumber(meta[2]),
    first = tonumber(meta[3]),
    lastAt = tonumber(meta[4]),
    counted = tonumber(meta[5]),
    forgottenAt = tonumber(meta[6]),
    run = meta[7],
    breaks = meta[8],
  }
end

-- The oldest seq that is there for a reader: what is too old is not, though nobody may have dropped it yet. `at` never goes back.
local function firstKept(log)
  local oldestRecord = log.lastAt > oldest and log.first <= log.head and recordAt(log.first)
  if not oldestRecord then
    return log.head + 1
  end
  if timeOf(oldestRecord) > oldest then
    return log.first
  end
  local tooOld, kept = log.first, log.head
  while kept - tooOld > 1 do
    local middle = math.floor((tooOld + kept) / 2)
    local record = recordAt(middle)
    if record and timeOf(record) > oldest then
      kept = middle
    else
      tooOld = middle
    end
  end
  return kept
end

-- epoch, head, lastAt, the last entry's id: how every answer begins.
local function headOf(log)
  local last = log.head > 0 and log.lastAt > oldest and recordAt(log.head)
  return { log.epoch, int(log.head), int(log.lastAt), last and idOf(last) or '' }
end

-- A log as a reader sees it, which changes nothing. One that was never written has an epoch that no log ever gets.
local function view()
  local log = load()
  if not log then
    return { epoch = 'none', head = 0, first = 1, lastAt = now }
  end
  log.first = firstKept(log)
  return log
end
