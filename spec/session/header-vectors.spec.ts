// The calls of spec/vectors/header.json made by a policy in the running server while it receives the message: what they return, and what
// is in the message's file when hook.dot and hook.forward read it. header-differences.ts has what is not as in the original.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';
import { type HeaderAnswer, type HeaderCase, headerCases, headersOf, type Value } from './header-cases.ts';
import { differences, expected, ruled, rules } from './header-differences.ts';

const luaString = (text: string): string =>
  `"${[...text].map((char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`).join('')}"`;

const luaValue = (value: Value): string =>
  value === null ? 'nil' : typeof value === 'string' ? luaString(value) : String(value);

/** What stands behind the empty line; nothing when there is none. */
function bodyOf(message: string): string {
  if (message.startsWith('\r\n')) return message.slice(2);
  const end = message.indexOf('\r\n\r\n');
  return end < 0 ? '' : message.slice(end + 4);
}

/** Makes the calls the first time its hook runs; hook.forward writes everything to `file`, strings as hexadecimal digits. */
function policy(item: HeaderCase, file: string): string {
  const calls = item.calls.map(
    ([name, ...values]) => `call(${[`header.${name}`, ...values.map(luaValue)].join(', ')})`,
  );
  return `
local function hex(s) return '"' .. (s:gsub('.', function (c) return ('%02x'):format(c:byte()) end)) .. '"' end
local function json(v) return type(v) == 'string' and hex(v) or v == nil and 'null' or tostring(v) end
local returns = {}
local function call(f, ...)
  local all = table.pack(pcall(f, ...))
  while all.n > 1 and all[all.n] == nil do all.n = all.n - 1 end
  local values = {}
  for i = 2, all.n do values[i - 1] = json(all[i]) end
  returns[#returns + 1] = all[1] and '[' .. table.concat(values, ',') .. ']' or '{"error":' .. hex(all[2]) .. '}'
end
local made = false
local function make(hook_name)
  if made or hook_name ~= '${item.hook}' then return end
  made = true
  ${calls.join('\n  ')}
end
local function content(path)
  local file <close> = assert(io.open(path, 'rb'))
  return file:read('a')
end
local at_dot
${['mail', 'header', 'eoh', 'body'].map((name) => `function hook.${name}() make('${name}') end`).join('\n')}
function hook.dot(path)
  at_dot = content(path)
  make('dot')
end
function hook.forward(path)
  make('forward')
  local out <close> = assert(io.open('${file}', 'wb'))
  out:write('{"returns":[', table.concat(returns, ','), '],"atDot":', hex(at_dot), ',"atForward":', hex(content(path)), '}')
  return '250 2.0.0 seen'
end
`;
}

let server: WholeServer;
let file: string;
beforeAll(async () => {
  server = await WholeServer.start();
  file = join(server.directory, 'answer.json');
});
afterAll(() => server.stop());

async function answer(item: HeaderCase): Promise<HeaderAnswer> {
  expect(await server.reload(policy(item, file))).toBe('ready');
  const client = await server.connect();
  await client.envelope();
  // Only CRLF dot CRLF ends a message.
  client.write(item.message.replace(/\r?\n\.\r?\n$/, '\r\n.\r\n'));
  expect(await client.reply()).toBe('250 2.0.0 seen\r\n');
  client.destroy();
  const decode = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? Buffer.from(value, 'hex').toString('latin1') : value;
  return JSON.parse(await readFile(file, 'latin1'), decode) as HeaderAnswer;
}

test.each(headerCases.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
  const seen = await answer(item);
  expect(seen).toEqual(expected(item));
  // The list as the original gave it is compared too; it is in the file in hook.forward, the body behind it as it was in hook.dot.
  const { headers = item.original.headers, atForward } = differences[item.name] ?? {};
  if (atForward === undefined) expect(headersOf(seen.atForward)).toEqual(headers);
  expect(bodyOf(seen.atForward)).toBe(bodyOf(seen.atDot));
  // As they were received: the octets are not touched unless a call changed a header.
  if (item.calls.every(([name]) => name === 'find')) expect(seen.atForward).toBe(seen.atDot);
});

test('every case is there', () => {
  expect(headerCases.length).toBe(67);
});

test.each(Object.entries(differences))('the difference of %s is needed, all of it', (name, difference) => {
  const item = headerCases.find((each) => each.name === name);
  if (item === undefined) throw new Error('there is no such case');
  expect(difference.reason.length).toBeGreaterThan(20);
  const { returns, headers, atDot, atForward } = difference;
  const original = ruled(item);
  if (returns !== undefined) expect(returns).not.toEqual(original.returns);
  if (headers !== undefined) expect(headers).not.toEqual(item.original.headers);
  if (atDot !== undefined) expect(atDot).not.toBe(original.atDot);
  if (atForward !== undefined) expect(atForward).not.toBe(original.atForward);
  expect(expected(item)).not.toEqual(original);
});

test.each(rules.map((rule) => [rule.reason, rule] as const))('the rule is needed: %s', (_reason, rule) => {
  const changed = headerCases.filter((item) => {
    const { returns, atDot, atForward } = item.original;
    return (
      JSON.stringify(rule.change({ returns, atDot, atForward }, item)) !==
      JSON.stringify({ returns, atDot, atForward })
    );
  });
  expect(changed).not.toEqual([]);
});
