// Changed messages on all their ways: to next hops that were asked before the message grew, by LMTP, in binary chunks, with SMTPUTF8, by the policy's own
// hand, and when the disk or the client is gone.
import { readdir } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../src/bench/ports/next-hop.ts';
import { spamdReply, startSpamd } from '../../src/bench/ports/spamd-server.ts';
import { canMount, smallDisk } from '../fakes/small-disk.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(policy: string, script: HopScript = {}, options: Record<string, string> = {}) {
  const hop = await NextHop.start(script);
  ends.push(() => hop.close());
  const server = await WholeServer.start({ policy, options: { 'smtp-smart-host': hop.target, ...options } });
  ends.push(() => server.stop());
  return { hop, server };
}

const contents = (hop: NextHop): readonly string[] =>
  hop.connections.flatMap((one) => one.contents.map((content) => content.toString('latin1')));

async function say(server: WholeServer, wire: string): Promise<string> {
  const client = server.inMemory();
  client.send(wire);
  const text = await client.rest();
  client.stream.end();
  await client.over;
  expect(server.app.spools.size).toBe(0);
  return text;
}

const footer = "function hook.dot() mime.add_footer{ text = 'a footer that makes it longer' } end";
const message = 'Subject: x\r\n\r\nhello\r\n';
const longer = `${message}a footer that makes it longer\r\n`;
const mail = (parameters = ''): string =>
  `EHLO c\r\nMAIL FROM:<a@b.example>${parameters}\r\nRCPT TO:<c@d.example>\r\n`;
const data = (content: string): string => `DATA\r\n${content}.\r\nQUIT\r\n`;

describe('a message that has grown', () => {
  it('is announced with its size to a next hop that was told a smaller one', async () => {
    const { hop, server } = await start(
      footer,
      { ehlo: '250-sink\r\n250 SIZE 100000\r\n' },
      { 'smtp-forward-at': 'rcpt' },
    );
    expect(await say(server, mail(` SIZE=${message.length}`) + data(message))).toMatch(/^250 2\.0\.0 /m);
    expect(contents(hop)).toEqual([longer]);
    expect(hop.commands.filter((line) => line.startsWith('MAIL'))).toEqual([
      `MAIL FROM:<a@b.example> SIZE=${message.length}`,
      `MAIL FROM:<a@b.example> SIZE=${longer.length}`,
    ]);
  });

  it('may be longer than smtp-max-size, which bounds what is received', async () => {
    const { hop, server } = await start(footer, {}, { 'smtp-max-size': '1000' });
    const text = `${message}${`${'y'.repeat(94)}\r\n`.repeat(10)}`;
    expect(text.length).toBeLessThan(1000);
    expect(await say(server, mail() + data(text))).toMatch(/^250 2\.0\.0 /m);
    expect(contents(hop)[0]?.length).toBeGreaterThan(1000);
  });

  it('goes in 7 bits where it came in 7 bits, also to a next hop that takes no others', async () => {
    const policy = "function hook.dot() mime.add_footer{ text = 'tsch\\xc3\\xbc\\xc3\\x9f' } end";
    const { hop, server } = await start(policy, { ehlo: '250 sink\r\n' });
    expect(await say(server, mail() + data(message))).toMatch(/^250 2\.0\.0 /m);
    expect(contents(hop)[0]).toContain('tsch=C3=BC=C3=9F');
  });
});

