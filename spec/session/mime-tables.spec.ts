// mime.parts and uri.found as a policy in the running server sees them: every case of spec/vectors/mime.json sent over SMTP, with the tables
// read first at MAIL, in the middle of the message and at the dot.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { observe } from '../fakes/observe-message.ts';
import { onTheWire, type SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { asOriginal, cases, expectedParts, messageOf, present } from '../unit/message/mime/mime-cases.ts';
import { differences } from '../unit/message/mime/mime-differences.ts';

/** `first` is the hook that reads the tables before hook.dot does; strings are written as hexadecimal digits. */
const policy = (first: string, file: string): string => `
local function hex(s) return '"' .. (s:gsub('.', function (c) return ('%02x'):format(c:byte()) end)) .. '"' end
local function json(record)
  local fields = {}
  for key, value in pairs(record) do
    if type(value) == 'table' and value[1] then value = table.concat(value, '/') end
    if type(value) == 'table' then
      local words = {}
      for word in pairs(value) do words[#words + 1] = word end
      table.sort(words)
      value = table.concat(words, '/')
    end
    fields[#fields + 1] = ('"%s":%s'):format(key, type(value) == 'string' and hex(value) or tostring(value))
  end
  return '{' .. table.concat(fields, ',') .. '}'
end
${first === 'dot' ? '' : `hook.${first} = function () kept = { mime.parts, uri.found } end`}
function hook.dot()
  assert(kept == nil or (kept[1] == mime.parts and kept[2] == uri.found))
  local parts, uris = {}, {}
  for i, part in ipairs(mime.parts) do parts[i] = json(part) end
  for i, key in ipairs(uri.found) do uris[i] = json(uri.found[key]) end
  assert(#parts == #mime.parts and #uris == #uri.found)
  local out = assert(io.open('${file}', 'wb'))
  out:write('{"parts":[', table.concat(parts, ','), '],"uris":[', table.concat(uris, ','), ']}')
  out:close()
end
function hook.forward() return '250 2.0.0 seen' end
function hook.noop() return '250 ' .. #mime.parts .. ' ' .. #uri.found end
`;

interface Seen {
  readonly parts: readonly object[];
  readonly uris: readonly { readonly mime_part: number; readonly uri_raw: string; readonly host?: string }[];
}

function parse(text: string): Seen {
  const decode = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? Buffer.from(value, 'hex').toString('latin1') : value;
  return JSON.parse(text, decode) as Seen;
}

const latin1 = (value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;

describe.each(['mail', 'content', 'eoh', 'dot'])('read first in hook.%s', (first) => {
  let server: WholeServer;
  let client: SmtpClient;
  let file: string;
  beforeAll(async () => {
    server = await WholeServer.start();
    file = join(server.directory, 'tables.json');
    await server.reload(policy(first, file));
    client = await server.greeted();
    await client.command('EHLO client.example');
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  async function send(message: Buffer): Promise<Seen> {
    await client.command('MAIL FROM:<a@example.com>');
    await client.command('RCPT TO:<b@example.net>');
    await client.command('DATA');
    client.write(onTheWire(message));
    expect(await client.reply()).toBe('250 2.0.0 seen\r\n');
    return parse(await readFile(file, 'latin1'));
  }

  test.each(cases.map((item) => [item.name, item] as const))('%s', async (name, item) => {
    const difference = differences[name];
    const text = messageOf(item).toString('latin1');
    const normalised = text.replace(/\r?\n/g, '\r\n');
    // The last line end has to be CRLF for the dot to be seen.
    const seen = await send(Buffer.from(text.replace(/\r?\n$/, '\r\n'), 'latin1'));
    if (text !== normalised) {
      // Bare LF is made CRLF before anybody sees the message (smtp-bare-newline).
      const { parts, uris } = observe(normalised);
      expect(seen).toEqual({ parts: parts.map(present), uris: uris.map(present) });
      return;
    }
    expect(seen.parts.map(asOriginal)).toEqual(expectedParts(item, difference));
    if (difference?.uris !== undefined) {
      expect(seen.uris.map((uri) => [uri.mime_part, uri.uri_raw, uri.host])).toEqual(difference.uris);
      return;
    }
    const original = item.returns[0]?.['uri.found'].map(({ uri }) =>
      Object.fromEntries(Object.entries(uri).map(([key, value]) => [key, latin1(value)])),
    );
    expect(seen.uris.map(asOriginal)).toEqual(original);
  });

  test('a large message, part of it on disk', async () => {
    const body = Array.from(
      { length: 9000 },
      (_, i) => `line ${i} http://h${i % 50}.example.com/ and so on`,
    ).join('\r\n');
    const message = Buffer.from(`Subject: x\r\n\r\n${body}\r\n`);
    const { parts, uris } = observe(message);
    expect(await send(message)).toEqual({ parts: parts.map(present), uris: uris.map(present) });
    expect(uris.length).toBe(50);
  });

  test('outside a transaction the tables are empty', async () => {
    expect(await client.command('NOOP')).toBe('250 0 0\r\n');
  });
});
