-- head, then where whoever was at the seen place goes on: seq, and the id and time of the entry there.

-- Where the log parted from what was seen: at the beginning of a run that had less than the one before. Of the runs that began after
-- the place was seen, the one that had least; where the clocks do not tell, the latest that had not so much.
local function seam(log)
  local latest, lowest = 0, nil
  for at, head in string.gmatch(log.breaks, '(%d+):(%d+)') do
    head = tonumber(head)
    if head < seen.seq then
      latest = head
      if tonumber(at) > (tonumber(seen.at) or 0) then
        lowest = math.min(head, lowest or head)
      end
    end
  end
  return lowest or latest
end

local function goOn(log, begins)
  if seen.epoch == log.epoch or seen.seq <= begins then
    return math.max(seen.seq, begins)
  end
  local record = seen.id ~= '' and seen.seq <= log.head and recordAt(seen.seq)
  if record and isSeen(record) then
    return seen.seq
  end
  return math.max(seam(log), begins)
end

local log = open()
saveIfChanged(log)
local first = firstKept(log)
local seq = goOn(log, first - 1)
local record = seq >= first and recordAt(seq)
local answer = headOf(log)
answer[5] = int(seq)
answer[6] = record and idOf(record) or ''
answer[7] = record and int(timeOf(record)) or ''
return answer
