// Hooks of scripts for Rumble (Rumble.setHook) in whole sessions: every verdict at every moment, the session table, and what is between them and
// pipelining, TLS, the policy and the limits. All cases share one server; a script is chosen by a word that the client says.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** `verdicts[word]` decides about NOOP word, RCPT word@, HELO word ...: the word is the last one of the line. */
const SCRIPT = `
  local verdicts = {
    ['false'] = function() return false end,
    failure = function() return 'failure' end,
    two = function() return 2 end,
    refuses = function(s) s:send('550 5.7.1 ', 'go away', '\\r\\n') return 'failure' end,
    greets = function(s) s:send('250 hm\\r\\n') return 'failure' end,
    yes = function() return true end,
    okay = function() return 'okay' end,
    one = function() return 1 end,
    nothing = function() end,
    null = function() return nil end,
    table = function() return {} end,
    word = function() return 'whatever' end,
    ignore = function(s) s:send('550 5.7.1 not today\\r\\n') return 'ignore' end,
    three = function(s) s:send('451 later\\r\\n') return 3 end,
    pieces = function(s) s:send('55') s:send('0-a\\r\\n') s:send('550 b\\r\\n') return 'ignore' end,
    silent = function() return 'ignore' end,
    open = function(s) s:send('550 ha') s:send('lf') return 'ignore' end,
    opencode = function(s) s:send('550-half') return 550 end,
    openends = function(s) s:send('550 half') return false end,
    openfails = function(s) s:send('421-half') error('open') end,
    n550 = function() return 550 end,
    n451 = function() return 451 end,
    n421 = function() return 421 end,
    n250 = function() return 250 end,
    n7 = function() return 7.5 end,
    broken = function() error('broken here') end,
    loops = function() while true do end end,
    asks = function(s)
      s:send('334 your name\\r\\n')
      local line, length, why = s:receive()
      s:send('550 ', line, ' ', length, ' ', tostring(why), '\\r\\n')
      return 'ignore'
    end,
    bytes = function(s)
      local data, count = s:receivebytes(5)
      s:send('550 ', (data:gsub('%s', '_')), ' ', count, '\\r\\n')
      return 'ignore'
    end,
    fields = function(s)
      local all = { s.protocol, s.address, s.service, s.port, s.helo, tostring(s.sender), #s.recipients, tostring(s.recipients[1]), type(s[0]) }
      for i = 1, #all do all[i] = tostring(all[i]) end
      s:send('550 ', table.concat(all, ' '), '\\r\\n')
      return 'ignore'
    end,
    keeps = function(s) kept = s end,
    uses = function() kept:send('xxx\\r\\n') local a, b, c = kept:receive() local d, e = kept:receivebytes(3)
      return 'ignore', print('kept:', a, b, c, d, e) end,
    dots = function(s) s.mine = (s.mine or 0) + 1 s:send('550 ', s.mine, '\\r\\n') return 'ignore' end,
    locks = function(s) s:lock() s:lock() s:unlock() s:unlock() s:send('550 locked\\r\\n') return 'ignore' end,
    holds = function(s) s:lock() s:send('334 held\\r\\n') s:receive() error('with the lock') end,
    wrong = function(s) local _, m = pcall(s.send, 'x') local _, n = pcall(s.receive, {}) s:send('550 ', m, ' | ', n, '\\r\\n') return 'ignore' end,
    sends = function(s) s:send(5) s:send(3, '550xyz') s:send(nil, true, ' ', 7, nil, ' ', 1.5, '\\r\\n') s:send() return 'ignore' end,
  }
  local seen = {}
  local function decide(session, line)
    local word = line:match('([%w]+)%W*$')
    local verdict = verdicts[word]
    if verdict then return verdict(session) end
  end
  for _, command in ipairs { 'helo', 'mail', 'rcpt', 'DATA', 'noop', 'xyzzy', 'auth', 'quit', 'bdat', 'rset', 'starttls' } do
    assert(Rumble.setHook(command == 'DATA' and function(s) if data == 'ignore' then s:send('550 ignored\\r\\n') return data end return tonumber(data) end or decide, 'smtp', 'command', command) == true)
  end
  Rumble.setHook(function(s, line) data = line:match('vrfy data (%w+)$') if data == 'answer' then s:send('') end end, 'smtp', 'command', 'vrfy')
  Rumble.setHook(function(session, line) closed = (closed or 0) + 1 print('close', tostring(line), session.address, session:receive()) session:send('late\\r\\n') return false end, 'smtp', 'close')
  Rumble.setHook(function(session, line)
    if accept then return accept(session, line) end
  end, 'smtp', 'accept')
  Rumble.setHook(function(session, line)
    local how = line:match('^HELP accept (%w+)')
    local says = { banner = function(s, l) s:send('220 my own\\r\\n') return 'ignore' end, refuse = function(s) s:send('554 no\\r\\n') return 'ignore' end,
      silent = function() return 'ignore' end, failure = function(s) return 'failure' end, code = function() return 554 end,
      broken = function() error('at the door') end, none = false }
    if how then accept = says[how] end
  end, 'smtp', 'command', 'help')
`;

