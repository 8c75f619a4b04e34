// The scripts of spec/session/rumble-cases, unmodified, in one process: what each answers, as Rumble does but where doc/differences.md says otherwise.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolver } from '../../src/dns/resolver-api.ts';
import { LineClient } from '../fakes/line-client.ts';
import { console3 } from '../fakes/rumble-console.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';

const script = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'rumble-cases', `${name}.lua`), 'utf8');

let server: WholeServer | undefined;
const clients: LineClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server?.stop();
  server = undefined;
});

async function start(names: readonly string[], more: WholeServerSettings = {}): Promise<WholeServer> {
  const files = Object.fromEntries(names.map((name) => [`${name}.lua`, script(name)]));
  server = await WholeServer.start({
    ...more,
    files: { ...files, ...more.files },
    loadScripts: names.map((name) => `${name}.lua`),
    options: { 'rumble-allow': 'control', ...more.options },
  });
  return server;
}

async function client(port: number): Promise<LineClient> {
  const one = await LineClient.connect(port);
  clients.push(one);
  return one;
}

async function smtp(commands: readonly string[]): Promise<readonly string[]> {
  const its = await (server as WholeServer).greeted();
  const codes: string[] = [];
  for (const command of commands) codes.push((await its.command(command)).slice(0, 3) || '<closed>');
  its.destroy();
  return codes;
}

