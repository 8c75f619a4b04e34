// Sessions of a whole server are recorded and played once more: to the same policy without a difference, to a changed one with exactly those that it answers
// otherwise; and what cannot be played is said, and the others go on.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { stepsOf } from '../../src/bench/play/replay-session.ts';
import { startClamd } from '../../src/bench/ports/clamd-server.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { startRecording } from '../../src/cli/record-sessions.ts';
import { replayVerb } from '../../src/cli/replay.ts';
import { readCommandLine } from '../../src/cli/verb.ts';
import type { TraceEntry, TraceFact } from '../../src/observe/trace/entry.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { Seeded } from '../fakes/seeded.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = (clamd: string): string => `
local function listed(ip)
  dns.open()
  dns.query(dns.class.IN, dns.type.A, net.reverse_ip(ip, false) .. '.bl.example')
  local found = dns.wait(true)[1].answer
  dns.close()
  return found
end
function hook.accept(ip)
  if listed(ip) then return true, '554 5.7.1 ' .. ip .. ' is listed' end
end
function hook.mail(sender)
  local n = store.incr('mails:' .. sender, 1, 1000)
  if n > 3 then return '450 4.7.1 too many' end
end
function hook.rcpt(to)
  if to:find('^no') then return '550 5.1.1 no such user' end
end
function hook.dot(path)
  service.clamd(path, '${clamd}', 5)
  local found = service.wait(true).clamd
  if found.is_infected then return '550 5.7.1 ' .. found.signature end
  header.add('X-Checked: ' .. os.date('!%Y'))
end
`;

