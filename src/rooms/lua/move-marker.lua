-- Moves a marker forward in its epoch, or to another epoch, and says where it is then.
-- KEYS[1] the marker: "<seq> <epoch>"; ARGV: epoch, seq, seconds for which it is kept
local stored = redis.call('GET', KEYS[1])
if stored then
  local seq, epoch = string.match(stored, '^(%d+) (.*)$')
  if epoch == ARGV[1] and tonumber(seq) >= tonumber(ARGV[2]) then return stored end
end
local moved = ARGV[2] .. ' ' .. ARGV[1]
-- Where everybody begins: it is not kept, lest every room that somebody asks about takes room here.
if stored or ARGV[2] ~= '0' then redis.call('SET', KEYS[1], moved, 'EX', ARGV[3]) end
return moved
