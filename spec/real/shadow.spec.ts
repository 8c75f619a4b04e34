// A shadow policy beside the one in service (option shadow-script): the built program with and without one, over sockets. Whatever the shadow does, replies,
// forwarded octets, files and the store are the same; what it would have answered otherwise is told, and nothing is left when the service ends.
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { childrenOf, isRunning, ServiceUnderTrial } from '../fakes/service.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';

let services: ServiceUnderTrial[];
let hops: NextHop[];
/** Directory for temporary files of what a test starts: in that of all, other specs have their own shadows. */
let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'smtpe-scratch-'));
  services = [];
  hops = [];
});
afterEach(async () => {
  for (const service of services) await service.remove();
  for (const hop of hops) await hop.close();
  await rm(scratch, { recursive: true, force: true });
});

const LIVE = `
local store = require 'store'
function hook.mail(sender)
  header_seen = (store.get('seen:' .. sender))
end
function hook.rcpt(to)
  local n = store.incr('rcpt:' .. to, 1, 1000)
  if to:find('^no') then return '550 5.1.1 no such user' end
  if to:find('^count') then return '550 5.1.1 ' .. tostring(n) .. ' ' .. tostring(store.get('planted')) end
end
function hook.dot()
  header.add('X-Checked: live')
end
`;

interface Parts {
  readonly shadow?: string;
  readonly options?: readonly string[];
  readonly live?: string;
}

interface Served {
  readonly service: ServiceUnderTrial;
  readonly hop: NextHop;
  readonly port: number;
  shadowFile(text: string): Promise<void>;
}

/** `{dir}` in a shadow is the directory of the service. */
async function serve({ live = LIVE, options = [], shadow }: Parts): Promise<Served> {
  const hop = await NextHop.start({ ehlo: '250 sink\r\n' });
  hops.push(hop);
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-shadowed-'));
  const file = join(directory, 'shadow.lua');
  const shadowFile = (text: string): Promise<void> =>
    writeFile(file, text.replaceAll('{dir}', directory).replaceAll('{hop}', hop.target));
  if (shadow !== undefined) await shadowFile(shadow);
  const service = await ServiceUnderTrial.start(
    {
      policy: live,
      env: { TMPDIR: scratch },
      options: [
        ...['smtp-forward-tls=off', `smtp-smart-host=${hop.target}`, 'smtp-auth-delay=0'],
        // All are shown, however busy the machine of the trial is.
        ...(shadow === undefined ? [] : [`shadow-script=${file}`, 'shadow-percent-busy=100']),
        ...options.map((option) => option.replace('{dir}', directory)),
      ],
    },
    directory,
  );
  services.push(service);
  return { service, hop, port: await service.port(), shadowFile };
}

/** One session; what the client heard. */
async function session(port: number, recipient: string, sender = 'a@b.example'): Promise<readonly string[]> {
  const client = await SmtpClient.connect(port);
  const heard = [await client.reply()];
  for (const line of ['EHLO c.example', `MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`])
    heard.push(await client.command(line));
  if (heard.at(-1)?.startsWith('250') === true) {
    heard.push(await client.command('DATA'));
    client.write('Subject: x\r\n\r\nhello \xff\r\n.\r\n');
    heard.push(await client.reply());
  }
  heard.push(await client.command('QUIT'));
  client.destroy();
  return heard.map((reply) => reply.replaceAll(/\b[0-9][0-9A-Za-z]{17}\b/g, 'ID'));
}

/** What the log says of sessions that differ, without their ids. */
const told = ({ program }: ServiceUnderTrial, what = 'answers otherwise'): readonly string[] =>
  program.stderr.split('\n').flatMap((line) => {
    const at = line.indexOf(`the shadow policy ${what} `);
    return at < 0 ? [] : [line.slice(at + `the shadow policy ${what} client=127.0.0.1 `.length)];
  });

const scratches = async (): Promise<readonly string[]> =>
  (await readdir(scratch)).filter((name) => name.startsWith('smtpe-test-'));

/** The shadow policies of a service. */
async function shadowsOf(pid: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (const child of await childrenOf(pid)) {
    const words = (await readFile(`/proc/${child}/cmdline`, 'latin1').catch(() => '')).split('\0');
    if (words.includes('shadow')) found.push(child);
    else found.push(...(await shadowsOf(child)));
  }
  return found;
}

