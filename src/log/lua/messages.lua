-- The newest messages before ARGV[3], at most ARGV[4]: epoch, head, '1' if there are older ones, then newest first seq, record and the
-- record of its last revision.
local log = view()
local answer = { log.epoch, int(log.head), '0' }
local wanted = tonumber(ARGV[4])

-- One more than is wanted tells whether there are more.
local last = math.min(tonumber(ARGV[3]) - 1, log.head)
while last >= log.first and answer[3] == '0' do
  local from = math.max(log.first, last - math.min(BATCH, wanted + 1) + 1)
  local records = {}
  each(from, last, function(record, seq)
    records[seq] = record
  end)
  for seq = last, from, -1 do
    local sort = sortOf(records[seq])
    if sort == 'm' or sort == 'x' then
      if wanted == 0 then
        answer[3] = '1'
        break
      end
      wanted = wanted - 1
      answer[#answer + 1] = int(seq)
      answer[#answer + 1] = records[seq]
      answer[#answer + 1] = ''
    end
  end
  last = from - 1
end

for start = 4, #answer, 3 * BATCH do
  local fields = {}
  for index = start, math.min(#answer, start + 3 * BATCH - 1), 3 do
    fields[#fields + 1] = '~' .. answer[index]
  end
  for index, revisions in ipairs(redis.call('HMGET', entriesKey, unpack(fields))) do
    local newest = revisions and string.match(revisions, '(%d+)$')
    if newest then
      answer[start + 3 * index - 1] = redis.call('HGET', entriesKey, newest)
    end
  end
end
return answer
