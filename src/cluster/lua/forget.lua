-- Removes a dead worker from the registry, unless it has come back. KEYS: the registry, its lease. ARGV: its id.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
