-- Makes a lease last longer, also when memory is out. KEYS: the lease. ARGV: token, ttl in ms. Returns 1, or 0 if it is lost.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
