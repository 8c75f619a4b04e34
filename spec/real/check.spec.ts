// `smtpe check` as an author has it: each mistake with file, line, column and what would be right; what the policy reads and asks; with +net who
// does not answer.
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, Program } from '../fakes/program.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

let directory: string;
const servers: Server[] = [];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-check-'));
  await mkdir(join(directory, 'maps'));
  await writeFile(join(directory, 'maps/domains.txt'), 'example.com\n');
});
afterAll(async () => {
  for (const server of servers) server.close();
  await rm(directory, { recursive: true, force: true });
});

/** A server that says `text` to whoever connects; `host:port`. */
async function saying(text: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(text);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(policy: string, ...words: readonly string[]): Promise<Ended> {
  await writeFile(join(directory, 'policy.lua'), policy);
  return new Program(process.execPath, [main, 'check', 'policy.lua', ...words], { cwd: directory }).ended;
}

describe('smtpe check', () => {
  it('one line for each mistake: where, what, what would be right; then hooks, files and who is asked', async () => {
    const { code, stderr, stdout } = await check(
      [
        'local unused = 1',
        "dommains = map.open('maps/domains.txt')",
        'function hook.accept()',
        '  print(domains)',
        "  dns.query('IN', 'MXX', 'a.example')",
        '  return dns.type.MXX',
        'end',
        'function hook.mail()',
        "  return '550 5.7.1 no', true",
        'end',
        "function hook.dot(file) service.clamd(file, '127.0.0.1:3310') end",
      ].join('\n'),
      'file=',
    );
    expect([code, stdout]).toEqual([70, '']);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^smtpe: /, '')),
    ).toEqual([
      expect.stringMatching(
        /^policy\.lua:4:9: there is no variable 'domains'; did you mean 'dommains' \(policy\.lua line 2\)\?$/,
      ),
      expect.stringMatching(/^policy\.lua:5:3: dns\.query: .*MXX/),
      expect.stringMatching(/^policy\.lua:6:10: there is no dns\.type\.MXX; did you mean .*MX\b/),
      expect.stringMatching(
        /^policy\.lua:9:3: hook\.mail returns '550 5\.7\.1 no', true; right would be: the drop flag comes first: return true, '550/,
      ),
      "warning: policy.lua:1:7: nobody uses the local 'unused'",
      '4 mistakes, 1 warning; hooks accept dot mail; reads maps/domains.txt; asks DNS, clamd 127.0.0.1:3310',
    ]);
  });

  it('the shadow policy is looked at as the policy is', async () => {
    await writeFile(
      join(directory, 'shadow.lua'),
      'function hook.mial() end\nfunction hook.mail() return 55 end',
    );
    const { code, stderr } = await check('function hook.mail() end', 'file=', 'shadow-script=shadow.lua');
    expect(code).toBe(70);
    expect(stderr).toMatch(/^smtpe: shadow\.lua:1:\d+: [^\n]*mial/m);
    const gone = await check('function hook.mail() end', 'file=', 'shadow-script=gone.lua');
    expect(gone.code).not.toBe(0);
    expect(gone.stderr).toMatch(/shadow-script=gone\.lua: there is no such file/);
  });

  it('+net: who answers and who does not, with option, line of the option file, and cause', async () => {
    const hop = await saying('220 mx.example ESMTP\r\n');
    const web = await saying('HTTP/1.1 200 OK\r\n\r\n');
    await writeFile(
      join(directory, 'net.cf'),
      `dns-servers=127.0.0.1:1\nsmtp-smart-host="${hop}, 127.0.0.1:1, mx.exmaple.com"\ndns-max-timeout=1\n`,
    );
    const policy = `function hook.dot(file) service.clamd(file, '${web}') service.http.request('http://${web}/auth') end`;
    const { code, stderr, stdout } = await check(policy, '+net', 'file=net.cf');
    expect(code).toBe(71);
    const lines = stderr.split('\n').map((line) => line.replace(/^smtpe: /, ''));
    const hops = (text: string): unknown => expect.stringMatching(`^net\\.cf:2: smtp-smart-host: ${text}`);
    expect(lines).toContainEqual(hops('127\\.0\\.0\\.1:1: ECONNREFUSED'));
    expect(lines).toContainEqual(hops('mx\\.exmaple\\.com: mx\\.exmaple\\.com has no address'));
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^policy\.lua:1:\d+: clamd 127\.0\.0\.1:\d+: it says "HTTP\/1\.1 200 OK"; expected PONG/,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^net\.cf:1: dns-servers: name server 127\.0\.0\.1:1: no answer/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^4 mistakes, 0 warnings; hooks dot/));
    expect(stdout).toMatch(
      /^net\.cf:2: smtp-smart-host: 127\.0\.0\.1:\d+ answers 220 mx\.example ESMTP \(\d+ ms\)$/m,
    );
    expect(stdout).toMatch(/^policy\.lua:1:\d+: http:\/\/127\.0\.0\.1:\d+ answers \(\d+ ms\)$/m);
  });

  it('--json: the same for programs', async () => {
    const { code, stdout } = await check(
      "function hook.rcpt() return '550 no', true end\nfunction hook.noop() x = y end",
      'file=',
      '--json',
    );
    expect(code).toBe(70);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      mistakes: [
        {
          file: 'policy.lua',
          line: 1,
          column: 22,
          text: expect.stringContaining('the drop flag comes first'),
        },
        {
          file: 'policy.lua',
          line: 2,
          column: 26,
          text: expect.stringContaining("there is no variable 'y'"),
        },
      ],
      files: [{ path: 'policy.lua', hooks: ['noop', 'rcpt'] }],
    });
  });

  it.each([
    [['smtp-prot=1'], /smtp-prot/],
    [['file=none.cf'], /none\.cf/],
    [['file=wrong.cf'], /wrong\.cf:1: /],
  ])(
    '--json %s: what is wrong with the options is JSON as well, and the exit code 64',
    async (words, says) => {
      await writeFile(join(directory, 'wrong.cf'), 'smtp-prot=1\n');
      const { code, stderr, stdout } = await check('', '--json', ...words);
      expect([code, stderr]).toEqual([64, expect.stringMatching(says)]);
      const told = JSON.parse(stdout) as { problems: readonly object[] };
      expect(told).toMatchObject({ ok: false, mistakes: [], files: [] });
      expect(JSON.stringify(told.problems)).toMatch(/there is no option|does not exist/);
    },
  );
});

