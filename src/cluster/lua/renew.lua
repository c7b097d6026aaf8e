-- Renews a worker's lease, and lists who is registered and how long each lease still runs.
-- KEYS: the registry (id -> entry), the worker's own lease. ARGV: its id, the lease in ms (0: it lets it run out), its
-- entry, what leases' names begin with: each id's own is in this slot too.
local registry, lease = KEYS[1], KEYS[2]
local id, leaseMs, entry, leases = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local again = 0
if leaseMs > 0 then
  -- Not SET: that is refused while memory is full.
  if redis.call('PEXPIRE', lease, leaseMs) == 0 then
    redis.call('SET', lease, '1', 'PX', leaseMs)
    again = 1
  end
  if redis.call('HEXISTS', registry, id) == 0 then redis.call('HSET', registry, id, entry) end
end

local reply = { again }
local all = redis.call('HGETALL', registry)
for place = 1, #all, 2 do
  reply[#reply + 1] = all[place]
  reply[#reply + 1] = all[place + 1]
  reply[#reply + 1] = redis.call('PTTL', leases .. all[place])
end
return reply