const SESSIONS = 40;
let directory: string;
let text: string;
let recordings: string;
/** The same sessions, without the content of their messages. */
let contentless: string;
/** How often something was said in all sessions. */
const counts = { listed: 0, virus: 0, log_in: 0, message: 0 };
let replies = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-replay-'));
  recordings = await mkdtemp(join(directory, 'rec-'));
  contentless = await mkdtemp(join(directory, 'less-'));
  const hop = await NextHop.start({ ehlo: '250 sink\r\n' });
  const dns = await FakeDnsServer.start(['8.2.0.192.bl.example A 300 127.0.0.2']);
  let scans = 0;
  const clamd = await startClamd(async () => (++scans % 5 === 0 ? 'stream: Eicar FOUND\n' : 'stream: OK\n'));
  text = policy(clamd.host);
  const server = await WholeServer.start({
    policy: text,
    options: {
      ...{ 'dns-servers': `127.0.0.1:${dns.port}`, 'smtp-forward-tls': 'off', 'smtp-smart-host': hop.target },
      ...{ 'smtp-forward-connections': '0' },
    },
  });
  const stops = [{ 'record-dir': recordings, 'record-content': '100000' }, { 'record-dir': contentless }].map(
    (wish) =>
      startRecording(createOptions({ record: 'all', ...wish }), {
        ...{ log: server.log, clock: systemClock, random: systemRandom, script: 'policy.lua' },
      }),
  );
  const random = new Seeded(7);
  for (let n = 0; n < SESSIONS; n++) {
    const isListed = random.oneIn(8);
    const client = server.inMemory(isListed ? '192.0.2.8' : `192.0.2.${random.pick([7, 9])}`);
    const said = [await client.reply()];
    if (isListed) counts.listed += 1;
    else {
      said.push(await client.command('EHLO c.example'));
      if (random.oneIn(10)) {
        said.push(await client.command(`AUTH PLAIN ${Buffer.from('\0joe\0x').toString('base64')}`));
        counts.log_in += 1;
      }
      said.push(await client.command(`MAIL FROM:<${random.pick(['a', 'b', 'c'])}@b.example>`));
      said.push(await client.command(`RCPT TO:<${random.pick(['x', 'no', 'y'])}@example.com>`));
      if (said.at(-1)?.startsWith('250') === true) {
        counts.message += 1;
        said.push(await client.command('DATA'));
        said.push(await client.command(`Subject: x\r\n\r\n${random.pick(['hi', '..dot', '\xff\0'])}\r\n.`));
        if (said.at(-1)?.includes('Eicar') === true) counts.virus += 1;
      }
      await client.quit();
    }
    client.stream.end();
    await client.over;
    replies += said.length;
  }
  await Promise.all(stops.map((stop) => stop?.()));
  await server.stop();
  await Promise.all([hop.close(), dns.close(), clamd.close()]);
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Played {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

async function play(policyText: string, ...words: readonly string[]): Promise<Played> {
  const path = join(directory, 'new.lua');
  await writeFile(path, policyText);
  const line = readCommandLine(['replay', ...words, path]);
  const options = createOptions();
  options.set('script', path, 'command line');
  let out = '';
  let said = '';
  const code = await replayVerb(options, line, {
    print: async (more) => {
      out += more;
    },
    complain: async (problems) => {
      said += problems.join('\n');
    },
  });
  return { code, out: out.replaceAll(`${directory}/`, ''), said };
}

interface Group {
  readonly count: number;
  readonly what: string;
}
interface Json {
  readonly sessions: number;
  readonly same: number;
  readonly different: number;
  readonly missing: number;
  readonly unplayable: number;
  readonly differences: readonly Group[];
  readonly not_played: readonly Group[];
}
const json = async (policyText: string): Promise<Json & { readonly code: number }> => {
  const { code, out } = await play(policyText, recordings, '--json');
  return { code, ...(JSON.parse(out) as Json) };
};

it('the same policy answers the same', async () => {
  expect(counts.listed * counts.virus * counts.log_in).toBeGreaterThan(0);
  expect(replies).toBeGreaterThan(100);
  const result = await json(text);
  expect(result).toMatchObject({
    ...{ code: 0, sessions: SESSIONS, same: SESSIONS, different: 0, missing: 0, differences: [] },
    // Log-ins that were refused are left out.
    not_played: [],
  });
});

it('some of them alone are the same too: what the store said was recorded', async () => {
  const place = await mkdtemp(join(directory, 'some-'));
  const [day = ''] = await readdir(recordings);
  let count = 0;
  for (const name of await readdir(join(recordings, day))) {
    const one = await readFile(join(recordings, day, name));
    if (!one.includes('450 4.7.1 too many')) continue;
    count += 1;
    await writeFile(join(place, name), one);
  }
  expect(count).toBeGreaterThan(0);
  const { out } = await play(text, place, '--json');
  expect(JSON.parse(out)).toMatchObject({ sessions: count, same: count, different: 0 });
});

it('without the content of messages they are compared up to those, and that is said', async () => {
  const alike = await play(text, contentless);
  expect(alike.code).toBe(0);
  const kept = `${counts.message} of the same are so up to a message only: its content is not in the recording, and was not compared (record-content)`;
  expect(alike.out).toMatch(new RegExp(`^${SESSIONS} sessions, .* same ${SESSIONS} {3}different 0\n`));
  expect(alike.out.split('\n')[1]).toBe(kept);
  // What the content decides is not seen; what comes before it is, the reply to DATA too.
  const open = await play(text.replace('if found.is_infected', 'if false'), contentless, '--json');
  expect(JSON.parse(open.out)).toMatchObject({
    same: SESSIONS,
    same_up_to_message: counts.message,
    different: 0,
  });
  const strict = await play(
    `${text} function hook.data() return '554 5.7.1 closed' end`,
    contentless,
    '--json',
  );
  expect(JSON.parse(strict.out)).toMatchObject({
    ...{ different: counts.message, same_up_to_message: 0, unplayable: 0 },
    differences: [{ what: 'DATA: 354 -> 554 5.7.1 closed' }],
  });
});

it('a session with a log-in is not played, one whose content was not kept up to there', () => {
  const entry = (fact: TraceFact): TraceEntry => ({ ...fact, session: 'S', at: 0 });
  const stepsFor = (...facts: readonly TraceFact[]) =>
    stepsOf({
      ...{ format: 1, version: '1', session: 'S', client: '192.0.2.1', began: 0, script: '' },
      ...{ omitted: 0, entries: facts.map(entry) },
    });
  const said = (line: string): TraceFact => ({ kind: 'client', line });
  const heard = (reply: string): TraceFact => ({ kind: 'server', reply });
  const auth = { kind: 'unplayable', cause: 'a password is in no recording (AUTH)' };
  expect(stepsFor(said('AUTH ***'), heard('235 2.7.0'))).toEqual(auth);
  expect(stepsFor(said('AUTH ***'), heard('334'))).toEqual(auth);
  expect(stepsFor(said('AUTH ***'), heard('535 5.7.8 ***'))).toEqual({
    kind: 'steps',
    steps: [],
    tls: false,
    end: undefined,
  });
  const lost = { kind: 'steps', steps: [{ kind: 'line', text: 'DATA' }], tls: false, end: 2 };
  const content = { kind: 'content', octets: 4, head: 'abc\r', end: 'dot' } as const;
  expect(stepsFor(said('DATA'), heard('354 go'), content)).toEqual(lost);
  expect(stepsFor(said('DATA'), heard('354 go'), { kind: 'piece', octets: 'hi\r\n.' }, content)).toEqual(
    lost,
  );
  expect(
    stepsFor(said('DATA'), heard('354 go'), { kind: 'piece', octets: 'hi\r\n.\r\n' }, content),
  ).toMatchObject({
    steps: [{ text: 'DATA' }, { kind: 'content', text: 'hi\r\n' }],
  });
  expect(stepsFor(said('DATA'), heard('554 no'))).toMatchObject({ steps: [{ text: 'DATA' }] });
  const chunk = { kind: 'content', octets: 3, head: 'abc', end: 'last chunk' } as const;
  expect(stepsFor(said('BDAT 3 LAST'), { kind: 'piece', octets: 'abc' }, chunk, heard('250'))).toMatchObject({
    steps: [{ text: 'BDAT 3 LAST' }, { kind: 'octets', text: 'abc' }],
    end: undefined,
  });
  expect(stepsFor(said('NOOP'), heard('250'), said('BDAT 3 LAST'), chunk, heard('250'))).toEqual({
    ...{ kind: 'steps', steps: [{ kind: 'line', text: 'NOOP' }], tls: false, end: 2 },
  });
});

it('a changed one is told by exactly the sessions that it answers otherwise, grouped', async () => {
  const tempered = await json(text.replace("'554 5.7.1 '", "'421 4.7.1 '"));
  expect(tempered).toMatchObject({
    code: 1,
    different: counts.listed,
    differences: [{ count: counts.listed }],
  });
  expect(tempered.differences[0]?.what).toMatch(/^the connection: 554 .* -> 421 /);
  const open = await json(text.replace('if found.is_infected', 'if false'));
  expect(open.different).toBe(counts.virus);
  expect(open.differences[0]?.what).toMatch(/^the dot: 550 5\.7\.1 Eicar -> 250$/);
  const headers = await json(text.replace('X-Checked', 'X-Seen'));
  expect(headers.differences[0]?.what).toMatch(
    /^same replies; header\.add X-Checked: \d+ -> header\.add X-Seen/,
  );
  const broken = await play(text.replace("to:find('^no')", 'nothing.here == to'), recordings);
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(
    / +\d+ {2}RCPT: 250 -> 421 4\.3\.0 .* {3}e\.g\. smtpe trace rec-.*\.rec {2}from=<.@b\.example> {2}client=192/,
  );
});

it('what the recordings have no answer for is told apart', async () => {
  const asks = text.replace('function hook.rcpt(to)', "function hook.rcpt(to) dns.txt('_dmarc.b.example')");
  const { code, out } = await play(asks, recordings, '--missing');
  expect(code).toBe(1);
  expect(out).toMatch(/\d+ need answers that the recordings have not:\n +\d+ {2}dns TXT _dmarc\.b\.example /);
  expect((await play(asks, recordings)).out).toContain('list with --missing');
});

it('a recording that is cut, of another form, of 100 MB, or none: each is said, and the others go on', async () => {
  const [day = ''] = await readdir(recordings);
  const [one = ''] = await readdir(join(recordings, day));
  const whole = await readFile(join(recordings, day, one));
  const place = await mkdtemp(join(directory, 'bad-'));
  await Promise.all([
    writeFile(join(place, 'a.rec'), whole),
    writeFile(join(place, 'cut.rec'), whole.subarray(0, whole.length - 30)),
    writeFile(join(place, 'head.rec'), whole.subarray(0, 20)),
    writeFile(
      join(place, 'later.rec'),
      whole.toString().replace('"smtpe-recording":1', '"smtpe-recording":2'),
    ),
    writeFile(join(place, 'none.rec'), Buffer.from([0, 1, 2, 255])),
    writeFile(join(place, 'big.rec'), whole),
  ]);
  await truncate(join(place, 'big.rec'), 100 * 1024 * 1024);
  const { out } = await play(text, place);
  expect(out).toMatch(/^6 sessions, \d+\.\d s\. {3}same 1 {3}different 0\n5 cannot be played:\n/);
  for (const cause of [
    /1 {2}it is not whole .*cut\.rec/,
    /1 {2}it is a recording that ends in its first line .*head\.rec/,
    /1 {2}it is a recording of another form \(2, of smtpe [\d.]+\); this program reads form 1 .*later\.rec/,
    /1 {2}it is no recording .*none\.rec/,
    /1 {2}it has 100 MB; at most 64 MB are read .*big\.rec/,
  ])
    expect(out).toMatch(cause);
});

it('without a recording, or with a policy that cannot be loaded', async () => {
  const empty = await mkdtemp(join(directory, 'empty-'));
  expect(await play(text, empty)).toMatchObject({
    code: 64,
    said: expect.stringContaining('there is no recording'),
  });
  expect(await play(text, join(directory, 'gone'))).toMatchObject({
    ...{ code: 64, said: expect.stringContaining('there is no such file or directory') },
  });
  expect(await play('function hook.mail( end', recordings)).toMatchObject({
    ...{ code: 70, said: expect.stringContaining('new.lua:1: ') },
  });
});
