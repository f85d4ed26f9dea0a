-- Asks for the codes of a file one after the other, for many clients behind a proxy; each thread
-- has its own part of the file. Arguments: file, Accept, how many lines of it (0: all), threads.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  width = #file:read("*l") + 1 -- all lines are equally long
  local lines = file:seek("end") / width
  local most = tonumber(args[3] or 0)
  if most > 0 and most < lines then lines = most end
  count = math.floor(lines / tonumber(args[4] or 1))
  file:seek("set", number * count * width)
  codes = file:read(count * width)
  file:close()
  at, turn = 0, 0
  tails = {}
  for n = 0, 4095 do
    tails[n] = " HTTP/1.1\r\nHost: tem.example.vn\r\n"
      .. "User-Agent: Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/141.0 Mobile\r\n"
      .. "Accept: " .. args[2] .. "\r\nAccept-Language: vi-VN,vi;q=0.9,en;q=0.8\r\n"
      .. string.format("X-Forwarded-For: 100.%d.%d.%d\r\n\r\n", 64 + n % 64, n / 64, 1 + n % 250)
  end
end

function request()
  at = at + 1
  if at >= count then at = 0 end
  turn = (turn + 1) % 4096
  local from = at * width + 1
  return "GET /s/" .. string.sub(codes, from, from + width - 2) .. tails[turn]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'json {"requests": %d, "microseconds": %d, "bytes": %d, "broken": %d, "not_200": %d}\n',
    summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.timeout, e.status))
end
