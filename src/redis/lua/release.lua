-- Gives a lease back, and says so on the channel of its name. KEYS: the lease. ARGV: token.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('SPUBLISH', KEYS[1], '')
end
