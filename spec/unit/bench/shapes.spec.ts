// What editors are told of the tables that functions give is what the functions give: in a session with everything in it, no field that is not
// described, none that is missing, and each of the type that it has there.
import { expect, it } from 'vitest';
import type { ModuleSpec } from '../../../src/lua-api/module-spec.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const quoted = (text: string): string => JSON.stringify(text);

function* all(modules: readonly ModuleSpec[], path = ''): Generator<readonly [string, ModuleSpec]> {
  for (const module of modules) {
    yield [path + module.name, module];
    yield* all(module.modules, `${path}${module.name}.`);
  }
}

/** The shapes as a table of Lua, by name; a shape may go on from another one. */
function shapesInLua(): string {
  const modules = [...all(allModules())];
  const records = modules.flatMap(([, module]) =>
    module.records.map(({ fields, name, parent }) => {
      const lines = fields.map(
        ({ name: field, type }) => `[${quoted(field.replace(/^\["(.*)"\]$/, '$1'))}] = ${quoted(type)}`,
      );
      return `[${quoted(name)}] = { parent = ${parent === undefined ? 'nil' : quoted(parent)}, fields = { ${lines.join(', ')} } },`;
    }),
  );
  const enums = modules.flatMap(([path, { tables }]) =>
    tables.map(({ name }) => `[${quoted(`${path}.${name}`)}] = ${path}.${name},`),
  );
  return `local shapes = {\n${records.join('\n')}\n}\nlocal enums = { ${enums.join(' ')} }\n`;
}

const checker = `
local seen, faults = {}, {}
local fits

local function split(type)
  local parts, depth, from = {}, 0, 1
  for at = 1, #type do
    local c = type:sub(at, at)
    if c:find('[<({]') then depth = depth + 1 elseif c:find('[>)}]') then depth = depth - 1 end
    if c == '|' and depth == 0 then parts[#parts + 1] = type:sub(from, at - 1) from = at + 1 end
  end
  parts[#parts + 1] = type:sub(from)
  return parts
end

local function shaped(value, name, where)
  seen[name] = true
  local declared = {}
  local shape = shapes[name]
  while shape do
    for field, type in pairs(shape.fields) do declared[field] = type end
    shape = shapes[shape.parent]
  end
  for key, one in pairs(value) do
    local type = declared[key] or declared['[' .. (math.type(key) or type(key)) .. ']']
    if not type then faults[#faults + 1] = where .. ' has ' .. tostring(key) .. ', of which ' .. name .. ' says nothing'
    elseif not fits(one, type, where .. '.' .. tostring(key)) then
      faults[#faults + 1] = where .. '.' .. tostring(key) .. ' is ' .. tostring(one) .. ', no ' .. type
    end
  end
  for field, type in pairs(declared) do
    if field:sub(1, 1) ~= '[' and not fits(value[field], type, where) then
      faults[#faults + 1] = where .. '.' .. field .. ' is ' .. tostring(value[field]) .. ', no ' .. type
    end
  end
  return true
end

function fits(value, type_, where)
  local parts = split(type_)
  if #parts > 1 then
    for _, part in ipairs(parts) do if fits(value, part, where) then return true end end
    return false
  end
  if type_:find('^fun') then return type(value) == 'function' end
  if type_:sub(-1) == '?' then return value == nil or fits(value, type_:sub(1, -2), where) end
  if type_:sub(-2) == '[]' then
    if type(value) ~= 'table' then return false end
    for i, one in ipairs(value) do if not fits(one, type_:sub(1, -3), where .. '[' .. i .. ']') then return false end end
    return true
  end
  local k, v = type_:match('^table<(.-), (.*)>$')
  if k then
    if type(value) ~= 'table' then return false end
    for key, one in pairs(value) do if not (fits(key, k, where) and fits(one, v, where)) then return false end end
    return true
  end
  if enums[type_] then
    for _, one in pairs(enums[type_]) do if one == value then return true end end
    return false
  end
  if shapes[type_] then return type(value) == 'table' and shaped(value, type_, where) end
  if type_ == 'any' then return value ~= nil end
  if type_ == 'integer' then return math.type(value) == 'integer' end
  if type_ == 'nil' then return value == nil end
  if type_ == 'true' or type_ == 'false' then return tostring(value) == type_ end
  return type(value) == type_
end

local function check(value, type)
  if not fits(value, type, type) then faults[#faults + 1] = tostring(value) .. ' is no ' .. type end
end
`;

/** What must have been looked at. */
const wanted = `dns_answers dns_answer dns_record dns_mx service_results clamd_result spamd_result rspamd_result rspamd_symbol http_response smtp_last
  spf_result dkim_signature dmarc_result arc_chain auth_result header_address header_received header_results store_state client_tls mime_part
  mime_archive mime_archive_entry mime_defects mime_limits uri_found uri_in_message uri_parts`;

