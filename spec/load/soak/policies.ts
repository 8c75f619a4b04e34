// The policies that the soak reloads one after the other: good ones that use much of the API and wait for DNS, and broken ones, which must
// leave the good one in service.

/** `n` makes every text another one. */
function good(n: number): string {
  return `-- revision ${n}
local seen, words = {}, {}
for i = 1, 200 do words[i] = 'word ${n} ' .. i end
local function ask(name)
  dns.open()
  dns.query(dns.class.IN, dns.type.A, name)
  local answers = dns.wait(true)
  dns.close()
  return answers[1] and answers[1].rcode
end
function hook.accept(ip) seen.ip = ip end
function hook.ehlo(name) seen.name = name ask('ehlo.soak.example') end
function hook.mail(sender) seen.sender = sender seen.headers = 0 end
function hook.rcpt(recipient, domain)
  ask(client.id_trans .. '.soak.example')
  if recipient:find('refused') then return '550 5.1.1 no such user' end
end
function hook.header(line) seen.headers = seen.headers + 1 end
function hook.body(line) seen.line = line end
function hook.dot(path)
  local parts, uris = #mime.parts, #uri.found
  if ${n} % 2 == 0 then
    local file = io.open(path, 'rb')
    file:read('*a')
    file:close()
  end
  header.add('X-Seen: ' .. seen.headers .. ' ' .. parts .. ' ' .. uris)
  if client.id_trans:sub(-1) == 'x' then error('now and then') end
end
function hook.close() seen, words = nil, nil end
`;
}

const broken = [
  'function (',
  "error('not today')",
  'while true do end',
  "function hook.init() error('no') end",
  "require 'nothing.of.that.name'",
] as const;

/** The nth policy; every third one is broken. */
export function policyText(n: number): { readonly text: string; readonly broken: boolean } {
  if (n % 3 !== 2) return { text: good(n), broken: false };
  return { text: broken[Math.floor(n / 3) % broken.length] ?? broken[0], broken: true };
}