describe('the final message', () => {
  it('is what hook.forward and smtp.sendfile have', async () => {
    const hop = await NextHop.start();
    ends.push(() => hop.close());
    const policy = `${footer}
function hook.forward(path, sender, recipients)
  local file = assert(io.open(path, 'rb'))
  local text = file:read('*a')
  file:close()
  local ok, code = smtp.sendfile({ '${hop.target}' }, sender, recipients, path)
  return '250 2.0.0 ' .. tostring(ok) .. ' ' .. #text
end`;
    const { server } = await start(policy);
    expect(await say(server, mail() + data(message))).toContain(`250 2.0.0 true ${longer.length}`);
    expect(contents(hop)).toEqual([longer]);
  });

  it('keeps headers in UTF-8, and what is no line of a binary message', async () => {
    const binary =
      'Content-Type: multipart/mixed; boundary=b\r\nSubject: \xc3\xbc\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: a/b\r\n\r\n\0\n\r\xff\r\n--b\r\nContent-Type: c/d\r\n\r\nx\r\n--b--\r\n';
    const policy = `function hook.dot()
  assert(mime.remove(4, false))
  assert(mime.add_footer{ text = 'bye' })
  return select(2, mime.replace(3, '\\0\\n', { on_defect = 'leave' }))
end`;
    const ehlo = '250-sink\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n';
    const { hop, server } = await start(policy, { ehlo }, { 'smtp-binarymime': '+', 'smtp-utf8': '+' });
    const said = await say(
      server,
      `${mail(' BODY=BINARYMIME SMTPUTF8')}BDAT ${binary.length} LAST\r\n${binary}QUIT\r\n`,
    );
    expect(said).toMatch(/^250 2\.0\.0 /m);
    expect(contents(hop)).toEqual([
      binary
        .replace('hello\r\n', 'hello\r\nbye\r\n')
        .replace('\r\n--b\r\nContent-Type: c/d\r\n\r\nx', '')
        .replace(
          'Content-Type: a/b\r\n\r\n\0\n\r\xff',
          'Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAo=\r\n',
        ),
    ]);
  });

  it('is not changed where lines of its text are none', async () => {
    const text = 'Subject: x\r\n\r\na\nb\r\n';
    const policy =
      "function hook.dot() local ok, why = mime.add_footer{ text = 'bye' } syslog.info('why ' .. why) end";
    const ehlo = '250-sink\r\n250-CHUNKING\r\n250 BINARYMIME\r\n';
    const { hop, server } = await start(policy, { ehlo }, { 'smtp-binarymime': '+' });
    await say(server, `${mail(' BODY=BINARYMIME')}BDAT ${text.length} LAST\r\n${text}QUIT\r\n`);
    expect(contents(hop)).toEqual([text]);
    expect(server.said(/why binary/)).toHaveLength(1);
  });
});

