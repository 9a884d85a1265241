/** What the script answers for a window that has room, in the place of a wait. */
export const FITS = -2;

/**
 * Takes of all windows and the quota, or of none, in one step, by the clock of Redis. A window is a list: its sum, then `tick:count` for each
 * tick that something happened in, oldest first. It leaves Redis with its last entry.
 *
 * KEYS: since when Redis has its data, each window, the quota if there is one.
 * ARGV: how many windows; of each its limit, what this call weighs, its length and its tick in milliseconds (both below 0 when nothing ever
 * leaves), what the node knows to be used; of the quota its limit, the weight, its life in milliseconds, what the node knows.
 * What a node knows of a window counts only where Redis lost its data less than a window ago; of the quota always.
 *
 * Answers how many refused (windows and the quota), what is used of the quota, and of each window what is used, in how many milliseconds
 * the oldest leaves and in how many the call would fit (-1: never; -2: it fits).
 */
export const TAKE = `
local FOREVER = 34560000000
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local n = tonumber(ARGV[1])
local whole = function(x) return string.format('%.0f', x) end
local read = function(entry)
  local colon = string.find(entry, ':', 1, true)
  return tonumber(string.sub(entry, 1, colon - 1)), tonumber(string.sub(entry, colon + 1))
end

local born = tonumber(redis.call('get', KEYS[1]) or now)
redis.call('set', KEYS[1], whole(born), 'PX', FOREVER)

local slide = function(key, ms, tick, known)
  local sum = redis.call('lpop', key)
  if not sum then
    if known == 0 or (ms >= 0 and born <= now - ms) then return 0 end
    if ms >= 0 then redis.call('rpush', key, whole(math.ceil(now / tick)) .. ':' .. whole(known)) end
    return known
  end
  sum = tonumber(sum)
  if ms < 0 then return sum end
  local newest = redis.call('lindex', key, -1)
  if newest and read(newest) > math.ceil(now / tick) then
    redis.call('del', key)
    redis.call('rpush', key, whole(math.ceil(now / tick)) .. ':' .. whole(sum))
  end
  local gone = math.floor((now - ms) / tick)
  while true do
    local oldest = redis.call('lindex', key, 0)
    if not oldest then return 0 end
    local at, count = read(oldest)
    if at > gone then return sum end
    redis.call('lpop', key)
    sum = sum - count
  end
end

local frees = function(key, count, ms, tick)
  local from = 0
  while ms >= 0 do
    local entries = redis.call('lrange', key, from, from + 99)
    for _, entry in ipairs(entries) do
      local at, held = read(entry)
      count = count - held
      if count <= 0 then return at * tick + ms - now end
    end
    if #entries < 100 then return -1 end
    from = from + 100
  end
  return -1
end

local windows, refused = {}, 0
for i = 1, n do
  local a = 2 + (i - 1) * 5
  local w = { key = KEYS[i + 1], limit = tonumber(ARGV[a]), weight = tonumber(ARGV[a + 1]), ms = tonumber(ARGV[a + 2]), tick = tonumber(ARGV[a + 3]) }
  w.used = slide(w.key, w.ms, w.tick, tonumber(ARGV[a + 4]))
  w.over = w.used + w.weight - w.limit
  if w.over > 0 then refused = refused + 1 end
  windows[i] = w
end

local quota, used = KEYS[n + 2], 0
local q = 2 + n * 5
if quota then
  used = math.max(tonumber(redis.call('get', quota) or 0), tonumber(ARGV[q + 3]))
  if used + tonumber(ARGV[q + 1]) > tonumber(ARGV[q]) then refused = refused + 1 end
end

local answer = { refused }
for i, w in ipairs(windows) do
  local wait = ${FITS}
  if w.over > 0 then wait = frees(w.key, w.over, w.ms, w.tick) end
  if refused == 0 then
    w.used = w.used + w.weight
    if w.ms >= 0 then
      local tick, count = math.ceil(now / w.tick), w.weight
      local newest = redis.call('lindex', w.key, -1)
      if newest then
        local at, held = read(newest)
        if at == tick then
          redis.call('rpop', w.key)
          count = count + held
        end
      end
      redis.call('rpush', w.key, whole(tick) .. ':' .. whole(count))
    end
  end
  answer[#answer + 1] = w.used
  answer[#answer + 1] = w.used > 0 and frees(w.key, 1, w.ms, w.tick) or -1
  answer[#answer + 1] = wait
  if w.used > 0 then
    redis.call('lpush', w.key, whole(w.used))
    redis.call('pexpire', w.key, w.ms < 0 and FOREVER or w.ms + w.tick)
  end
end
if quota and refused == 0 then
  used = used + tonumber(ARGV[q + 1])
  redis.call('set', quota, whole(used), 'PX', ARGV[q + 2])
end
table.insert(answer, 2, used)
return answer
`;
