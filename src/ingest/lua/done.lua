-- Entries that need nobody any more: acknowledged, and out of the stream. KEYS: the stream. ARGV: group, then ids.
redis.call('XACK', KEYS[1], unpack(ARGV))
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