describe('without a policy being named', () => {
  const good = 'function hook.rcpt() end';
  const all = { 'policy.lua': good, 'other.lua': 'function hook.mail() end' };
  const usual = 'smtp-greet-pause=1\n';

  async function here(
    files: Readonly<Record<string, string>>,
    words: readonly string[],
    input?: string,
  ): Promise<Ended> {
    const place = await mkdtemp(join(directory, 'here-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text);
    const program = new Program(process.execPath, [main, ...words], { cwd: place });
    if (input !== undefined) program.end(input);
    return program.ended;
  }

  it.each([
    ['the one that stands here', all, ['check'], 0, 'policy.lua: no mistake found; hooks rcpt\n', ''],
    ['an option file beside it', { ...all, 'smtpe.cf': usual }, ['check'], 0, /^policy\.lua: no mistake/, ''],
    [
      'a mistake of that',
      { ...all, 'smtpe.cf': 'smtp-prot=1' },
      ['check'],
      64,
      '',
      /^smtpe: smtpe\.cf:1: there is no option/,
    ],
    [
      'what that names',
      { ...all, 'smtpe.cf': 'script=other.lua' },
      ['check'],
      0,
      'other.lua: no mistake found; hooks mail\n',
      '',
    ],
    ['another one that is named', all, ['check', 'other.lua'], 0, /^other\.lua: no mistake/, ''],
    [
      'the option file beside one that is named',
      { ...all, 'smtpe.cf': 'smtp-prot=1' },
      ['check', 'other.lua'],
      64,
      '',
      /^smtpe: smtpe\.cf:1: there is no option/,
    ],
    [
      'with the files that the option file beside it has it stand among',
      { ...all, 'smtpe.cf': 'script="other.lua policy.lua"' },
      ['check', 'policy.lua'],
      0,
      /^other\.lua: no mistake found; hooks mail\npolicy\.lua: no mistake/,
      '',
    ],
    [
      'with those in whatever way the one is written',
      { ...all, 'smtpe.cf': 'script="other.lua policy.lua"' },
      ['check', './policy.lua'],
      0,
      /^other\.lua: no mistake found; hooks mail\n\.\/policy\.lua: no mistake/,
      '',
    ],
    [
      'alone, when that names others',
      { ...all, 'smtpe.cf': 'script=other.lua' },
      ['check', 'policy.lua'],
      0,
      'policy.lua: no mistake found; hooks rcpt\n',
      '',
    ],
    [
      'without it, by its empty name',
      { ...all, 'smtpe.cf': 'smtp-prot=1' },
      ['check', 'policy.lua', 'file='],
      0,
      'policy.lua: no mistake found; hooks rcpt\n',
      '',
    ],
    [
      'a server takes no option file for standing beside its policy',
      { ...all, 'smtpe.cf': 'smtp-prot=1' },
      ['run', 'policy.lua', 'smtp-server-port=x'],
      64,
      '',
      /^smtpe: command line: /,
    ],
    [
      'none but an option file',
      { 'smtpe.cf': usual },
      ['check'],
      70,
      '',
      /with the options of this directory: file=smtpe\.cf/,
    ],
    [
      'no option file by its empty name',
      all,
      ['check', 'file='],
      70,
      '',
      /with the one of this directory: script=policy\.lua/,
    ],
    ['nothing', {}, ['check'], 70, '', /there is no policy: .*smtpe init DIRECTORY/],
    [
      'a server takes nothing for standing here',
      all,
      ['run', 'smtp-server-port=0'],
      70,
      '',
      /with the one of this directory: script=policy\.lua/,
    ],
  ] as const)('%s', async (_, files, words, code, out, said) => {
    const ended = await here(files, words);
    const as = (text: string | RegExp): unknown =>
      typeof text === 'string' ? text : expect.stringMatching(text);
    expect(ended).toMatchObject({ code, stdout: as(out), stderr: as(said) });
  });

  it('talk takes the same', async () => {
    const files = {
      ...all,
      'smtpe.cf': 'host-name=here.example',
      'policy.lua': "function hook.accept() return '554 5.7.1 '.. smtpe.getoption('host-name') end",
    };
    for (const words of [['talk'], ['talk', 'policy.lua']]) {
      const { code, stdout } = await here(files, words, 'QUIT\r\n');
      expect([code, stdout]).toEqual([0, expect.stringContaining('554 5.7.1 here.example')]);
    }
  });

  it('trace takes the same', async () => {
    const files = { ...all, 'smtpe.cf': 'script=other.lua', 'a.eml': 'To: x@example.com\n\nhi\n' };
    const { code, stdout } = await here(files, ['trace', 'a.eml']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('hook.mail(')]);
  });
});
