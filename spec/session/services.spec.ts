// The recorded dialogues of the original with clamd, spamd and web servers (vectors/services.json), replayed through the whole engine: client,
// SMTP session, policy in Lua, service module, scripted servers. Compared: replies, what the policy got, what the servers received.
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { readClamdCommand } from '../../src/bench/ports/clamd-server.ts';
import {
  closedPort,
  type ScriptedServer,
  type ServerConnection,
  startScripted,
} from '../../src/bench/ports/scripted-server.ts';
import { readSpamdCommand } from '../../src/bench/ports/spamd-server.ts';
import { luaFunction } from '../../src/lua-api/function-spec.ts';
import { luaModule } from '../../src/lua-api/module-spec.ts';
import { bytes } from '../../src/lua-api/params.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { headerModule } from '../../src/modules/header.ts';
import { createServiceModule } from '../../src/modules/service/service.ts';
import { createServices } from '../../src/service/services.ts';
import { TestEngine } from '../fakes/lua-engine.ts';
import { HOST, SmtpRig } from '../fakes/smtp-rig.ts';
import {
  differencesOf,
  type Expectation,
  type Json,
  type JsonObject,
  type ServiceCase,
  serviceDifferences,
} from './services-differences.ts';

const file = new URL('../vectors/services.json', import.meta.url);
const { cases, prelude } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly cases: readonly ServiceCase[];
  readonly prelude: string;
};

/** Waits for a whole request of whatever kind it is. */
async function readRequest(connection: ServerConnection): Promise<void> {
  const first = (await connection.until((received) => received.includes(10))).toString('latin1');
  if (first.startsWith('n')) await readClamdCommand(connection);
  else if (first.includes(' SPAMC/')) await readSpamdCommand(connection);
  else {
    const length = (head: string) => Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    await connection.until((received) => {
      const end = received.indexOf('\r\n\r\n');
      return end >= 0 && received.length >= end + 4 + length(received.toString('latin1', 0, end));
    });
  }
}

/** What is expected as it was recorded; the calls' own results are the first entry of the hook log, the table of service.wait the second. */
function recorded({ hook_log, sink_log }: ServiceCase): Expectation {
  const [sent, wait] = hook_log as readonly (readonly Json[])[];
  return {
    sent: (sent ?? []).slice(1),
    results: wait?.[1] as JsonObject | undefined,
    received: sink_log.map((connections) =>
      connections.map((events) => events.map(({ recv }) => recv ?? '').join('')),
    ),
  };
}

/** The texts with what placeholders stand for; ids become a pattern. */
function fill(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => names[name] ?? `<${name.replace(/\d/, '')}>`);
}

function fillAll<T extends Json>(value: T, names: Readonly<Record<string, string>>): T {
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === 'string' ? fill(item, names) : item,
  ) as T;
}

/** Ids of this run under the names of the recording. */
function hideIds(text: string): string {
  return text.replace(/\b[0-9A-Za-z]{6}[0-9A-Za-z]{5}\d{5}([0-9A-Za-z]{2})\b/g, (_, end: string) =>
    end === '00' ? '<ID_SESS>' : '<ID_TRANS>',
  );
}

describe('dialogues with services', () => {
  const logged: string[] = [];
  const spools = new SpoolStore();
  const services = createServices({ clock: systemClock, resolver: { addresses: async () => [] } });
  let engine: TestEngine;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-services-'));
    const hookLog = luaModule({
      name: 'hooklog',
      text: 'For this spec.',
      functions: [
        luaFunction({
          name: 'write',
          params: [bytes('line', 'A line.')],
          text: 'Keeps a line.',
          call: (_, line) => {
            logged.push(line);
            return [];
          },
        }),
      ],
    });
    let count = 0;
    const nextId = () => `2AJK2K12345${String(++count).padStart(5, '0')}00`;
    engine = await TestEngine.start({
      modules: [
        headerModule,
        createServiceModule({ clock: systemClock, services, spool: spools, nextId }),
        hookLog,
      ],
      files: { onPath: (path) => spools.find(path)?.onDiskSync() },
    });
  });
  afterAll(async () => {
    engine.engine.close();
    services.close();
    await rm(directory, { recursive: true });
  });

  it('are all there, and every difference is used', () => {
    expect(cases).toHaveLength(18);
    expect(
      serviceDifferences.filter(({ cases: names }) => !cases.some(({ name }) => names.test(name))),
    ).toEqual([]);
  });

  it.each(
    cases.flatMap((one) =>
      (['as recorded', 'byte by byte'] as const).map((cut) => [one.name, cut, one] as const),
    ),
  )('%s, the client %s', async (name, cut, one) => {
    const servers: (ScriptedServer | undefined)[] = [];
    const names: Record<string, string> = { HOST, SPOOL: directory };
    for (const [i, reply] of one.sinks.entries()) {
      if (reply === 'refused') {
        servers.push(undefined);
        names[`SINK${i + 1}`] = `127.0.0.1:${await closedPort()}`;
        continue;
      }
      const server = await startScripted(async (connection) => {
        await readRequest(connection);
        await connection.send(reply);
        connection.end();
      });
      servers.push(server);
      names[`SINK${i + 1}`] = server.host;
    }
    const source = prelude.replace(
      /local f = io\.open\(os\.getenv\('HOOKLOG'\).*?\n.*?\n\s*f:close\(\)/s,
      () => "hooklog.write('[' .. table.concat(o, ',') .. ']')",
    );
    const policy = await engine.load(`${source}\n${fill(one.policy, names)}`);
    logged.length = 0;
    const rig = new SmtpRig({
      policy,
      options: { 'spool-dir': directory, 'http-allow-reserved': '127.0.0.0/8', 'smtp-default-at-dot': '250' },
      reverse: async () => 'localhost',
      deps: { spools },
    });
    const client = rig.connect('127.0.0.1', false, '127.0.0.1');
    const replies: string[] = [];
    for (const step of one.steps) {
      if (typeof step.send === 'string') {
        const chunks = cut === 'as recorded' ? [step.send] : step.send.split('');
        client.send(...chunks);
      }
      if (typeof step.expect === 'string') replies.push(await client.reply());
    }
    client.stream.end();
    await client.over;
    policy.retire();

    // Replies and their numbers are compared by transcripts.spec.ts; here it is enough that the message was taken.
    const codes = (texts: readonly string[]) => texts.map((text) => text.slice(0, 3));
    expect(codes(replies)).toEqual(
      codes(one.steps.flatMap((step) => (typeof step.expect === 'string' ? [step.expect] : []))),
    );

    const expected = differencesOf(name).reduce((changed, { change }) => change(changed), recorded(one));
    const [sent = [], wait] = logged.map((line) => JSON.parse(hideIds(line)) as readonly Json[]);
    expect(sent.slice(1)).toEqual(expected.sent);
    expect(wait?.[1]).toEqual(expected.results === undefined ? undefined : fillAll(expected.results, names));
    await Promise.all(servers.map((server) => server?.quiet()));
    expect(
      servers.map((server) =>
        (server?.connections ?? []).map((each) => hideIds(each.received.toString('latin1'))),
      ),
    ).toEqual(fillAll(expected.received, names));

    for (const server of servers) await server?.close();
    expect(rig.server.sessions).toBe(0);
    expect(await readdir(directory)).toEqual([]);
    expect(services.http.held.bytes).toBe(0);
  });
});
