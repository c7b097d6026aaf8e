-- Dedupe, guard, number, store, trim and publish.
--   KEYS[4]   the channel
--   ARGV[9]   size; by, id, kind, sort, target, how ('revise', 'erase'), contentAt, JSON
--   ARGV[18]  guard: '1' where there is a refusal already; epoch and author, after a '='; createdAt
--   ARGV[22…] what is kept beside the entries: name, then '=' and a value, or '' to take it away
-- Answers 'written', epoch, seq, at; 'duplicate', epoch, seq, record; or the code of a refusal.

local size = tonumber(ARGV[9])
local by, id, kind, sort, target, how, contentAt, json = unpack(ARGV, 10, 17)
local refused, guardEpoch, author, createdAt = unpack(ARGV, 18, 21)

-- Drops from the old end what is too old or too much.
local function trim(log)
  local fields = {}
  while log.first <= log.head do
    local sortOfIt, at, byOfIt, idOfIt = string.match(recordAt(log.first) or '', '^1(%l)(%d+)\t([^\t]*)\t([^\t]*)\t')
    at = tonumber(at)
    -- What a later release has written is for a later release to drop.
    if not at or (log.counted <= size and at > oldest) then
      break
    end
    if sortOfIt ~= 'n' then
      log.counted = log.counted - 1
    end
    local seq = int(log.first)
    fields[#fields + 1] = seq
    fields[#fields + 1] = '=' .. byOfIt .. ' ' .. idOfIt
    fields[#fields + 1] = '~' .. seq
    log.forgottenAt, log.first, log.changed = at, log.first + 1, true
    if #fields >= BATCH then
      redis.call('HDEL', entriesKey, unpack(fields))
      fields = {}
    end
  end
  if #fields > 0 then
    redis.call('HDEL', entriesKey, unpack(fields))
  end
end

local function refusalOf(log)
  if refused == '1' then
    return 'refused'
  end
  if guardEpoch ~= '' and guardEpoch ~= '=' .. log.epoch then
    return 'conflict'
  end
  if createdAt ~= '' and tonumber(createdAt) <= log.forgottenAt then
    return 'too_late'
  end
  if how == '' then
    return nil
  end
  local record = redis.call('HGET', entriesKey, target)
  if not record or sortOf(record) ~= 'm' then
    return 'not_found'
  end
  local writer = string.match(record, '^1%l%d+\t([^\t]*)\t')
  return author ~= '' and author ~= '=' .. writer and 'forbidden' or nil
end

-- The record without its content: cut away, byte for byte.
local function erased(record, at)
  local sortOfIt, fields, cutAt, more, rest =
    string.match(record, '^1(%l)(%d+\t[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t)[^\t]*\t(%d*)([^\n]*)\n(.*)$')
  if known(cutAt) ~= '' then
    rest = string.sub(rest, 1, tonumber(cutAt)) .. '}'
  end
  return '1' .. (sortOfIt == 'm' and 'x' or sortOfIt) .. fields .. at .. '\t' .. more .. '\n' .. rest
end

-- Adds to `fields` what else changes with the entry.
local function amend(fields, seq, at)
  local revisions = redis.call('HGET', entriesKey, '~' .. target)
  if how == 'revise' then
    fields[#fields + 1] = '~' .. target
    fields[#fields + 1] = revisions and revisions .. ' ' .. seq or seq
    return
  end
  for amended in string.gmatch(target .. ' ' .. (revisions or ''), '%d+') do
    local record = redis.call('HGET', entriesKey, amended)
    if record then
      fields[#fields + 1] = amended
      fields[#fields + 1] = erased(record, at)
    end
  end
end

local function keepValues()
  for index = 22, #ARGV, 2 do
    local value = ARGV[index + 1]
    if value == '' then
      redis.call('HDEL', metaKey, '=' .. ARGV[index])
    else
      redis.call('HSET', metaKey, '=' .. ARGV[index], string.sub(value, 2))
    end
  end
end

-- Whatever may still fail comes before the first change: what Redis has begun to change it does not take back.
local function write(log)
  log.head, log.lastAt = log.head + 1, math.max(now, log.lastAt)
  if sort ~= 'n' then
    log.counted = log.counted + 1
  end
  local seq, at = int(log.head), int(log.lastAt)
  local record = '1' .. sort .. table.concat({ at, by, id, kind, target, '', contentAt }, '\t') .. '\n' .. json
  local fields = { seq, record, '=' .. by .. ' ' .. id, seq }
  if how ~= '' then
    amend(fields, seq, at)
  end
  for start = 1, #fields, 2 * BATCH do
    redis.call('HSET', entriesKey, unpack(fields, start, math.min(#fields, start + 2 * BATCH - 1)))
  end
  if how == 'erase' then
    redis.call('HDEL', entriesKey, '~' .. target)
  end
  if log.counted > size then
    trim(log)
  end
  keepValues()
  save(log)
  keepFor(metaKey, tonumber(ARGV[4]))
  keepFor(entriesKey, tonumber(ARGV[2]))
  redis.call('SPUBLISH', KEYS[4], '1\t' .. log.epoch .. '\t' .. seq .. '\t' .. log.run .. '\n' .. record)
  return { 'written', log.epoch, seq, at }
end

local log = open()
if log.oldestRecord and timeOf(log.oldestRecord) <= oldest then
  trim(log)
end
local seq = redis.call('HGET', entriesKey, '=' .. by .. ' ' .. id)
local refusal = not seq and refusalOf(log)
if not seq and not refusal then
  return write(log)
end
-- A refusal makes no log, but what was found out about one that is or was there has to stay.
if log.changed then
  save(log)
end
return seq and { 'duplicate', log.epoch, seq, redis.call('HGET', entriesKey, seq) } or { refusal }