const policy = `
${shapesInLua()}${checker}
function hook.accept()
  dns.open()
  for _, type in ipairs { 'A', 'AAAA', 'MX', 'TXT', 'NS', 'SOA', 'SRV', 'PTR', 'CNAME' } do dns.query('IN', type, 'all.example') end
  dns.query('IN', 'A', 'gone.example')
  check(dns.wait(true), 'dns_answers')
  check(dns.mx('all.example'), 'dns_mx[]')
  check(client.tls, 'client_tls')
end
function hook.mail() check(client.parameters, 'table<string, string|true>') check(spf.check(), 'spf_result') end
function hook.rcpt()
  local _, states = store.rates{ { key = 'a', limit = 1, per = 60 } }
  check(states, 'store_state[]')
end
function hook.dot(path)
  service.clamd(path, '127.0.0.1:3310')
  service.spamd(path, '127.0.0.1:783', 'SYMBOLS')
  service.rspamd(path, '127.0.0.1:11333')
  service.http.request('http://127.0.0.1/x')
  check(service.wait(true), 'service_results')
  check(select(4, smtp.sendstring({ 'mx:25' }, 'a@b.example', { 'x@example.com' }, 'Subject: x')), 'smtp_last')
  check(dkim.verify(), 'dkim_signature[]')
  check(dmarc.check(), 'dmarc_result')
  check(arc.verify(), 'arc_chain')
  check(auth.parse('mx.example.com; spf=pass smtp.mailfrom=example.com'), 'auth_results')
  check(header.addresses('"A" <a@b.example>, B: c@d.example;'), 'header_address[]')
  check(header.received(), 'header_received[]')
  check(header.authresults(), 'header_results[]')
  check(mime.parts, 'mime_part[]')
  check(mime.defects, 'mime_defects')
  check(mime.limits, 'mime_limits')
  check(mime.parameters('text/plain; charset=x') and select(2, mime.parameters('text/plain; charset=x')), 'table<string, string>')
  check(mime.archive(3), 'mime_archive?')
  check(uri.found, 'uri_found')
  check(uri.parse('http://a@www.example.com:80/x?y#z'), 'uri_parts')
  check(util.getloadavg(), 'number[]')
  for name in ([[${wanted}]]):gmatch('%S+') do
    if not seen[name] then faults[#faults + 1] = 'there was no ' .. name end
  end
  if #faults > 0 then error('faults: ' .. table.concat(faults, '; ')) end
end`;

const test = `
local t = require 'smtpe.test'
t.dns {
  ['all.example A'] = '192.0.2.1', ['all.example AAAA'] = '2001:db8::1', ['all.example MX'] = '10 mx.example', ['all.example TXT'] = '"v=spf1 -all"',
  ['all.example NS'] = 'ns.example', ['all.example SOA'] = 'ns.example root.example 1 2 3 4 5', ['all.example SRV'] = '1 2 3 host.example',
  default = t.nxdomain,
}
t.clamd { default = 'Eicar' }
t.spamd { default = { score = 7, symbols = { 'BAYES' } } }
t.rspamd { default = { score = 7, symbols = { BAYES = 7 }, message = 'no' } }
t.http { ['http://127.0.0.1/x'] = { code = 200, body = 'x', headers = { ['Content-Type'] = 'text/plain; charset=x' } } }
t.next_hop('mx:25', {})
t.case('shapes', function(s)
  s:from('192.0.2.7', 'mx.b.example'):tls{}:mail('a@all.example', 'SIZE=100 BODY=8BITMIME'):rcpt('x@example.com')
  s:data(table.concat({
    'Received: from a.example (a.example [192.0.2.9]) by b.example with ESMTPS id 1 for <x@example.com>; Sat, 3 Jan 2026 11:00:00 +0000',
    'Authentication-Results: mx.example.com; spf=pass reason="x" smtp.mailfrom=b.example',
    'ARC-Seal: i=1; a=rsa-sha256; cv=none; d=b.example; s=x; b=AAAA', 'DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x; h=from; bh=AAAA; b=AAAA',
    'From: "A" <a@b.example>', 'Subject: hi', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=x', '',
    '--x', 'Content-Type: text/html', '', '<a href="http://www.example.com/a">http://other.example</a>', '--x',
    'Content-Type: application/zip; name=a.zip', 'Content-Disposition: attachment; filename=a.zip', 'Content-Transfer-Encoding: base64', '',
    'UEsDBAoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIKAAoAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==', '--x--', ''
  }, '\\n')):expect(250)
end)`;

it('no function gives a table that editors are told something else of', async () => {
  const run = await benchRun({ 'policy.lua': policy, 'policy_test.lua': test });
  const { failure } = run.case('shapes');
  // What hook.dot has raised, when something is wrong.
  expect(failure && JSON.stringify(failure.trail.slice(-4))).toBeUndefined();
});
