-- KEYS: totals, when each worker was last seen, its sheet, what this worker has counted.
-- ARGV: worker, its sheet (nothing when it goes), for how many milliseconds a worker counts as there, for how many what it has counted
-- is kept, whether the whole is wanted; then a series and its count, and so on.
-- Counts only ever grow, and are given as they stand: told again, or told late, they add nothing.
local worker, sheet, stay, keep = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

for at = 6, #ARGV, 2 do
  local before = redis.call('HGET', KEYS[4], ARGV[at])
  local growth = tonumber(ARGV[at + 1]) - (before or 0)
  if not before or growth > 0 then
    redis.call('HINCRBYFLOAT', KEYS[1], ARGV[at], string.format('%.17g', growth))
    redis.call('HSET', KEYS[4], ARGV[at], ARGV[at + 1])
  end
end

if sheet == '' then
  redis.call('ZREM', KEYS[2], worker)
  redis.call('HDEL', KEYS[3], worker)
else
  redis.call('ZADD', KEYS[2], now, worker)
  redis.call('HSET', KEYS[3], worker, sheet)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - stay)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
end

redis.call('PEXPIRE', KEYS[1], keep)
redis.call('PEXPIRE', KEYS[2], stay)
redis.call('PEXPIRE', KEYS[3], stay)
redis.call('PEXPIRE', KEYS[4], keep)
if ARGV[5] == '0' then return false end
return { redis.call('HGETALL', KEYS[1]), redis.call('HVALS', KEYS[3]) }
