// A session with STARTTLS and a log-in, followed live over the socket of the administration while it goes on: both directions as they are read and
// written behind the encryption, in their order, and no password in any form.
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProcessDesk } from '../../src/admin/process-desk.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Gate } from '../../src/net/gate.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { MetricCells } from '../../src/observe/metric/cells.ts';
import type { TraceEntry } from '../../src/observe/trace/entry.ts';
import { Tracer } from '../../src/observe/trace/tracer.ts';
import { AdminRig, adminLayout } from '../fakes/admin-rig.ts';
import { mxEc } from '../fakes/tls-certificates.ts';
import { materialOf, StartTlsClient, tlsOption } from '../fakes/tls-rig.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const PASSWORD = 'sesame-open-99';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const policy = `
function hook.auth() return '235 2.7.0 hello ' .. client.auth_password end
function hook.rcpt(recipient) if recipient:find('^no') then return '550 5.1.1 no such user' end end
function hook.forward() return '250 2.0.0 mine' end
`;

let server: WholeServer;
let rig: AdminRig;
let tracer: Tracer;
let socketPath = '';

beforeAll(async () => {
  const tls = new InboundTls(materialOf({ mxEc }));
  server = await WholeServer.start({ policy, options: { 'smtp-tls': tlsOption('mxEc') }, tls });
  tracer = new Tracer(server.log.bus, systemClock, () => server.server.all);
  const desk = new ProcessDesk({
    ...{ clock: systemClock, cells: new MetricCells(adminLayout), gate: new Gate(), tracer },
    sessions: () => server.server.all,
    collect: () => Promise.resolve(),
    problems: () => Promise.resolve([]),
    connections: () => 0,
    limit: () => 0,
    switchVerbose: () => undefined,
    policyMetrics: () => [],
  });
  socketPath = join(server.directory, 'admin.sock');
  rig = await AdminRig.start({ desks: [desk], place: { kind: 'unix', path: socketPath }, socketPath });
});
afterAll(async () => {
  await rig.stop();
  tracer.close();
  await server.stop();
});

/** What GET /trace says until the session is over, while `work` goes on. */
async function traced(query: string, work: () => Promise<void>): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get({ socketPath, path: `/trace?one=1&${query}` }, resolve).on('error', reject),
  );
  let text = '';
  response.on('data', (piece: Buffer) => {
    text += piece.toString('utf8');
  });
  const over = new Promise((resolve) => response.on('end', resolve));
  await waitUntil(() => expect(server.log.bus.wants('link-connect', server.log)).toBe(true));
  await work();
  await over;
  return text;
}

async function session(): Promise<void> {
  const client = new StartTlsClient(connect(server.port, '127.0.0.1'));
  await client.reply();
  await client.command('EHLO clear.example');
  expect(await client.command('STARTTLS')).toMatch(/^220/);
  expect(await client.secure()).toBe('secured');
  await client.command('EHLO secret.example');
  expect(await client.command('AUTH LOGIN')).toMatch(/^334/);
  expect(await client.command(base64('joe'))).toMatch(/^334/);
  expect(await client.command(base64(PASSWORD))).toBe(`235 2.7.0 hello ${PASSWORD}\r\n`);
  for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<no@d.example>', 'RCPT TO:<c@d.example>', 'DATA'])
    await client.command(line);
  expect(await client.command('Subject: x\r\n\r\nline\r\n.')).toMatch(/^250/);
  await client.command('QUIT');
  client.end();
  await client.rest();
}

/** What was said, by whom. */
const said = (entry: TraceEntry): string | undefined => {
  switch (entry.kind) {
    case 'client':
      return `C ${entry.line}`;
    case 'server':
      return `S ${entry.reply.replaceAll(/\r?\n/g, ' | ').replace(/[0-9A-Za-z]{18}/g, 'ID')}`;
    case 'tls':
      return `TLS ${entry.version}`;
    case 'content':
      return `C ${entry.octets} octets`;
    case 'end':
      return `end ${entry.cause}`;
    default:
      return undefined;
  }
};

it('as JSON: each line in its order, what is encrypted too', async () => {
  const text = await traced('format=json', session);
  const entries: TraceEntry[] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries.map(said).filter((line) => line !== undefined)).toEqual([
    expect.stringMatching(/^S 220 mx\.example /),
    'C EHLO clear.example',
    expect.stringMatching(/^S 250-Hello clear\.example .*\| 250-STARTTLS/),
    'C STARTTLS',
    expect.stringMatching(/^S 220 /),
    'TLS TLSv1.3',
    'C EHLO secret.example',
    expect.stringMatching(/^S 250-Hello secret\.example (?!.*STARTTLS)/),
    'C AUTH ***',
    expect.stringMatching(/^S 334/),
    'C AUTH ***',
    expect.stringMatching(/^S 334/),
    'C AUTH ***',
    'S 235 2.7.0 ***',
    'C MAIL FROM:<a@b.example>',
    expect.stringMatching(/^S 250 /),
    'C RCPT TO:<no@d.example>',
    'S 550 5.1.1 no such user',
    'C RCPT TO:<c@d.example>',
    expect.stringMatching(/^S 250 /),
    'C DATA',
    expect.stringMatching(/^S 354 /),
    'C 20 octets',
    'S 250 2.0.0 mine',
    'C QUIT',
    expect.stringMatching(/^S 221 /),
    expect.stringMatching(/^end /),
  ]);
  const times = entries.map(({ at }) => at);
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
  for (const form of [PASSWORD, base64(PASSWORD), base64('joe')]) expect(text).not.toContain(form);
});

it('as text, chosen by its client', async () => {
  const text = await traced('format=text&client=127.0.0.0/8&content=1', session);
  expect(text.replace(/^ *\d*\.?\d* *(?:ms)? {2,}/gm, '')).toMatch(
    /C: STARTTLS\n[\s\S]*TLSv1\.3 \S+\n[\s\S]*C: AUTH \*\*\*\n[\s\S]*C: RCPT TO:<no@d\.example>\n[\s\S]*S: 550 5\.1\.1 no such user\n[\s\S]*\| Subject: x\n/,
  );
  for (const form of [PASSWORD, base64(PASSWORD), base64('joe')]) expect(text).not.toContain(form);
});