const POLICY = `
  function hook.mail(address) if address == 'policy@x.test' then return '550 5.7.1 the policy' end end
  function hook.rcpt(address) if address == 'policy@x.test' then return '550 5.7.1 the policy' end end
  function hook.ehlo(name) if name == 'policy.test' then return '550 5.7.1 the policy' end end
  function hook.accept() asked = true end
  function hook.noop() if asked then return '250 asked' end return '250 not asked' end
`;

let server: WholeServer;
beforeAll(async () => {
  server = await WholeServer.start({
    policy: POLICY,
    files: { 'rumble.lua': SCRIPT },
    loadScripts: ['rumble.lua'],
    options: {
      'hook-cpu-limit': '200',
      'rumble-receive-timeout': '1',
      'limit-line-length': '4096',
      'limit-errors': '0',
      'limit-unknown': '0',
    },
  });
});
afterAll(() => server.stop());

/** Replies to commands, one after the other; `<closed>` where the session ends. */
async function talk(commands: readonly string[], client?: SmtpClient): Promise<readonly string[]> {
  const its = client ?? (await server.greeted());
  const replies: string[] = [];
  for (const command of commands) {
    const reply = await its.command(command);
    replies.push(reply.replace(/\r\n$/, '').replaceAll('\r\n', '|') || '<closed>');
    if (reply === '') break;
  }
  its.destroy();
  return replies;
}

const codes = (replies: readonly string[]): readonly string[] =>
  replies.map((reply) => (reply.startsWith('<') ? reply : reply.slice(0, 3)));

describe('what a hook returns', () => {
  it.each(['yes', 'okay', 'one', 'nothing', 'null', 'table', 'word', 'n250', 'n7'])(
    '%s goes on',
    async (word) => {
      expect(codes(await talk([`HELO ${word}`, 'MAIL FROM:<s@x.test>']))).toEqual(['250', '250']);
    },
  );

  it('is warned of when it is a number that is no verdict', () => {
    expect(server.said(/returned 7.5, which is no verdict; right would be/)).toHaveLength(1);
    expect(server.said(/returned 250, which is no verdict/)).toHaveLength(1);
  });

  it.each([
    ['false', '421 4.7.0 closing connection'],
    ['failure', '421 4.7.0 closing connection'],
    ['two', '421 4.7.0 closing connection'],
    ['greets', '250 hm'],
    ['refuses', '550 5.7.1 go away'],
    ['openends', '550 half'],
    ['openfails', '421-half|421 4.3.0 internal error'],
  ])('%s ends the session', async (word, reply) => {
    const replies = await talk([`HELO ${word}`, 'NOOP', 'NOOP']);
    expect(replies).toEqual(
      word === 'greets' ? [reply, '421 4.7.0 closing connection', '<closed>'] : [reply, '<closed>'],
    );
  });

  it.each([
    ['ignore', '550 5.7.1 not today'],
    ['three', '451 later'],
    ['pieces', '550-a|550 b'],
    ['silent', '451 4.3.0 not answered, try again later'],
    // What it has begun has an end: the next reply would be taken for the rest of it.
    ['open', '550 half'],
    ['opencode', '550-half|550 5.7.1 not taken'],
    ['n550', '550 5.7.1 not taken'],
    ['n451', '451 4.7.1 not now, try again later'],
  ])('%s: the command has no effect', async (word, reply) => {
    const replies = await talk([
      `HELO ${word}`,
      'MAIL FROM:<s@x.test>',
      `EHLO ${word}`,
      'MAIL FROM:<s@x.test>',
      'EHLO x',
      'MAIL FROM:<s@x.test>',
    ]);
    expect([replies[0], replies[2]]).toEqual([reply, reply]);
    expect(codes(replies)).toEqual([reply.slice(0, 3), '503', reply.slice(0, 3), '503', '250', '250']);
  });

  it('421 refuses and ends the session', async () => {
    expect(await talk(['HELO n421', 'NOOP'])).toEqual(['421 4.7.1 closing connection', '<closed>']);
  });

  it.each(['broken', 'loops'])('%s: the function has failed, and the session ends', async (word) => {
    expect(await talk([`HELO ${word}`, 'NOOP'])).toEqual(['421 4.3.0 internal error', '<closed>']);
    const place = word === 'broken' ? 'broken here' : 'used more than 200 ms of processor time';
    expect(
      server.said(new RegExp(`^err .*rumble.lua: command helo: .*rumble.lua:\\d+: ${place}`)),
    ).toHaveLength(1);
  });
});

