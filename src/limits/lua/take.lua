-- KEYS: what was told of last. ARGV: rank, every so many milliseconds.
-- The value is the rank; its remaining life, less what it outlives its turn by, is what is left to wait.
local every = tonumber(ARGV[2])
local told = redis.call('GET', KEYS[1])
if told then
  if tonumber(ARGV[1]) < tonumber(told) then return -1 end
  local left = redis.call('PTTL', KEYS[1]) - every
  if left > 0 then return left end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', every * 2)
return 0
