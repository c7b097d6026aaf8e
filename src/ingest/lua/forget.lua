-- Removes the names of consumers that are gone: one, or all that have not asked for so long. Never of one that still has entries, which
-- would be lost with it. KEYS: the stream. ARGV: group, idle time in ms, perhaps a name.
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then
  return
end
for _, consumer in ipairs(consumers) do
  local about = {}
  for at = 1, #consumer, 2 do
    about[consumer[at]] = consumer[at + 1]
  end
  local wanted = not ARGV[3] or ARGV[3] == about.name
  if wanted and about.pending == 0 and about.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
  end
end
