// What the bench says of a policy is what a server does with it: the same policy and dialogue, over the stream in memory of the bench and over a socket of
// the loopback to a server of its own engine, give the same replies, the same steps (hooks with arguments and results, waits, what next hops hear) and
// the same forwarded octets. For all policies that come with smtpe and one that has every hook.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import type { CasePolicy } from '../../src/bench/case-server.ts';
import { stuffed } from '../../src/bench/dialogue.ts';
import { findTests, optionFileBeside, policyOf } from '../../src/bench/find-tests.ts';
import { follow } from '../../src/bench/follow.ts';
import { OpenCase } from '../../src/bench/open-case.ts';
import { newWorld } from '../../src/bench/play-case.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { loadOnce, newBench, openStage } from '../../src/bench/prepare.ts';
import type { Stage } from '../../src/bench/stage.ts';
import type { TestBench } from '../../src/bench/test-bench.ts';
import { TestFile } from '../../src/bench/test-file.ts';
import { testOptions } from '../../src/bench/test-options.ts';
import type { World } from '../../src/bench/world.ts';
import { readOptionFile } from '../../src/cli/read-option-file.ts';
import { libLuaDirectory } from '../../src/installed.ts';
import { LocalCounters } from '../../src/net/connection-counters.ts';
import type { TraceEntry } from '../../src/observe/trace/entry.ts';
import { ladder } from '../../src/observe/trace/ladder.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { CurrentPolicy } from '../../src/policy/current-policy.ts';
import { replyText } from '../../src/smtp/protocol/reply.ts';
import { Seeded } from '../fakes/seeded.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { waitUntil } from '../fakes/wait-until.ts';

/** Dialogues with each policy. */
const DIALOGUES = 3;
const etc = join(import.meta.dirname, '../../etc');

const everything = `
local seen = {}
local function note(name, ...)
  seen[#seen + 1] = name .. '(' .. table.concat({ ... }, ',') .. ')'
end
for _, name in ipairs { 'helo', 'ehlo', 'auth', 'noop', 'rset', 'help', 'unknown', 'mail', 'rcpt', 'data' } do
  hook[name] = function(argument, more)
    note(name, tostring(argument), tostring(more))
    if tostring(argument):find('refused') then return '550 5.7.1 ' .. seen[#seen]:gsub('[^ -~]', '?') end
    if tostring(argument):find('broken') then error('broken ' .. name) end
    if tostring(argument):find('gone') then return true, '421 4.7.0 ' .. name end
  end
end
function hook.header(line) note('header', line) end
function hook.body(line) if line:find('refused') then return '554 5.6.0 body' end end
function hook.dot(path)
  header.add('X-Seen: ' .. #seen)
  header.insert('X-Time: ' .. os.time() .. ' ' .. #(header.find('Subject') or ''), 1)
  local f = assert(io.open(path, 'rb'))
  header.add('X-Size: ' .. #f:read('*a'))
  f:close()
  store.incr('mails', 1, 100)
  dns.a('mx.b.example')
end
function hook.reset() seen = {} end
function hook.close() syslog.info('close') end
`;
const everythingTest =
  "local t = require 'smtpe.test'\nt.dns { ['mx.b.example A'] = '192.0.2.9', default = t.nxdomain }";

let stage: Stage;
let served: World;
let base: App;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'smtpe-served-'));
  writeFileSync(join(directory, 'policy.lua'), everything);
  writeFileSync(join(directory, 'policy_test.lua'), everythingTest);
  stage = await openStage();
  const ports = stage.world.ports;
  served = stage.world;
  // One more engine, as a server has it: of one process, over what is outside.
  base = await createApp(
    { options: createOptions(), log: new RecordLog(), onBroken: (reason) => expect.fail(reason) },
    {
      clock: follow(() => served.ports.clock),
      random: (limit) => served.ports.random(limit),
      resolver: follow(() => served.ports.resolver),
      services: follow(() => served.ports.services),
      stores: follow(() => served.ports.stores),
      dicts: ports.dicts,
      maildir: follow(() => served.ports.maildir),
      mailUsers: ports.mailUsers,
      system: follow(() => served.ports.system),
      mailer: follow(() => mailer.mailer),
      authSources: [],
    },
  );
});
let mailer: Pick<App['ports'], 'mailer'>;
afterAll(async () => {
  base.close();
  await stage.close();
  rmSync(directory, { recursive: true, force: true });
});

type Step = { readonly kind: 'line' | 'content'; readonly text: string };

