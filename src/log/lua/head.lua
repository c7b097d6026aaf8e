local log = open()
saveIfChanged(log)
return headOf(log)
