-- head, then what is kept beside the entries: name, value, …
local log = open()
saveIfChanged(log)
local answer = headOf(log)
local meta = redis.call('HGETALL', metaKey)
for index = 1, #meta, 2 do
  if string.sub(meta[index], 1, 1) == '=' then
    answer[#answer + 1] = string.sub(meta[index], 2)
    answer[#answer + 1] = meta[index + 1]
  end
end
return answer
