-- The entry of an author's id (ARGV[3], "<by> <id>"): epoch, seq, record; or nothing.
local log = load()
local seq = log and redis.call('HGET', entriesKey, '=' .. ARGV[3])
local record = seq and redis.call('HGET', entriesKey, seq)
if not record or timeOf(record) <= oldest then
  return {}
end
return { log.epoch, seq, record }
