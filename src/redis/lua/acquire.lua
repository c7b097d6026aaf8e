-- Takes a lease that nobody holds, or takes one's own anew. KEYS: the lease. ARGV: holder, ttl in ms.
-- Returns the token, or nothing if another holds it. Tokens come from the time, so that one is never given twice, also after a flush.
local current = redis.call('GET', KEYS[1])
if current and string.sub(current, -#ARGV[1] - 1) ~= ' ' .. ARGV[1] then
  return false
end
local time = redis.call('TIME')
local token = time[1] .. string.format('%06d', time[2]) .. ' ' .. ARGV[1]
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token
