-- Appends notifications to the stream, for as long as the lease is held under this token.
-- KEYS: the lease, the stream. ARGV: token, then a user and a notification each. Returns 1, or 0 where the lease is another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
for at = 2, #ARGV, 2 do
  redis.call('XADD', KEYS[2], '*', 'to', ARGV[at], 'notification', ARGV[at + 1])
end
return 1
