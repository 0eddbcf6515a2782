-- Divides the limit of one network between all runs that share it. Every run calls this about twice a second.
--
-- KEYS[1] is the network. It holds the runs and how many places of the window each of them may have in use. The places
-- of all runs together are never more than the limit has calls, and a run keeps to its places by its own count of the
-- calls that may still count at the network's server. So the limit holds for any latency and any stall.
--
-- `clock` is time in which runs were served, in microseconds. It moves on by `longest_gap` at most between two calls: when
-- the server was stopped, or its clock was set, nobody could speak, and nobody is taken for dead because of that.
--
-- A call whose answer got lost does no harm: the next one says how many places the run really holds.

local id, seq, verb, machine = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local held, calls, window = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local longest_gap, silent, last_call = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local settle, keep, margin = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])

local server = redis.call('TIME')
local now = tonumber(server[1]) * 1000000 + tonumber(server[2])

local meta, runs, me = {}, {}, nil
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local name = string.match(stored[i], '^run:(.+)$')
  if name then
    local word = {}
    for part in string.gmatch(stored[i + 1], '%S+') do word[#word + 1] = part end
    local run = {
      id = name, seq = tonumber(word[1]), heard = tonumber(word[2]), places = tonumber(word[3]), left = word[4] == '1',
      joined = tonumber(word[5]), calls = tonumber(word[6]), window = tonumber(word[7]), machine = word[8],
    }
    runs[#runs + 1] = run
    if name == id then me = run end
  else
    meta[stored[i]] = tonumber(stored[i + 1])
  end
end

-- The answer to a call that its run has given up: nobody listens, and what it says is out of date.
if me and seq <= me.seq then return {0} end

-- Time. Whoever was there before the server came back gets `settle` to say so; until then nobody's part grows.
local changed = {}
local clock, settled = 0, settle
if meta.clock then
  local passed = now - meta.time
  clock = meta.clock + math.max(0, math.min(passed, longest_gap))
  settled = meta.settled
  if passed > silent then
    for _, run in ipairs(runs) do
      if not run.left then
        settled = clock + settle
        run.heard = math.max(run.heard, settled - silent)
        changed[run] = true
      end
    end
  end
end

-- What this run says.
if verb ~= 'look' then
  if not me then
    meta.joined = (meta.joined or 0) + 1
    me = {id = id, joined = meta.joined}
    runs[#runs + 1] = me
  end
  me.seq, me.heard, me.places, me.left = seq, clock, held, verb == 'leave'
  me.calls, me.window, me.machine = calls, window, machine
  changed[me] = true
end

-- Who is there, and what the others may still have in use. The calls of a run that left or died leave the window as they
-- came. Nobody knows when that was: it may have been given places at the end, and have used them one after the other. So the
-- calls of the last part of the window are as many as fit in there with a period between them, and one more on its way.
local live, others, gone = {}, 0, {}
for _, run in ipairs(runs) do
  local places = run.places
  if not run.left and clock - run.heard <= silent then
    live[#live + 1] = run
  else
    local period = run.window / run.calls
    local since = run.heard + (run.left and period or last_call)
    places = math.max(0, math.min(places, math.ceil((run.window - (clock - since)) / period)))
    if places == 0 then gone[#gone + 1] = 'run:' .. run.id end
  end
  if run ~= me then others = others + places end
end
table.sort(live, function(a, b) return a.joined < b.joined end)

-- Runs that were given different limits keep to the lowest.
for _, run in ipairs(live) do
  local mine, theirs = calls / window, run.calls / run.window
  if theirs < mine or (theirs == mine and run.calls < calls) then calls, window = run.calls, run.window end
end

-- Every machine gets the same part, and divides it between its runs. Slots go round in the same way.
local machines, runs_of, nth = 0, {}, {}
local index = {}
for _, run in ipairs(live) do
  if not index[run.machine] then
    index[run.machine], runs_of[run.machine] = machines, 0
    machines = machines + 1
  end
  nth[run], runs_of[run.machine] = runs_of[run.machine], runs_of[run.machine] + 1
end
local left_over = calls
for _, run in ipairs(live) do
  run.stride = machines * runs_of[run.machine]
  run.target = math.floor(calls / run.stride)
  left_over = left_over - run.target
end
-- What cannot be divided goes round too.
local first = math.floor(clock / (2 * window))
for i = 0, #live - 1 do
  local run = live[(first + i) % #live + 1]
  if left_over > 0 and calls % run.stride ~= 0 then
    run.target, left_over = run.target + 1, left_over - 1
  end
end

local granted, target, share, stride, wait = 0, 0, math.max(1, machines), math.max(1, machines), 0
if me and not me.left then
  -- With more runs than calls, a run that has a place for now uses it as quickly as it can.
  target, share, stride = me.target, me.stride, math.min(me.stride, calls)
  granted = held
  if clock >= settled then granted = math.max(0, math.min(calls - others, math.max(target, held))) end
  me.places = math.max(held, math.min(granted, target))
  local slot = window * margin / calls
  local next_slot = math.ceil(clock / slot)
  local offset = index[me.machine] + machines * nth[me]
  wait = (next_slot + (offset - next_slot) % stride) * slot - clock
end

if verb ~= 'look' then
  local function text(n) return string.format('%.0f', n) end
  local fields = {'clock', text(clock), 'time', text(now), 'settled', text(settled), 'joined', text(meta.joined or 0)}
  for run in pairs(changed) do
    local words = {
      text(run.seq), text(run.heard), text(run.places), run.left and '1' or '0', text(run.joined), text(run.calls),
      text(run.window), run.machine,
    }
    fields[#fields + 1], fields[#fields + 2] = 'run:' .. run.id, table.concat(words, ' ')
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
  redis.call('PEXPIRE', KEYS[1], keep)
end
return {
  1, now, granted, target, share, stride, math.floor(wait), calls, window, #live, machines, math.max(0, settled - clock),
}