describe('at each command', () => {
  it('an ignored MAIL leaves no sender, an ignored RCPT no recipient', async () => {
    const replies = await talk([
      'EHLO x',
      'MAIL FROM:<s@ignore>',
      'RCPT TO:<a@x.test>',
      'MAIL FROM:<s@x.test>',
      'RCPT TO:<a@ignore>',
      'DATA',
      'RCPT TO:<a@n550>',
      'RCPT TO:<a@x.test>',
      'RCPT TO:<b@fields>',
    ]);
    expect(codes(replies)).toEqual(['250', '550', '503', '250', '550', '503', '550', '250', '550']);
    expect(replies[8]).toMatch(/^550 IPv4 127\.0\.0\.1 smtp \d+ x s@x\.test 1 a@x\.test userdata$/);
  });

  it('hears nothing of what is out of sequence or not written right', async () => {
    const replies = await talk([
      'MAIL FROM:<s@ignore>',
      'EHLO x',
      'MAIL FROM:s@@ignore',
      'RCPT TO:<a@ignore>',
    ]);
    expect(codes(replies)).toEqual(['503', '250', '553', '503']);
  });

  it('DATA is refused by it before 354', async () => {
    expect(
      codes(
        await talk([
          ...[
            'EHLO x',
            'MAIL FROM:<s@x.test>',
            'RCPT TO:<a@x.test>',
            'vrfy data 550',
            'DATA',
            'vrfy data ignore',
            'DATA',
            'vrfy data 3',
            'NOOP',
          ],
        ]),
      ),
    ).toEqual(['250', '250', '250', '252', '550', '252', '550', '252', '250']);
  });

  it('other commands too, and those that smtpe does not have', async () => {
    const replies = await talk(['NOOP ignore', 'XYZZY ignore', 'XYZZY', 'EHLO x', 'RSET', 'NOOP n550']);
    expect(codes(replies)).toEqual(['550', '550', '502', '250', '250', '550']);
  });

  it('QUIT ends the session whatever it says', async () => {
    const client = await server.greeted();
    client.write('QUIT\r\n');
    expect(await client.reply()).toMatch(/^221 /);
    await client.closed();
  });

  it('octets behind a BDAT that it has refused are thrown away', async () => {
    const client = await server.greeted();
    await client.command('EHLO x');
    await client.command('MAIL FROM:<s@x.test>');
    await client.command('RCPT TO:<a@x.test>');
    client.write('BDAT 6 LAST\r\nNOOP\r\nNOOP\r\n');
    const [first, second] = [await client.reply(), await client.reply()];
    expect([first.slice(0, 3), second.slice(0, 3)]).toEqual(['451', '250']);
    client.destroy();
  });
});

