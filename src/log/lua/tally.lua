-- How many messages after ARGV[3] and up to ARGV[4] are there and not erased: an author, how many are theirs, the next author, ... as JSON.
local log = view()
local places, answer = {}, {}
each(math.max(tonumber(ARGV[3]) + 1, log.first), math.min(tonumber(ARGV[4]), log.head), function(record)
  if sortOf(record) == 'm' then
    local by = string.match(record, '^1m%d+\t([^\t]*)\t')
    local place = places[by]
    if not place then
      place = #answer + 1
      places[by], answer[place], answer[place + 1] = place, by, 0
    end
    answer[place + 1] = answer[place + 1] + 1
  end
end)
return #answer > 0 and cjson.encode(answer) or '[]'