/** What is said to this policy: what its test says of people and mail, and what nobody foresees. */
function words(test: string) {
  const addresses = [...new Set([...test.matchAll(/[\w.+-]+@[\w.-]+\w/g)].map(([one]) => one))];
  const clients = [...new Set([...test.matchAll(/\b\d+\.\d+\.\d+\.\d+\b/g)].map(([one]) => one))];
  const texts = [...test.matchAll(/text = '((?:[^'\\]|\\.)*)'/g)].map(([, text = '']) =>
    text.replaceAll('\\n', '\n').replaceAll('\\r', '\r'),
  );
  return {
    addresses: [...addresses, '', 'x@example.com', 'a@b.example', 'refused@b.example', 'gone@b.example'],
    clients: [...clients, '192.0.2.7', '2001:db8::1'],
    texts: [
      ...texts,
      'Subject: x\n\nhello\n.dot\n',
      'no header\n\nrefused\n',
      'From: a@b.example\nSubject: =?utf-8?q?=c3=bc?=\n folded\nX-Spam-Status: forged\n\n\xff\0 octets\n',
    ],
  };
}

const odd = [
  'NOOP x',
  'HELP',
  'VRFY x',
  'WHAT',
  'NOOP broken',
  'RSET',
  'AUTH PLAIN AGpvZQBzZXNhbWU=',
  'HELO refused',
  'DATA',
];

function dialogue(random: Seeded, { addresses, clients, texts }: ReturnType<typeof words>): readonly Step[] {
  const steps: Step[] = [];
  const line = (text: string): unknown => steps.push({ kind: 'line', text });
  if (random.oneIn(2))
    line(`XCLIENT ADDR=${random.pick(clients).replace(/^.*:.*$/, 'IPV6:$&')} NAME=mx.b.example`);
  line(random.oneIn(5) ? 'HELO mx.b.example' : 'EHLO mx.b.example');
  for (let mails = 1 + random.below(3); mails > 0; mails--) {
    if (random.oneIn(4)) line(random.pick(odd));
    line(`MAIL FROM:<${random.pick(addresses)}>${random.oneIn(6) ? ' SIZE=100' : ''}`);
    for (let people = 1 + random.below(3); people > 0; people--) line(`RCPT TO:<${random.pick(addresses)}>`);
    if (random.oneIn(6)) line(random.pick(odd));
    const text = random.pick(texts);
    if (random.oneIn(4)) {
      const wire = text.replaceAll(/\r?\n/g, '\r\n');
      steps.push({ kind: 'line', text: `BDAT ${wire.length} LAST\r\n${wire}`.replace(/\r\n$/, '') });
      if (!wire.endsWith('\r\n')) steps.pop();
    } else {
      line('DATA');
      steps.push({ kind: 'content', text: stuffed(text) });
    }
  }
  if (random.oneIn(2)) line('QUIT');
  return steps;
}

interface Outcome {
  readonly replies: readonly string[];
  readonly steps: string;
  readonly forwarded: readonly object[];
  readonly missing: readonly string[];
}

/** `said`: how many steps, of which the last may have no reply. */
type Played = Outcome & {
  readonly said: number /** Whether a hook waits at the end. */;
  readonly sleeps: boolean;
};

const plain = (text: string): string =>
  text
    .replaceAll(/[0-9][0-9A-Za-z]{15}(?:[0-9a-z]{2})?\b/g, 'ID')
    .replaceAll(/"[^"]*(?:spool)\/[^"]*"/g, '"PATH"')
    .replaceAll(/(?<=-> hook\.\S*: ).*(?=policy\.lua:)/g, '');

/** Without times, and without what only the bench knows: the line that ran last. */
function stepsOf(entries: readonly TraceEntry[]): string {
  const own = entries.map((entry): TraceEntry => {
    const { line: _, ...rest } = entry as TraceEntry & { readonly line?: string };
    return entry.kind === 'client' || entry.kind === 'next-hop' ? entry : (rest as TraceEntry);
  });
  return plain(ladder(own, { still: true })).replaceAll(/ +$/gm, '');
}

function outcomeOf(world: World, replies: readonly string[], entries: readonly TraceEntry[]): Outcome {
  const { forwarded, missingFakes } = world.record;
  return {
    replies: replies.map((reply) => plain(reply.trimEnd().replaceAll('\r\n', '\n'))),
    steps: stepsOf(entries),
    forwarded: forwarded.map(({ data, ...rest }) => ({ ...rest, data: plain(data.toString('latin1')) })),
    missing: missingFakes.map(({ what }) => what),
  };
}