const until = (isTrue: () => boolean | Promise<boolean>): Promise<void> =>
  waitUntil(async () => {
    if (!(await isTrue())) throw new Error('not yet');
  });

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('whatever the shadow does', () => {
  const HOSTILE = `
${LIVE}
local live = hook.rcpt
function hook.rcpt(to)
  if to:find('^file') then
    local file = assert(io.open('{dir}/effect', 'w')) file:write('x') file:close()
    os.remove('{dir}/policy.lua') os.rename('{dir}/shadow.lua', '{dir}/moved')
    local other = io.open('/dev/shm/smtpe-shadow-effect', 'w') if other then other:write('x') other:close() end
  end
  if to:find('^store') then store.set('planted', 'by the shadow', 1000) end
  if to:find('^send') then smtp.sendstring({ '{hop}' }, 'x@b.example', { 'y@c.example' }, 'Subject: from the shadow\\r\\n\\r\\nx') end
  if to:find('^run') then os.execute('touch {dir}/effect') io.popen('touch {dir}/effect2') end
  if to:find('^loop') then while true do end end
  if to:find('^hoard') then local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end end
  if to:find('^deep') then local function f() return 1 + f() end f() end
  if to:find('^raise') then error('as it is meant') end
  if to:find('^exit') then os.exit(1) end
  return live(to)
end
`;
  const recipients = [
    ...[
      'plain',
      'no',
      'file',
      'store',
      'send',
      'run',
      'loop',
      'hoard',
      'deep',
      'raise',
      'exit',
      'count',
      'plain',
    ],
  ].map((name) => `${name}@c.example`);

  it('replies, forwarded octets, files and the store are those without it', {
    timeout: 120_000,
  }, async () => {
    const before = await scratches();
    const runs: { replies: readonly (readonly string[])[]; mails: readonly string[] }[] = [];
    for (const shadow of [undefined, HOSTILE]) {
      const { hop, port, service } = await serve({
        ...(shadow !== undefined && { shadow }),
        options: ['store=lmdb:{dir}/store'],
      });
      const replies: (readonly string[])[] = [];
      for (const recipient of recipients) replies.push(await session(port, recipient));
      runs.push({
        replies,
        mails: hop.connections
          .flatMap(({ contents }) => contents)
          .map((content) =>
            content.toString('latin1').replaceAll(/\b[0-9][0-9A-Za-z]{17}\b|[A-Z][a-z]{2}, \d[^\r]*/g, '...'),
          ),
      });
      if (shadow === undefined) continue;
      // All but the two that are alike are told of.
      await until(
        () =>
          told(service).length +
            told(service, 'asks for what the policy in service has not asked for').length >=
          6,
      );
      const differing = told(service).join('\n');
      expect(differing).toMatch(
        /step=RCPT live=250 shadow="4\d\d[^\n]*cause="hook\.rcpt: .*(?:processor time|CPU)/i,
      );
      expect(differing).toMatch(/shadow="421[^\n]*cause="hook\.rcpt: [^\n]*as it is meant/);
      expect(await there(join(service.directory, 'effect'))).toBe(false);
      expect(await there(join(service.directory, 'effect2'))).toBe(false);
      expect(await there(join(service.directory, 'policy.lua'))).toBe(true);
      expect(await there(join(service.directory, 'shadow.lua'))).toBe(true);
      expect(await there('/dev/shm/smtpe-shadow-effect')).toBe(false);
      expect((await session(port, 'count@c.example'))[3]).toBe('550 5.1.1 2 nil\r\n');
      const shadows = await shadowsOf(service.pid);
      await service.program.stop();
      for (const pid of shadows) expect(await isRunning(pid)).toBe(false);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(await scratches()).toEqual(before);
  });

  it('of 100 sessions exactly those are told of that it answers otherwise', async () => {
    const { port, service } = await serve({ shadow: LIVE.replace("'^no'", "'^[nv]o'") });
    let changed = 0;
    for (let n = 0; n < 100; n++) {
      const name = ['yes', 'no', 'vo', 'x', 'y'][(n * 7) % 5] ?? '';
      if (name === 'vo') changed += 1;
      await session(port, `${name}${n}@c.example`);
    }
    await until(() => told(service).length >= changed);
    // One more behind all of them.
    await session(port, 'vo@c.example');
    await until(() => told(service).length > changed);
    expect(new Set(told(service))).toEqual(new Set(['step=RCPT live=250 shadow="550 5.1.1 no such user"']));
    expect(told(service)).toHaveLength(changed + 1);
  });
});

describe('while the process in service is busy', () => {
  const BUSY = `
function hook.rcpt(to)
  local began = os.clock()
  while to:find('^busy') and os.clock() - began < 0.3 do end
end
`;

  it('sessions are skipped, told and counted, replies and mail are the same; when it has room they are shown again', async () => {
    const { hop, port, service } = await serve({
      live: BUSY,
      shadow: "function hook.rcpt() return '550 5.7.1 never' end",
      options: ['shadow-percent-busy=0'],
    });
    const replies = new Set<string>();
    let sent = 0;
    const one = async (recipient: string): Promise<void> => {
      const heard = await session(port, recipient);
      replies.add(heard.map((reply) => reply.slice(0, 3)).join(' '));
      sent += 1;
    };
    const skipped = (): boolean =>
      /sessions are not shown to the shadow policy count=1 cause="the process in service is busy"/.test(
        service.program.stderr,
      );
    while (!skipped() && sent < 30) await one('busy@c.example');
    expect(skipped()).toBe(true);
    const before = told(service).length;
    while (told(service).length <= before && sent < 1000) await one('quiet@c.example');
    expect(told(service).length).toBeGreaterThan(before);
    expect([...replies]).toEqual(['220 250 250 250 354 250 221']);
    expect(hop.connections.flatMap(({ contents }) => contents)).toHaveLength(sent);
  });
});

describe('its process', () => {
  it('killed: it is told, and another one goes on', async () => {
    const { port, service } = await serve({ shadow: "function hook.rcpt() return '550 5.7.1 never' end" });
    const [first = 0] = await shadowsOf(service.pid);
    process.kill(first, 'SIGKILL');
    await service.said(
      /the process of the shadow policy has ended cause=SIGKILL process=\d+ sessions=0 pause=1/,
    );
    // Shown to the one that follows.
    await session(port, 'x@c.example');
    await service.said(/the shadow policy is at work/, 2);
    await until(() => told(service).length === 1);
    expect(await shadowsOf(service.pid)).not.toContain(first);
  });

  it('ends with a service that is killed', async () => {
    const { service } = await serve({ shadow: LIVE });
    const [shadow = 0] = await shadowsOf(service.pid);
    await until(async () => (await scratches()).length > 0);
    service.program.signal('SIGKILL');
    await until(async () => !(await isRunning(shadow)));
    await until(async () => (await scratches()).length === 0);
  });

  it('is none with shadow-percent=0, and one for each worker', async () => {
    const none = await serve({ shadow: LIVE, options: ['shadow-percent=0'] });
    expect(await shadowsOf(none.service.pid)).toEqual([]);
    const { port, service } = await serve({
      shadow: "function hook.rcpt() return '550 5.7.1 never' end",
      options: ['workers=2'],
    });
    await service.said(/accepting connections/, 2);
    const shadows = await shadowsOf(service.pid);
    expect(shadows).toHaveLength(2);
    await session(port, 'x@c.example');
    await until(() => told(service).length === 1);
    await service.program.stop();
    for (const pid of shadows) expect(await isRunning(pid)).toBe(false);
  });

  it('that takes more memory than it may is ended', async () => {
    const { port, service } = await serve({
      shadow: "kept = {} for i = 1, 150 do kept[i] = string.rep('x', 1000000) .. i end",
      options: ['shadow-max-memory=128'],
    });
    await session(port, 'x@c.example');
    await service.said(/shadow policy has ended cause="it has \d+ MiB of memory, shadow-max-memory is 128"/);
    expect((await session(port, 'x@c.example'))[3]).toMatch(/^250/);
  });
});

describe('at a reload', () => {
  it('it is read again; one that is wrong is refused as a whole, and the old one goes on', async () => {
    const { port, service, shadowFile } = await serve({
      shadow: "function hook.rcpt() return '550 5.7.1 first' end",
    });
    await session(port, 'x@c.example');
    await until(() => told(service).length === 1);
    const [first = 0] = await shadowsOf(service.pid);
    await shadowFile('function hook.rcpt( end');
    service.program.signal('SIGHUP');
    await service.said(/the old one stays: shadow-script: [^\n]*shadow\.lua:1: /);
    expect(await shadowsOf(service.pid)).toEqual([first]);
    await session(port, 'x@c.example');
    await until(() => told(service).length === 2);
    await shadowFile("function hook.rcpt() return '550 5.7.1 second' end");
    service.program.signal('SIGHUP');
    await service.said(/policy (?:was )?reloaded/);
    await session(port, 'x@c.example');
    await until(() => told(service).length === 3);
    expect(told(service).map((line) => /(first|second)/.exec(line)?.[0])).toEqual([
      'first',
      'first',
      'second',
    ]);
    await until(async () => !(await isRunning(first)));
  });

  it('one that is wrong at the start, or is not there, keeps the service from starting', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-shadowed-'));
    await writeFile(join(directory, 'wrong.lua'), 'function hook.rcpt( end');
    for (const [name, said] of [
      ['wrong.lua', /shadow-script: [^\n]*wrong\.lua:1: /],
      ['gone.lua', /shadow-script=[^\n]*gone\.lua: there is no such file/],
    ] as const) {
      const service = await ServiceUnderTrial.start(
        { policy: '', options: [`shadow-script=${join(directory, name)}`] },
        directory,
      );
      services.push(service);
      const { code, stderr } = await service.program.ended;
      expect(code).toBe(70);
      expect(stderr).toMatch(said);
    }
  });
});
