// mime.content, mime.text and mime.header in a session: when they may be called, what they say otherwise, what a changed message means for them, and
// that nothing stays open behind them.
import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = `
local todo, early
function hook.mail(sender) todo, early = sender:match('^[^@]*'), nil end
function hook.data() if todo == 'early' then early = select(2, pcall(mime.content, 1)) end end
local actions = {
  early = function() return early end,
  content = function() return mime.content(2) end,
  range = function() return mime.content(2, 3, 4) end,
  behind = function() return mime.content(2, 100) end,
  part = function() return mime.content(9) end,
  zero = function() return select(2, pcall(mime.content, 1, 0)) end,
  text = function() return (mime.text(2):gsub('\\n', '/')) end,
  limit = function() return mime.text(2, 5) end,
  header = function() return table.concat({ mime.header(2, 'content-id'), tostring(mime.header(2, 'X')), mime.header(2, 'Two', 2) }, ' ') end,
  much = function()
    local last, why
    for i = 1, 1000 do last, why = mime.content(2) if not last then break end end
    return tostring(last) .. ' ' .. tostring(why) .. ' ' .. tostring(mime.limits['limit-mime-read-bytes'])
  end,
  cut = function()
    local octets, more = mime.content(1)
    return #octets .. ' ' .. tostring(more) .. ' ' .. tostring(mime.limits['limit-mime-content-bytes'])
  end,
  changed = function()
    local before = mime.content(1)
    local file = assert(io.open(client.msg_file, 'wb'))
    file:write('Subject: other\\r\\n\\r\\nother text\\r\\n')
    file:close()
    return before .. '>' .. mime.content(1)
  end,
}
function hook.dot()
  if not actions[todo] then return end
  local a, b = actions[todo]()
  return '550 5.7.1 ' .. (tostring(a) .. ' ' .. tostring(b)):gsub('\\r\\n', '|')
end
function hook.forward()
  if todo == 'forward' then return '550 5.7.1 ' .. mime.content(1):gsub('\\r\\n', '|') end
end
`;

let hop: NextHop;
let server: WholeServer;
let client: RigClient;
beforeAll(async () => {
  hop = await NextHop.start();
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-smart-host': hop.target,
      'spool-memory': '100000',
      'limit-mime-content-bytes': '1024',
      'limit-mime-read-bytes': '300000',
      'limit-errors': '0',
    },
  });
  client = server.inMemory();
  await client.reply();
  await client.command('EHLO client.example');
});
afterAll(async () => {
  await client.quit();
  await server.stop();
  await hop.close();
});

async function begin(todo: string): Promise<void> {
  await client.command(`MAIL FROM:<${todo}@x.example>`);
  await client.command('RCPT TO:<b@example.net>');
  await client.command('DATA');
}

/** `|` is CRLF. */
async function send(todo: string, text: string): Promise<string> {
  await begin(todo);
  client.send(Buffer.from(`${text.replaceAll('|', '\r\n')}\r\n.\r\n`, 'latin1'));
  return (await client.reply()).trimEnd().replace('550 5.7.1 ', '');
}

const multipart = (part: string): string => `Content-Type: multipart/mixed; boundary=b||--b|${part}|--b--`;
const base64 = (text: string): string =>
  `Content-Transfer-Encoding: base64||${Buffer.from(text, 'latin1').toString('base64')}`;

test.each([
  ['early', 'x', 'message is not complete'],
  ['content', multipart(base64('hello')), 'hello false'],
  ['range', multipart(base64('hello')), 'll true'],
  ['behind', multipart(base64('hello')), ' false'],
  ['part', multipart(base64('hello')), 'nil there is no part 9: the message has 2'],
  ['zero', 'x', 'octets are counted from 1, not from 0'],
  [
    'text',
    multipart(
      `Content-Type: text/html; charset=iso-8859-1|${base64('<p>a &amp; \xe9<!-- x --><script>1</script></p>b')}`,
    ),
    '/a & \xc3\xa9/b',
  ],
  ['limit', multipart(`Content-Type: text/plain; charset=iso-8859-1|${base64('abcd\xe9f')}`), 'abcd true'],
  ['header', multipart('Content-ID: <a| b>|Two: 1|Two:  2 ||x'), '<a b> nil 2 nil'],
  ['cut', `Subject: x||${'y'.repeat(2000)}`, '1024 true true'],
  ['changed', 'Subject: x||text', 'text|>other text|'],
])('%s', async (todo, message, expected) => {
  const reply = await send(todo, message);
  expect(reply).toContain(expected);
});

test('in hook.forward the message can still be read', async () => {
  expect(await send('forward', 'Subject: x||text')).toBe('text|');
});

test('what all calls read together has an end', async () => {
  expect(await send('much', multipart(base64('z'.repeat(30_000))))).toBe(
    'nil too much of the message has been read already (limit-mime-read-bytes) true nil',
  );
});

test('a client that goes away leaves no file open', async () => {
  const gone = server.inMemory();
  await gone.reply();
  await gone.command('EHLO client.example');
  await gone.command('MAIL FROM:<much@x.example>');
  await gone.command('RCPT TO:<b@example.net>');
  await gone.command('DATA');
  gone.send(
    Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${'x\r\n'.repeat(60_000)}--b--\r\n.\r\n`,
    ),
  );
  gone.reset();
  const open = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${server.directory}/`);
      } catch {
        return false;
      }
    }).length;
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
});