describe('what goes wrong while it is written', () => {
  it('451 when the new file cannot be made, nothing is left, and the next message goes', async () => {
    const policy = `local two ${footer} local dot = hook.dot function hook.dot(path) if two then os.execute('touch ' .. path .. '.tmp') end return dot() end
function hook.rcpt(to) two = to:find('e@', 1, true) ~= nil end
function hook.reset() if client.msg_file then os.remove(client.msg_file .. '.tmp') end end`;
    const { hop, server } = await start(policy, {}, { 'spool-memory': '0' });
    const two = mail().replace(/RCPT.*\r\n/, (rcpt) => rcpt + rcpt.replace('c@d', 'e@d'));
    const wire = `${two}DATA\r\n${message}.\r\n${mail()}${data(message)}`;
    expect((await say(server, wire)).match(/^(?:451 4\.3\.0|250 2\.0\.0) /gm)).toEqual([
      '451 4.3.0 ',
      '250 2.0.0 ',
    ]);
    expect(contents(hop)).toEqual([longer]);
    expect((await readdir(server.spool)).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
  });

  it.skipIf(!canMount)(
    '452 when the disk is full, and no file is left (skipped where nothing can be mounted)',
    async () => {
      const disk = smallDisk('256k');
      ends.push(async () => disk.remove());
      const { hop, server } = await start(footer, {}, { 'spool-memory': '0', 'spool-dir': disk.directory });
      const big = `${message}${'0123456789abcde\r\n'.repeat(10_000)}`;
      expect(await say(server, mail() + data(big))).toMatch(/^452 4\.3\.1 /m);
      expect(contents(hop)).toEqual([]);
      expect(await readdir(disk.directory)).toEqual([]);
    },
  );

  it('a client that has gone leaves nothing', async () => {
    const { server } = await start(footer, {}, { 'spool-memory': '0' });
    for (let round = 0; round < 4; round++) {
      const client = await server.greeted();
      for (const line of ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'])
        expect(await client.command(line)).toMatch(/^[23]/);
      client.write(Buffer.from(`${message}${'0123456789abcde\r\n'.repeat(40_000)}.\r\n`));
      for (let turn = 0; turn < round * 30; turn++) await new Promise(setImmediate);
      client.destroy();
    }
    await server.quiet();
    expect(server.app.spools.size).toBe(0);
    expect(await readdir(server.spool)).toEqual([]);
  });
});

describe.each([
  ['in memory', '1000000'],
  ['on disk', '0'],
])('beside a filter that puts another message in the place, %s', (_title, memory) => {
  const filtered = `X-Spam: yes\r\n${message}`;
  const play = async (before: string, after: string, content: string) => {
    const spamd = await startSpamd(() => spamdReply(true, 9, filtered));
    ends.push(() => spamd.close());
    const policy = `
function hook.dot(path)
  ${before}
  assert(service.spamd(path, '${spamd.host}', 'PROCESS'))
  local result = service.wait(1).spamd
  syslog.info('filter ' .. tostring(result.replaced) .. ' ' .. tostring(result.error))
  ${after}
end`;
    const { hop, server } = await start(policy, {}, { 'spool-memory': memory });
    return { hop, server, said: await say(server, mail() + data(content)) };
  };
  const add = "assert(mime.add_footer{ text = 'a footer that makes it longer' })";
  const unsafe = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n';

  it('a footer stands under what it has made', async () => {
    const { hop, said } = await play("header.add('X-A: 1')", `${add} header.add('X-B: 1')`, message);
    expect(said).toMatch(/^250 2\.0\.0 /m);
    expect(contents(hop)).toEqual([`X-Spam: yes\r\n${longer}`.replace('\r\n\r\n', '\r\nX-B: 1\r\n\r\n')]);
  });

  it('it does not undo what is to be changed already', async () => {
    const { hop, server } = await play(add, '', message);
    expect(server.said(/filter nil .*cannot be replaced/)).toHaveLength(1);
    expect(contents(hop)).toEqual([longer]);
  });

  it('what could not be removed before is refused all the same, and told', async () => {
    const { hop, said, server } = await play('mime.remove(2)', '', unsafe);
    expect(server.said(/filter true/)).toHaveLength(1);
    expect(said).toMatch(/^554 5\.6\.3 /m);
    expect(contents(hop)).toEqual([]);
    expect(server.said(/not changed.*"change":"remove\(2\)".*"refused"/)).toHaveLength(1);
  });

  it('what was left before is told, and a footer can be put under what has come', async () => {
    const { hop, server } = await play("mime.add_footer{ text = 'x' }", add, unsafe);
    expect(contents(hop)).toEqual([`X-Spam: yes\r\n${longer}`]);
    expect(server.said(/not changed.*"change":"add_footer".*"left"/)).toHaveLength(1);
  });
});

describe('a next hop that fails', () => {
  const body = message + `${'z'.repeat(70)}\r\n`.repeat(3000);
  it.each(['rcpt', 'dot'])('the next one gets the whole changed message; smtp-forward-at=%s', async (at) => {
    const second = await NextHop.start();
    ends.push(() => second.close());
    const first = await NextHop.start({ data: { end: 'close' } });
    ends.push(() => first.close());
    const { server } = await start(
      footer,
      {},
      { 'smtp-smart-host': `${first.target},${second.target}`, 'smtp-forward-at': at },
    );
    expect(await say(server, mail() + data(body))).toMatch(/^250 2\.0\.0 /m);
    expect(contents(first)).toEqual([]);
    expect(contents(second)).toEqual([`${body}a footer that makes it longer\r\n`]);
  });

  it('answers for each recipient (LMTP): who has the changed message does not get it again', async () => {
    const hop = await NextHop.start({ dot: ['250 a\r\n452 4.2.2 full\r\n', '250 b\r\n'] });
    ends.push(() => hop.close());
    const { server } = await start(footer, {}, { 'smtp-smart-host': `lmtp:${hop.target}` });
    const two = `${mail()}RCPT TO:<e@d.example>\r\n`;
    const said = await say(server, `${two}DATA\r\n${message}.\r\n${two}${data(message)}`);
    expect(said.match(/^(?:451 4\.5\.0|250 2\.0\.0) /gm)).toEqual(['451 4.5.0 ', '250 2.0.0 ']);
    expect(contents(hop)).toEqual([longer, longer]);
    const last = hop.commands.slice(hop.commands.lastIndexOf('RSET'));
    expect(last.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<e@d.example>']);
  });
});

describe('a file that is not there', () => {
  it.each(["mime.add_footer{ text = 'x' }", 'mime.remove(1)', "mime.replace(1, 'x')"])(
    '%s raises an error that says so',
    async (change) => {
      const policy = `function hook.dot(path) os.remove(path) syslog.info('why ' .. select(2, pcall(function() ${change} end))) end`;
      const { hop, server } = await start(policy);
      expect(await say(server, mail() + data(message))).toMatch(/^451 4\.3\.0 /m);
      expect(server.said(/why .*the message cannot be read: ENOENT/)).toHaveLength(1);
      expect(server.said(/bug/)).toEqual([]);
      expect(contents(hop)).toEqual([]);
    },
  );
});

describe('a message of headers only', () => {
  it.each([
    ["mime.replace(1, 'bye')", 'Subject: x\r\nX-A: 1\r\n\r\nbye\r\n'],
    ["mime.add_footer{ text = 'bye' }", 'Subject: x\r\nX-A: 1\r\n\r\n'],
  ])('%s', async (change, forwarded) => {
    for (const memory of ['1000000', '0']) {
      const policy = `function hook.dot() ${change} header.add('X-A: 1') end`;
      const { hop, server } = await start(policy, {}, { 'spool-memory': memory });
      expect(await say(server, mail() + data('Subject: x\r\n'))).toMatch(/^250 2\.0\.0 /m);
      expect(contents(hop)).toEqual([forwarded]);
    }
  });
});
