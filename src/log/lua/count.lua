-- How many messages after ARGV[3] and up to ARGV[4], by others than ARGV[5], are there and not erased.
local log = view()
local except = ARGV[5] .. '\t'
local length = string.len(except)
local count = 0
each(math.max(tonumber(ARGV[3]) + 1, log.first), math.min(tonumber(ARGV[4]), log.head), function(record)
  if sortOf(record) == 'm' then
    local tab = string.find(record, '\t', 3, true)
    if string.sub(record, tab + 1, tab + length) ~= except then
      count = count + 1
    end
  end
end)
return count