describe('with AUTH and STARTTLS', () => {
  it('AUTH is refused before the dialogue, and asked about once', async () => {
    const its = await WholeServer.start({
      policy: "function hook.auth() return '235 2.7.0 in' end",
      files: {
        'rumble.lua': `Rumble.setHook(function(s, line)
          times = (times or 0) + 1
          if line:match('NTLM') then return 550 end
          if times == 1 then s:send('454 no\\r\\n') return 'ignore' end
        end, 'smtp', 'command', 'AUTH')`,
      },
      loadScripts: ['rumble.lua'],
      options: { 'smtp-auth-delay': '0', 'smtp-tls-auth-only': '-' },
    });
    const client = await its.greeted();
    await client.command('EHLO x');
    const login = ['AUTH LOGIN', 'AUTH LOGIN', 'Ym9i', 'c2VjcmV0'];
    const replies: string[] = [];
    for (const command of login) replies.push((await client.command(command)).trimEnd());
    expect(replies).toEqual(['454 no', '334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', '235 2.7.0 in']);
    client.destroy();
    await its.stop();
  });
});

describe('between it and the policy', () => {
  it('the policy is asked when it has nothing against it', async () => {
    const replies = await talk([
      'EHLO policy.test',
      'EHLO x',
      'MAIL FROM:<policy@x.test>',
      'NOOP',
      'NOOP ignore',
    ]);
    expect(replies.map((reply) => reply.slice(0, 9))).toEqual([
      '550 5.7.1',
      expect.stringMatching(/^250/),
      '550 5.7.1',
      '250 asked',
      '550 5.7.1',
    ]);
  });
});

describe('the session table', () => {
  it('receives the next line, whether it was pipelined or not, and the engine does not see it', async () => {
    const client = await server.greeted();
    client.write('NOOP asks\r\nQUIT me not\r\nNOOP\r\n');
    expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
      '334 your name\r\n',
      '550 QUIT me not 11 nil\r\n',
      '250 asked\r\n',
    ]);
    expect(await client.command('NOOP asks')).toBe('334 your name\r\n');
    client.write('la');
    client.write('ter\r\n');
    expect(await client.reply()).toBe('550 later 5 nil\r\n');
    expect(await client.command('NOOP asks')).toBe('334 your name\r\n');
    // Nobody says anything for a second, but half a line, which is the beginning of the next command.
    client.write('NO');
    expect(await client.reply()).toBe('550  0 timeout\r\n');
    client.write('OP\r\n');
    expect(await client.reply()).toBe('250 asked\r\n');
    client.destroy();
  });

  it('receives a line in parts when it is longer than limit-line-length', async () => {
    const client = await server.greeted();
    expect(await client.command('NOOP asks')).toBe('334 your name\r\n');
    client.write(`${'y'.repeat(4096)}NOOP\r\n`);
    expect((await client.reply()).slice(-9)).toBe('096 nil\r\n');
    expect(await client.reply()).toBe('250 asked\r\n');
    expect(await client.command('NOOP asks')).toBe('334 your name\r\n');
    client.write(`${'y'.repeat(4096)}\r\nNOOP\r\n`);
    expect((await client.reply()).slice(-9)).toBe('096 nil\r\n');
    expect(await client.reply()).toBe('250 asked\r\n');
    client.destroy();
  });

  it('gives a last line without its end, and then the end', async () => {
    const client = await server.greeted();
    client.socket.end('NOOP asks\r\ntail');
    expect([await client.reply(), await client.reply()]).toEqual(['334 your name\r\n', '550 tail 4 nil\r\n']);
    const other = await server.greeted();
    other.socket.end('NOOP asks\r\n');
    expect([await other.reply(), await other.reply()]).toEqual(['334 your name\r\n', '550  0 closed\r\n']);
  });

  it('receives octets, as many as were asked for, or what there is', async () => {
    const client = await server.greeted();
    client.write('NOOP bytes\r\nabc\r\nNOOP\r\n');
    expect([await client.reply(), await client.reply()]).toEqual(['550 abc__ 5\r\n', '250 asked\r\n']);
    client.write('NOOP bytes\r\nab');
    expect(await client.reply()).toBe('550 ab 2\r\n');
    client.write('NOOP bytes\r\n');
    expect(await client.reply()).toBe('550  -1\r\n');
    client.destroy();
  });

  it('sends numbers by their places, and says what is wrong with a table that is no session', async () => {
    expect(await talk(['NOOP sends', 'NOOP dots', 'NOOP dots', 'NOOP locks'])).toEqual([
      '550 7 1.5',
      '550 1',
      '550 1',
      '550 locked',
    ]);
    const [wrong = ''] = await talk(['NOOP wrong']);
    expect(wrong).toContain("bad argument #1 to 'send' (table expected, got string)");
    expect(wrong).toContain("bad argument #1 to 'receive' (table expected, got one that is no session)");
  });

  it('gives the lock back when a call that has it dies, and when its client leaves', async () => {
    const [one, two] = [await server.greeted(), await server.greeted()];
    expect(await one.command('NOOP holds')).toBe('334 held\r\n');
    two.write('NOOP locks\r\n');
    one.write('go on\r\n');
    expect(await one.reply()).toBe('421 4.3.0 internal error\r\n');
    expect(await two.reply()).toBe('550 locked\r\n');
    const gone = await server.greeted();
    expect(await gone.command('NOOP holds')).toBe('334 held\r\n');
    two.write('NOOP locks\r\n');
    gone.destroy();
    expect(await two.reply()).toBe('550 locked\r\n');
    two.destroy();
    await server.quiet();
  });

  it('leaves nothing behind when a client goes while it is waited for', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.greeted()));
    for (const client of clients) expect(await client.command('NOOP asks')).toBe('334 your name\r\n');
    for (const client of clients) client.destroy();
    await server.quiet();
    expect(await talk(['NOOP'])).toEqual(['250 asked']);
  });

  it('is as if the client had gone when its call is over', async () => {
    expect(codes(await talk(['NOOP keeps', 'NOOP uses']))).toEqual(['250', '451']);
    expect(server.said(/kept:/)).toEqual([expect.stringContaining('kept:\t\t0\tclosed\t\t-1')]);
  });
});

