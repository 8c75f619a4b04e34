// What a session tells on the bus: in order, each with the id of the session, and nothing that is secret.
import { describe, expect, it } from 'vitest';
import { measuredEvents } from '../../../../src/base/event-table/measured.ts';
import { tracedEvents } from '../../../../src/base/event-table/traced.ts';
import type { EventName } from '../../../../src/base/events.ts';
import { type LogFields, type LogWriter, silentWriter } from '../../../../src/base/log.ts';
import { openEventLog } from '../../../../src/observe/event-log.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

type Told = readonly (readonly [EventName, LogFields])[];

/** A whole session; gives its events, and the ids that they were told under. */
async function toldBy(
  settings: RigSettings,
  ...lines: readonly string[]
): Promise<{ told: Told; ids: unknown[] }> {
  const rig = new SmtpRig(settings);
  const { events } = rig.log;
  const client = await rig.greeted();
  for (const line of lines) await client.command(line);
  await client.quit();
  const told = events.all.map(({ name, fields }) => [name, fields] as const);
  return { told, ids: [...new Set(events.all.map(({ about }) => about.id))] };
}

/** Without those that are there to be counted (spec/session/metrics.spec.ts), or for whoever follows the session (spec/session/trace.spec.ts). */
const asides = { ...measuredEvents, ...tracedEvents };
const namesOf = (told: Told): readonly EventName[] =>
  told.map(([name]) => name).filter((name) => !Object.hasOwn(asides, name));
const of = (told: Told, name: EventName): readonly LogFields[] =>
  told.filter(([other]) => other === name).map(([, fields]) => fields);

describe('a session tells', () => {
  it('what happens, in the order in which it does', async () => {
    const { told, ids } = await toldBy(
      {
        hooks: {
          forward: () => '250 2.0.0 mine',
          rcpt: (_, to) => (to === 'no@d.example' ? '550 5.1.1 no' : undefined),
        },
      },
      ...['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<no@d.example>', 'RCPT TO:<C@d.example>'],
      ...['DATA', 'Subject: x\r\n\r\nbody\r\n.'],
    );
    expect(namesOf(told)).toEqual([
      'link-connect',
      'protocol-server',
      ...['protocol-client', 'protocol-server', 'link-identify'],
      ...['protocol-client', 'protocol-server', 'tx-begin'],
      ...['protocol-client', 'protocol-refusal'],
      ...['protocol-client', 'protocol-server', 'tx-rcpt'],
      ...['protocol-client', 'protocol-server', 'tx-data'],
      ...['protocol-server', 'tx-commit', 'mail'],
      ...['protocol-client', 'protocol-server'],
      ...['link-disconnect', 'link-closed'],
    ]);
    expect(of(told, 'link-connect')).toEqual([{ client: '192.0.2.1', port: 4711 }]);
    expect(of(told, 'link-identify')).toEqual([{ verb: 'ehlo', hello: 'c.example' }]);
    const [begin] = of(told, 'tx-begin');
    const { transaction } = begin ?? {};
    expect(begin).toEqual({ transaction, sender: 'a@b.example' });
    expect(of(told, 'tx-rcpt')).toEqual([{ transaction, recipient: 'C@d.example', recipients: 1 }]);
    expect(of(told, 'protocol-refusal')).toMatchObject([
      { reply: '550 5.1.1 no', from: 'a@b.example', command: 'RCPT TO:<no@d.example>' },
    ]);
    expect(of(told, 'tx-data')).toEqual([{ transaction }]);
    expect(of(told, 'tx-commit')).toMatchObject([{ transaction, code: 250, cause: 'hook.forward' }]);
    expect(of(told, 'protocol-client').at(-1)).toEqual({ line: 'QUIT' });
    expect(of(told, 'protocol-server')[1]?.reply).toMatch(/^250-Hello [\s\S]*\r\n$/);
    expect(of(told, 'link-disconnect')).toMatchObject([{ messages: 1, commands: 6, errors: 1, end: 'QUIT' }]);
    expect([ids.length, typeof ids[0], typeof transaction]).toEqual([1, 'string', 'string']);
  });

  it('nothing of a command that was refused but the refusal', async () => {
    const { told } = await toldBy(
      { hooks: { ehlo: () => '550 5.7.1 no', mail: () => '550 5.7.1 no' } },
      ...['EHLO c.example', 'HELO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'],
    );
    expect(namesOf(told).filter((name) => name.startsWith('tx-'))).toEqual([]);
    expect(of(told, 'link-identify')).toEqual([{ verb: 'helo', hello: 'c.example' }]);
  });

  it('who has authenticated, and no password', async () => {
    const secret = Buffer.from('\0user\0hush').toString('base64');
    const { told } = await toldBy(
      { hooks: { auth: () => '235 2.7.0 welcome' } },
      ...['EHLO c.example', `AUTH PLAIN ${secret}`, `AUTH PLAIN ${secret}`],
    );
    expect(of(told, 'link-auth')).toEqual([
      { login: 'user', mechanism: 'PLAIN', source: 'hook.auth', client: '192.0.2.1' },
    ]);
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`hush|${secret}`));
  });

  it('no password that a policy repeats in its refusal', async () => {
    const secret = Buffer.from('\0user\0hush').toString('base64');
    const { told } = await toldBy(
      { hooks: { auth: (_, line) => `535 5.7.8 not ${line}` } },
      ...['EHLO c.example', `AUTH PLAIN ${secret}`],
    );
    expect(of(told, 'protocol-refusal')).toMatchObject([{ reply: '535 5.7.8', command: 'AUTH ...' }]);
    expect(JSON.stringify(told)).not.toMatch(new RegExp(`hush|${secret}`));
  });

  it('listeners with bugs what others get to hear, and is not disturbed', async () => {
    const written: string[] = [];
    const writer: LogWriter = {
      ...silentWriter,
      shows: () => true,
      write: (_, message) => written.push(message),
      child: () => writer,
    };
    const log = openEventLog(writer);
    log.bus.onEvery(() => {
      throw new Error('a bug');
    });
    const rig = new SmtpRig({ deps: { log }, hooks: { forward: () => '250 2.0.0 mine' } });
    const client = await rig.greeted();
    await client.openMessage();
    expect(await client.command('Subject: x\r\n\r\nbody\r\n.')).toBe('250 2.0.0 mine\r\n');
    await client.quit();
    expect(rig.counters).toMatchObject({ connections: 1, sessions: 0, commands: 5, messagesAccepted: 1 });
    expect(written).toContain('mail');
    expect(written.filter((message) => message === 'bug in a listener to events').length).toBeGreaterThan(10);
  });
});
