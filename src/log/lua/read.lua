-- After ARGV[3], up to ARGV[4], at most ARGV[5]: head, first, the seq of the first record, records.
local log = view()
local from = math.max(tonumber(ARGV[3]) + 1, log.first)
local answer = headOf(log)
answer[5] = int(log.first)
answer[6] = int(from)
each(from, math.min(tonumber(ARGV[4]), log.head, from + tonumber(ARGV[5]) - 1), function(record)
  answer[#answer + 1] = record
end)
return answer