describe('at the beginning and at the end', () => {
  const greetings: readonly (readonly [how: string, banner: RegExp, next: string])[] = [
    ['banner', /^220 my own\r\n$/, '250'],
    ['refuse', /^554 no\r\n$/, '503'],
    ['silent', /^451 4\.3\.0 /, '503'],
    ['code', /^554 5\.7\.1 not taken\r\n$/, '503'],
    ['failure', /^421 4\.7\.0 closing connection\r\n$/, '<closed>'],
    ['broken', /^421 4\.3\.0 internal error\r\n$/, '<closed>'],
    ['none', /^220 mx\.example /, '250'],
  ];
  it.each(greetings)('accept: %s', async (how, banner, next) => {
    const settler = await server.connect();
    const client = await server.connect();
    await settler.reply();
    await client.reply();
    expect(codes([await client.command(`HELP accept ${how}`)])[0]).toMatch(/214|503/);
    const other = await server.connect();
    const greeting = await other.reply();
    const after = await other.command('HELO x');
    // Whoever came before is one of ours all the same.
    await settler.command('HELP accept none');
    expect(greeting).toMatch(banner);
    expect(codes([after === '' ? '<closed>' : after])).toEqual([next]);
    for (const one of [settler, client, other]) one.destroy();
  });

  it('close: told once, with nobody to talk to', async () => {
    const client = await server.greeted();
    const before = server.said(/close\t/).length;
    expect(await client.command('QUIT')).toMatch(/^221 /);
    await client.closed();
    await server.quiet();
    const lines = server.said(/close\t/);
    expect(lines.length).toBeGreaterThan(before);
    expect(lines.at(-1)).toContain('close\tnil\t127.0.0.1\t\t0\tclosed');
    expect(await client.reply()).toBe('');
  });
});

it('a script that hoards is stopped, and started anew', async () => {
  const its = await WholeServer.start({
    files: {
      'rumble.lua': `kept = {}
        Rumble.setHook(function(s, line)
          times = (times or 0) + 1
          if line == 'NOOP hoard' then while true do kept[#kept + 1] = ('x'):rep(100000) .. #kept end end
          s:send('250 ', times, '\\r\\n')
          return 'ignore'
        end, 'smtp', 'command', 'noop')`,
    },
    loadScripts: ['rumble.lua'],
    options: { 'lua-max-memory': '32', 'hook-cpu-limit': '5000' },
  });
  const one = await its.greeted();
  expect([await one.command('NOOP'), await one.command('NOOP')]).toEqual(['250 1\r\n', '250 2\r\n']);
  expect(await one.command('NOOP hoard')).toMatch(/^421 /);
  const other = await its.greeted();
  expect(await other.command('NOOP')).toBe('250 1\r\n');
  other.destroy();
  await its.stop();
});
