// What real mail showed, through the whole server: policies that delete forged headers, mark mail, and look at parts, names and URIs must not be evaded
// by how a message is written down.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = `
local actions = {
  clean = function()
    for _, name in ipairs { 'Authentication-Results', 'X-Spam-Flag' } do
      while header.find(name, 1) do header.delete(name, 1) end
    end
    header.modify('Subject', 1, '[SPAM] x')
    header.add('X-Spam-Flag: YES')
  end,
  add = function() header.add('X-Added: yes') end,
  exe = function()
    for i, part in ipairs(mime.parts) do
      for _, name in ipairs(part.filenames or {}) do
        if name:find('%.exe$') then return '550 5.7.1 part ' .. i .. ' ' .. part.filename .. ' ' .. tostring(part.disposition) end
      end
    end
  end,
  uris = function()
    local hosts = {}
    for i, key in ipairs(uri.found) do hosts[i] = uri.found[key].host end
    return '550 5.7.1 ' .. #mime.parts .. ' ' .. table.concat(hosts, ' ') .. ' ' .. tostring(uri.found.truncated)
  end,
  odd = function()
    local names = {}
    for name in pairs(mime.defects) do names[#names + 1] = name end
    for name in pairs(mime.limits) do names[#names + 1] = name end
    table.sort(names)
    return '550 5.7.1 ' .. table.concat(names, ' ')
  end,
}
local todo
function hook.mail(sender) todo = sender:match('^[^@]*') end
function hook.dot() return actions[todo]() end
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
      'limit-mime-parts': '3',
      'limit-uris': '2',
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

/** `|` is CRLF. The reply, and what was forwarded. */
async function send(
  todo: string,
  text: string,
): Promise<readonly [reply: string, forwarded: string | undefined]> {
  const before = hop.connections.flatMap((connection) => connection.contents).length;
  await client.command(`MAIL FROM:<${todo}@x.example>`);
  await client.command('RCPT TO:<b@example.net>');
  await client.command('DATA');
  client.send(Buffer.from(`${text.replaceAll('|', '\r\n')}\r\n.\r\n`, 'latin1'));
  const reply = await client.reply();
  const contents = hop.connections.flatMap((connection) => connection.contents).slice(before);
  return [reply.trimEnd(), contents[0]?.toString('latin1').replaceAll('\r\n', '|')];
}

test.each([
  [
    'Authentication-Results : mx.me; dkim=pass|X-Spam-Flag : NO|Subject : buy||x',
    'Subject: [SPAM] x|X-Spam-Flag: YES||x|',
  ],
  [
    'Authentication-Results\t(c): mx.me; dkim=pass|x-spam-flag (a:b): NO|SUBJECT\t: buy||x',
    'Subject: [SPAM] x|X-Spam-Flag: YES||x|',
  ],
  ['From: a|junk|Subject: buy|X-Spam-Flag: NO||x', 'From: a|Subject: [SPAM] x|X-Spam-Flag: YES|junk||x|'],
])('forged headers are found however they are written: %s', async (text, forwarded) => {
  expect(await send('clean', text)).toEqual([expect.stringMatching(/^250 /), forwarded]);
});

test.each([
  ['hello world|this is text', 'X-Added: yes|hello world|this is text||'],
  ['From: a|this is text|To: b||x', 'From: a|X-Added: yes|this is text|To: b||x|'],
  [
    'Content-Type: multipart/mixed; boundary=b|--b|Content-Type: text/plain||x',
    'Content-Type: multipart/mixed; boundary=b|X-Added: yes||--b|Content-Type: text/plain||x|',
  ],
  ['From me Mon Jan  1|To: b||x', 'From me Mon Jan  1|To: b|X-Added: yes||x|'],
])('header.add never lands in the body or in a part: %s', async (text, forwarded) => {
  expect(await send('add', text)).toEqual([expect.stringMatching(/^250 /), forwarded]);
});

test.each(['this is no header', 'X Foo: 1', 'X-\xe9: 1', 'From me Mon', ': x'])(
  'an attachment behind the line %j is seen',
  async (line) => {
    const text = `From: a@x.example|X-A: 1|${line}|Content-Type: multipart/mixed; boundary=b||--b||hi|--b|Content-Type: application/octet-stream; name=x.exe||MZ|--b--`;
    expect((await send('exe', text))[0]).toBe('550 5.7.1 part 3 x.exe nil');
  },
);

test('so is one whose name stands in Content-Disposition only', async () => {
  const text = "Content-Disposition: ATTACHMENT; filename*=utf-8''x%2Eexe||MZ";
  expect((await send('exe', text))[0]).toBe('550 5.7.1 part 1 x.exe attachment');
});

test.each([
  ['7bit (no base64)', 'http://evil.example.com/x', '1 evil.example.com nil'],
  [
    'base64',
    Buffer.from('Привет http://evil.example.com/x', 'utf16le').toString('base64'),
    '1 evil.example.com nil',
  ],
])('text in %s is searched as it is read', async (encoding, body, seen) => {
  const text = `Content-Type: text/plain; charset=utf-16le|Content-Transfer-Encoding: ${encoding}||${body}`;
  expect((await send('uris', text))[0]).toBe(`550 5.7.1 ${seen}`);
});

test('what is not listed any more is told', async () => {
  const links = ['a', 'b', 'c'].map((name) => `http://${name}.example.com/`).join('|');
  expect((await send('uris', `Subject: s||${links}`))[0]).toBe(
    '550 5.7.1 1 a.example.com b.example.com true',
  );
  const parts = `Content-Type: multipart/mixed; boundary=b||${'--b||x|'.repeat(5)}--b--`;
  expect((await send('odd', parts))[0]).toBe('550 5.7.1 limit-mime-parts unclosed_multipart');
  expect((await send('odd', 'From : a|junk||x'))[0]).toBe('550 5.7.1 header_blank header_line');
});

test('line ends of broken scripts end one line', async () => {
  const [reply, forwarded] = await send('add', 'From: a@x.example\r|Subject: s\r|\r|hello\r');
  expect(reply).toMatch(/^250 /);
  expect(forwarded).toBe('From: a@x.example|Subject: s|X-Added: yes||hello|');
});
