-- Tells of a host, unless another samples it by now, or has just done so. The ring can do without, as when memory is out.
-- KEYS: lease, pause, ring, hosts. ARGV: token, pause in ms, host, report, size of the ring, its age in ms, channel.
-- Returns 1, or 0 if it was not told.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if redis.pcall('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) == false then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.pcall('LPUSH', KEYS[3], ARGV[4])
redis.call('LTRIM', KEYS[3], 0, ARGV[5] - 1)
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.pcall('ZADD', KEYS[4], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[6])
redis.call('PEXPIRE', KEYS[4], ARGV[6])
redis.call('SPUBLISH', ARGV[7], ARGV[4])
return 1