async function onBench(
  bench: TestBench,
  policy: CasePolicy,
  file: TestFile,
  steps: readonly Step[],
): Promise<Played> {
  const entries: TraceEntry[] = [];
  const replies: string[] = [];
  const push = (entry: TraceEntry): unknown => entries.push(entry);
  const before = stage.options.fork();
  const world = newWorld(stage, bench, dirname(policy.path), file, { push });
  const open = await OpenCase.open(stage, world, policy, (message) => expect.fail(message));
  try {
    for (const prepare of bench.preparations) prepare(world);
    const session = open.newSession();
    session.from('127.0.0.1', undefined);
    await session.connect();
    const heard = (): unknown => replies.push(session.reply === undefined ? '' : replyText(session.reply));
    heard();
    let said = 0;
    for (const { kind, text } of steps) {
      if (session.isClosed) break;
      said += 1;
      if (kind === 'line') await session.command(text);
      else if (session.reply?.code === 354) await session.stuffedContent(text);
      else continue;
      // What only time would bring: nobody waits for it.
      if (session.reply === undefined && !session.isClosed) break;
      heard();
    }
    const last = entries.at(-1);
    const sleeps = last?.kind === 'wait' && last.inHook === true;
    expect(await open.end()).toBeUndefined();
    return { ...outcomeOf(world, replies, entries), said, sleeps };
  } finally {
    open.close();
    stage.options.adopt(before);
  }
}

async function onServer(
  bench: TestBench,
  policy: CasePolicy,
  file: TestFile,
  steps: readonly Step[],
  answered: number,
): Promise<Outcome> {
  const entries: TraceEntry[] = [];
  const replies: string[] = [];
  const push = (entry: TraceEntry): unknown => entries.push(entry);
  served = newWorld(stage, bench, dirname(policy.path), file, { push });
  const { options } = base;
  options.adopt(stage.options);
  options.set('smtp-listen', '', 'spec');
  options.set('smtp-server-address', '127.0.0.1', 'spec');
  options.set('smtp-server-port', '0', 'spec');
  const app = await createApp(
    { options, log: served.log, onBroken: () => undefined, within: base },
    served.ports,
  );
  mailer = app.ports;
  try {
    for (const prepare of bench.preparations) prepare(served);
    served.names.addClient('127.0.0.1', undefined);
    const started = await CurrentPolicy.start(app.place(policy));
    if (started.kind === 'failed') throw new Error(started.message);
    const server = app.server(started.current, new LocalCounters());
    await server.listen();
    const [endpoint] = server.endpoints;
    const client = await SmtpClient.connect(endpoint?.port ?? 0);
    let last = await client.reply();
    replies.push(last);
    for (const { kind, text } of steps) {
      if (client.ended) break;
      if (kind === 'content' && !last.startsWith('354')) continue;
      client.write(kind === 'line' ? `${text}\r\n` : `${text}.\r\n`);
      // It has no reply on the bench, either.
      if (replies.length === answered) break;
      last = await client.reply();
      replies.push(last);
    }
    client.socket.end();
    await waitUntil(() => {
      if (server.sessions > 0) throw new Error('it has not ended');
    });
    await server.close(0);
    started.current.retire();
    return outcomeOf(served, replies, entries);
  } finally {
    app.close();
    served.close();
  }
}

it('the same replies, steps and octets', async () => {
  const { tests } = await findTests([etc, directory]);
  expect(tests.length).toBeGreaterThan(20);
  let seed = 1;
  let mails = 0;
  for (const test of tests) {
    const found = await policyOf(test);
    if ('problem' in found) throw new Error(found.problem);
    const beside = await optionFileBeside(found.path);
    const given = await testOptions(
      ['smtp-xclient-hosts=127.0.0.0/8'],
      beside,
      readOptionFile,
      stage.scratch,
    );
    stage.options.adopt(given.options);
    stage.watch.start([test]);
    const bench = newBench(stage, test);
    const file = await TestFile.open(test, stage, bench, libLuaDirectory);
    if (typeof file === 'string') throw new Error(file);
    const policy = await loadOnce(stage, bench, found);
    if (typeof policy === 'string') throw new Error(policy);
    for (let i = 0; i < DIALOGUES; i++) {
      const random = new Seeded(seed++);
      const steps = dialogue(random, words(readFileSync(test, 'latin1')));
      const { said, sleeps, ...here } = await onBench(bench, policy, file, steps);
      // A hook that waits for another time: on the server nobody makes it pass.
      if (sleeps) continue;
      const there = await onServer(bench, policy, file, steps.slice(0, said), here.replies.length);
      expect({ test, seed, ...there }).toEqual({ test, seed, ...here });
      mails += here.forwarded.length;
    }
    policy.first.retire();
    file.close();
  }
  // Some of it has gone all the way.
  expect(mails).toBeGreaterThan(20);
});
