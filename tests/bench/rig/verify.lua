-- wrk asks about one key after the other. Arguments: a file of keys, a line each, and how to ask.
local keys = {}
local kind
local turn = 0

function init(args)
  for line in io.lines(args[1]) do keys[#keys + 1] = line end
  kind = args[2]
end

function request()
  turn = turn % #keys + 1
  local key = keys[turn]
  if kind == 'program' then
    local body = '{"key":"' .. key .. '","method":"GET","path":"/api/x?y=1","ip":"203.0.113.9"}'
    return wrk.format('POST', nil, { ['Content-Type'] = 'application/json' }, body)
  elseif kind == 'nginx' then
    return wrk.format('GET', nil, {
      ['X-API-Key'] = key,
      ['X-Original-Method'] = 'GET',
      ['X-Original-URI'] = '/api/x?y=1',
      ['X-Original-IP'] = '203.0.113.9',
    })
  end
  return wrk.format('GET', nil, { ['X-API-Key'] = key })
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"notGood":%d,"lost":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