it('1: strings', async () => {
  const { log } = await start(['01-strings']);
  expect(log.lines.map(({ message }) => message)).toContain('strings: ready');
  const one = await client(2701);
  const rows: readonly (readonly [string, string])[] = [
    ['SHA some text', 'b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2'],
    ['SHA abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['ENC This is a test!', '[VGhpcyBpcyBhIHRlc3Qh]'],
    ['ENC a', '[YQ==]'],
    ['DEC VGhpcyBpcyBhIHRlc3Qh', '[This is a test!]'],
    ['DEC YQ==', '[a]'],
    ['DEC YW!Jj', '[a]'],
    ['TRIP This is a test!', 'true'],
    [`TRIP ${'x'.repeat(200)}`, 'true'],
  ];
  for (const [sent, expected] of rows) expect(await one.ask(sent)).toBe(expected);
  expect(await one.ask(`ENC ${'x'.repeat(100)}`)).toBe(`[${'eHh4'.repeat(18)}`);
  expect(await one.line()).toBe(`${'eHh4'.repeat(15)}eA==]`);
  one.write('\r\n');
  expect(await one.line()).toBe('<closed>');
});

it('2: files', async () => {
  const { directory } = await start(['02-files']);
  await writeFile(join(directory, 'here'), 'hello world');
  const ask = async (name: string): Promise<string> => (await client(2702)).ask(name);
  const fields = 'size=number created=number modified=number accessed=number mode=number';
  expect(await ask(join(directory, 'here'))).toBe(`11 true ${fields}`);
  expect(await ask('/nonexistent/x')).toBe('missing nil');
  expect(await ask('/etc')).toMatch(new RegExp(` ${fields}$`));
});

describe('4: echo', () => {
  it('answers each client its own lines', async () => {
    const { log } = await start(['04-echo']);
    expect(log.lines.map(({ message }) => message)).toContain('echo: ready');
    const [a, b] = [await client(2705), await client(2705)];
    expect([await a.line(), await b.line()]).toEqual(Array(2).fill('hello 127.0.0.1 over IPv4'));
    expect([await a.ask('abc'), await b.ask('x y  z '), await a.ask('d')]).toEqual([
      '3:abc',
      '7:x y  z ',
      '1:d',
    ]);
    expect(await b.ask('y'.repeat(1500))).toBe(`1500:${'y'.repeat(1500)}`);
    // A third one waits for its turn.
    const c = await client(2705);
    expect(await a.ask('e')).toBe('1:e');
    expect(c.buffered).toBe('');
    expect([await a.ask('bye'), await a.line()]).toEqual(['bye', '<closed>']);
    expect(await c.line()).toBe('hello 127.0.0.1 over IPv4');
    b.end('tail');
    expect([await b.line(), await b.line(), await b.line()]).toEqual(['4:tail', 'bye', '<closed>']);
  });

  it('says farewell to who says nothing', async () => {
    await start(['04-echo'], { options: { 'rumble-receive-timeout': '1' } });
    const one = await client(2705);
    expect(await one.linesTo('<closed>')).toEqual(['hello 127.0.0.1 over IPv4', 'bye', '<closed>']);
  });
});

it('5: HTTP', async () => {
  await start(['05-http']);
  const ask = async (...pieces: readonly string[]): Promise<string> => {
    const one = await client(2706);
    for (const piece of pieces) {
      one.write(piece);
      await new Promise((sent) => setTimeout(sent, 20));
    }
    if (pieces.at(-1) === '') one.end();
    return one.rest();
  };
  expect(await ask('GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n/hello?x=1',
  );
  const head = 'POST /p HTTP/1.1\r\nContent-Length: 11\r\n\r\n';
  const answer = /Content-Length: 17\r\n\r\n11\/11\/hello\0world$/;
  expect(await ask(`${head}hello\0world`)).toMatch(answer);
  expect(await ask(head, 'hello\0', 'world')).toMatch(answer);
  expect(await ask('POST /p HTTP/1.1\r\nContent-Length: 20\r\n\r\nhello\0world', '')).toMatch(answer);
});

describe('6: block list and exchangers', () => {
  const zone: Readonly<Record<string, readonly { preference: number; value: string }[]>> = {
    'mx.test': [
      { preference: 20, value: 'b.mx.test.' },
      { preference: 10, value: 'a.mx.test.' },
    ],
    'null.test': [{ preference: 0, value: '.' }],
  };
  const resolver = (listed: boolean, answers: () => boolean): Resolver =>
    ({
      query: async ({ name }: { readonly name: string }) => ({
        answer: (zone[name] ?? []).map((fields) => ({ type: 15, fields })),
      }),
      addresses: async (host: string) => {
        if (!answers()) await new Promise(() => undefined);
        if (host === '1.0.0.127.bl.example.test' && listed) return ['127.0.0.2'];
        return host === 'only-a.test' ? ['192.0.2.7'] : [];
      },
      reverse: async () => undefined,
      confirms: async () => false,
      close: () => undefined,
    }) as unknown as Resolver;

  it('refuses who is on the list', async () => {
    const whole = await start(['06-block-list-and-exchangers'], {
      ports: { resolver: resolver(true, () => true) },
    });
    const one = await whole.connect();
    expect([await one.reply(), await one.reply()]).toEqual([
      '554 5.7.1 127.0.0.1 is listed (127.0.0.2)\r\n',
      '',
    ]);
    await one.closed();
  });

  it('lets others in, and gives exchangers; who waits for a name holds up nobody', async () => {
    let answers = true;
    const whole = await start(['06-block-list-and-exchangers', '04-echo'], {
      ports: { resolver: resolver(false, () => answers) },
    });
    const one = await whole.connect();
    expect(await one.reply()).toMatch(/^220 /);
    const ask = async (domain: string): Promise<readonly string[]> => {
      const its = await client(2707);
      its.write(`${domain}\r\n`);
      return (await its.rest()).split('\r\n').slice(0, -1);
    };
    expect(await ask('mx.test')).toEqual(['10 a.mx.test', '20 b.mx.test', '2 found, hooked: true']);
    expect(await ask('only-a.test')).toEqual(['10 192.0.2.7', '1 found, hooked: true']);
    expect(await ask('null.test')).toEqual(['0 .', '1 found, hooked: true']);
    expect(await ask('nothing.test')).toEqual(['0 found, hooked: true']);
    answers = false;
    const [waits, echo] = [await client(2707), await client(2705)];
    waits.write('other.test\r\n');
    const began = performance.now();
    expect([await echo.line(), await echo.ask('x')]).toEqual(['hello 127.0.0.1 over IPv4', '1:x']);
    expect(performance.now() - began).toBeLessThan(100);
    one.destroy();
  });
});

it('8: verdicts', async () => {
  await start(['08-verdicts']);
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ...['true.test', 'okay.test', 'nothing.test', 'table.test', 'word.test'].map(
      (name) => [name, ['250', '250']] as const,
    ),
    ['number.test', ['550', '503']],
    ['ignore.test', ['550', '503']],
    ['failure.test', ['421', '<closed>']],
    ['false.test', ['421', '<closed>']],
  ];
  for (const [name, codes] of rows) {
    expect(await (await client(2709)).ask(name)).toBe('true');
    expect([name, await smtp(['HELO a', 'MAIL FROM:<s@x.test>'])]).toEqual([name, codes]);
  }
  for (const [name, codes] of [
    ['ignore.test', ['550', '503']],
    ['okay.test', ['250', '250']],
  ] as const) {
    expect(await (await client(2709)).ask(name)).toBe('true');
    expect(await smtp(['EHLO a', 'MAIL FROM:<s@x.test>'])).toEqual(codes);
  }
});

it('13: counter with lock', async () => {
  await start(['13-counter-with-lock']);
  const [a, b, c] = [await client(2714), await client(2714), await client(2714)];
  expect(await a.line()).toBe('got it');
  expect([b.buffered, c.buffered]).toEqual(['', '']);
  expect([await a.ask(''), await a.line()]).toEqual(['count 1', '<closed>']);
  expect([await b.line(), await b.ask('x')]).toEqual(['got it', 'count 2']);
  expect([await c.line(), await c.ask('x')]).toEqual(['got it', 'count 3']);
  const d = await client(2714);
  expect(await d.line()).toBe('got it');
  const e = await client(2714);
  d.destroy();
  expect(await e.line()).toBe('got it');
  await waitUntil(() => expect(c.isOver).toBe(true));
});

it('11: status', async () => {
  const whole = await start(['11-status']);
  for (let n = 0; n < 3; n++) {
    const one = await whole.greeted();
    await one.command('QUIT');
    await one.closed();
  }
  await whole.quiet();
  const one = await client(2712);
  one.write('\r\n');
  expect((await one.rest()).split('\r\n')).toEqual([
    'string string number string number',
    'smtp enabled=1 workers=number busy=0 idle=number sessions=3 sent=number received=number rejected=number capabilities=string',
    'nosuch nil',
    `mx.example ${whole.port} nil`,
    'true true',
    'stringstringstringstring',
    '.',
    '',
  ]);
});

describe('12: switching', () => {
  let port = 0;
  const banner = async (): Promise<string> => {
    try {
      const one = await SmtpClient.connect(port);
      const reply = await one.reply();
      one.destroy();
      return reply.slice(0, 3);
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  };

  it('SMTP is suspended, resumed, stopped and started', async () => {
    const whole = await start(['12-switching-smtp']);
    ({ port } = whole);
    const one = await client(2713);
    expect([await one.ask('look smtp'), await banner()]).toEqual(['1', '220']);
    expect(await one.ask('look pop3')).toBe('none');
    const before = await whole.greeted();
    expect([await one.ask('suspend smtp'), await banner()]).toEqual(['2', 'ECONNREFUSED']);
    expect([await before.command('NOOP'), (await before.command('QUIT')).slice(0, 3)]).toEqual([
      expect.stringMatching(/^250/),
      '221',
    ]);
    expect([await one.ask('start smtp'), await banner()]).toEqual(['2', 'ECONNREFUSED']);
    expect([await one.ask('resume smtp'), await banner(), whole.port]).toEqual(['1', '220', port]);
    expect(await one.ask('resume smtp')).toBe('1');
    const idle = await whole.greeted();
    const sending = await whole.connect();
    await sending.envelope();
    sending.write('Subject: half');
    expect([await one.ask('stop smtp'), await banner()]).toEqual(['0', 'ECONNREFUSED']);
    expect([await idle.reply(), await sending.reply()]).toEqual(
      Array(2).fill(expect.stringMatching(/^421 4\.3\.2/)),
    );
    await Promise.all([idle.closed(), sending.closed()]);
    expect(await one.ask('resume smtp')).toBe('0');
    expect([await one.ask('start smtp'), await banner(), whole.port]).toEqual(['1', '220', port]);
    expect(await one.ask('suspend nosuch')).toBe('none');
    expect(await one.ask('suspend 2713')).toBe('2');
    await expect(LineClient.connect(2713)).rejects.toThrow('ECONNREFUSED');
    expect(await one.ask('resume 2713')).toBe('1');
    expect(await (await client(2713)).ask('look smtp')).toBe('1');
    one.write('stop 2713\r\n');
    expect(await one.rest()).toBe('');
  });

  it('is not allowed without the word control', async () => {
    const whole = await start(['12-switching-smtp'], { options: { 'rumble-allow': 'accounts mail send' } });
    const one = await client(2713);
    one.write('suspend smtp\r\n');
    expect(await one.rest()).toBe('');
    expect(whole.log.lines.map(({ message }) => message).join('\n')).toContain(
      'Rumble.suspendService is not allowed; right would be: option rumble-allow with control',
    );
    ({ port } = whole);
    expect(await banner()).toBe('220');
  });
});

describe('accounts', () => {
  let data = '';
  afterEach(async () => {
    await rm(data, { recursive: true, force: true });
  });

  async function startWith(
    names: readonly string[],
    options: Readonly<Record<string, string>> = {},
    again = false,
  ): Promise<WholeServer> {
    if (!again) data = await mkdtemp(join(tmpdir(), 'smtpe-rumble-cases-'));
    return start(names, {
      options: {
        'rumble-allow': 'accounts mail send control',
        'rumble-database': join(data, 'rumble.db'),
        'rumble-storage': join(data, 'mail'),
        'smtp-smart-host': 'accounts:',
        ...options,
      },
    });
  }

  /** Accounts of box.test, made by the console. */
  async function make(...users: readonly string[]): Promise<void> {
    const one = await client(2703);
    expect(await one.ask('domain box.test')).toBe('true');
    for (const user of users) expect(await one.ask(`add ${user} box.test mbox secret`)).toBe('true');
  }

  async function send(content: string): Promise<void> {
    const one = await (server as WholeServer).greeted();
    for (const line of ['EHLO x', 'MAIL FROM:<s@x.test>', 'RCPT TO:<carol@box.test>'])
      expect(await one.command(line)).toMatch(/^250/);
    expect(await one.command('DATA')).toMatch(/^354/);
    expect(await one.command(`${content}\r\n.`)).toMatch(/^250/);
    one.destroy();
  }

  it('3: a console', async () => {
    await startWith(['03-accounts']);
    const one = await client(2703);
    const said: [string, string][] = [];
    for (const [sent] of console3) said.push([sent, await one.ask(sent)]);
    expect(said).toEqual(console3);
    await server?.stop();
    await startWith(['03-accounts'], {}, true);
    const other = await client(2703);
    await other.ask('domain shop.test');
    expect(await other.ask('add zoe shop.test mbox a')).toBe('true');
    expect(await other.ask('list shop.test')).toMatch(/^1 ([4-9]|\d\d+)=zoe$/);
  });

  it('7: greylisting', async () => {
    await startWith(['03-accounts', '07-greylisting']);
    await make('carol');
    const first = [
      'HELO a',
      'MAIL FROM:<s@x.test>',
      'RCPT TO:<carol@box.test>',
      'RCPT TO:<carol@box.test>',
      'DATA',
      'QUIT',
    ];
    expect(await smtp(first)).toEqual(['250', '250', '451', '451', '503', '221']);
    await new Promise((later) => setTimeout(later, 2500));
    expect(await smtp(['HELO a', 'MAIL FROM:<s@x.test>', 'RCPT TO:<nobody@box.test>'])).toEqual([
      '250',
      '250',
      '550',
    ]);
    await send('Subject: x\r\n\r\nHello.');
  });

  it('9: webmail', async () => {
    await startWith(['03-accounts', '09-webmail']);
    await make('carol');
    await send('From: Sam <s@x.test>\r\nTo: carol@box.test\r\nSubject: First\r\n\r\nHello Carol\r\nbye');
    await send(
      [
        ...[
          'From: s@x.test',
          'Subject: Nested',
          'MIME-Version: 1.0',
          'Content-Type: multipart/mixed; boundary="outer"',
          '',
        ],
        ...['--outer', 'Content-Type: multipart/alternative; boundary="inner"', ''],
        ...[
          '--inner',
          'Content-Type: text/plain',
          '',
          'plain',
          '--inner',
          'Content-Type: text/html',
          '',
          '<p>html</p>',
          '--inner--',
        ],
        ...[
          '--outer',
          'Content-Type: application/pdf; name="a.pdf"',
          'Content-Transfer-Encoding: base64',
          '',
          'AAEC',
          '--outer--',
        ],
      ].join('\r\n'),
    );
    const one = await client(2710);
    const lines = async (sent: string, count: number): Promise<readonly string[]> => {
      one.write(`${sent}\r\n`);
      const all: string[] = [];
      for (let n = 0; n < count; n++) all.push(await one.line());
      return all;
    };
    expect(await lines('ID carol box.test', 1)).toEqual(['1']);
    const [a = '', b = '', total] = await lines('LIST carol box.test', 3);
    const [first, second] = [a.split('|')[0], b.split('|')[0]];
    expect([a, b, total]).toEqual([
      `${first}|Sam <s@x.test>|First|false`,
      `${second}|s@x.test|Nested|false`,
      '2 letters',
    ]);
    expect(await lines(`SHOW 1 ${first}`, 3)).toEqual(['First', 'text/plain 18', '.']);
    expect(await lines(`SHOW 1 ${second}`, 7)).toEqual([
      ...[
        'Nested',
        'multipart/mixed (2)',
        ' multipart/alternative (2)',
        '  text/plain 5',
        '  text/html 11',
        ' application/pdf 4',
        '.',
      ],
    ]);
    expect(await lines(`SHOW 999 ${first}`, 2)).toEqual(['no such letter', '.']);
    expect(await lines('SHOW 1 99', 2)).toEqual(['no such letter', '.']);
    expect(await lines('LIST carol box.test', 3)).toEqual([
      a.replace('false', 'true'),
      b.replace('false', 'true'),
      '2 letters',
    ]);
    expect(await lines(`DROP 999 ${first}`, 1)).toEqual(['dropped']);
    expect(await lines(`DROP 1 ${first}`, 1)).toEqual(['dropped']);
    expect(await lines('LIST carol box.test', 2)).toEqual([b.replace('false', 'true'), '1 letters']);
    expect(await lines('LIST nobody box.test', 1)).toEqual(['0 letters']);
  });

  it('10: sending', async () => {
    await startWith(['03-accounts', '09-webmail', '10-sending']);
    await make('ann', 'carol');
    const one = await client(2711);
    expect(await one.ask('ann@box.test carol@box.test Note one')).toBe('sent');
    const web = await client(2710);
    expect(await web.ask('LIST carol box.test')).toMatch(/^\d+\|ann@box\.test\|Note one\|false$/);
    expect(await one.ask('x carol@box.test bad')).toBe('false');
    expect(await one.ask('ann@box.test stranger@elsewhere.test Hi')).toBe('false');
    // Held back while the service is suspended.
    const { scriptServices } = (server as WholeServer).app;
    await scriptServices.order('suspend', 'mailman');
    one.write('ann@box.test carol@box.test Note two\r\n');
    expect(await web.line()).toBe('1 letters');
    expect(await web.ask('LIST carol box.test')).toMatch(/Note one/);
    expect([await web.line(), one.buffered]).toEqual(['1 letters', '']);
    await scriptServices.order('resume', 'mailman');
    expect(await one.line()).toBe('sent');
  });
});
