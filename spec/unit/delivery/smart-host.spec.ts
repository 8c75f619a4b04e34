import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../src/base/clock.ts';
import { type HopScript, NextHop, refusedPort } from '../../../src/bench/ports/next-hop.ts';
import { createSmartHost, type SmartHost } from '../../../src/delivery/smart-host.ts';
import { createMaildir } from '../../../src/mailbox/maildir.ts';
import { ofThisProcess } from '../../../src/mailbox/parts.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { Options } from '../../../src/options/options.ts';
import { recipientOf } from '../../../src/smtp/protocol/recipient.ts';
import { type Bench, bench, delivery, MESSAGE, source, to } from '../smtp/client/support.ts';

let directory: string;
let it_: Bench;
const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-smart-'));
  it_ = bench();
});
afterEach(async () => {
  it_.client.close();
  for (const one of hops.splice(0)) await one.close();
  await rm(directory, { recursive: true, force: true });
});

const { hosts: _, ...message } = delivery([]);
const never = new AbortController().signal;

function smartHost(list: string, isOurOwn?: (address: string, port: number) => boolean): SmartHost {
  const log = it_.log;
  const maildir = createMaildir({
    ...ofThisProcess(),
    clock: systemClock,
    random: systemRandom,
    hostName: 'h',
    processId: 1,
  });
  return createSmartHost({
    options: createOptions({ 'smtp-smart-host': list }),
    mailer: it_.client,
    health: it_.health,
    clock: it_.clock,
    offers: it_.offers,
    maildir,
    log,
    ...(isOurOwn === undefined ? {} : { isOurOwn }),
  });
}

const stored = async (): Promise<string[]> => {
  const names = await readdir(join(directory, 'new')).catch(() => []);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, 'new', name), 'latin1')));
  // Behind what to-maildir puts in front.
  return texts.map((text) => text.replace(/^Return-Path: .*\r\n(?:Delivered-To: .*\r\n)*/, ''));
};

describe('createSmartHost', () => {
  it('is configured when the option names something', () => {
    expect(smartHost('').configured()).toBe(false);
    expect(smartHost(' ; ').configured()).toBe(false);
    expect(smartHost('a').configured()).toBe(true);
    expect(smartHost('').configured(createOptions({ 'smtp-smart-host': 'b' }))).toBe(true);
  });

  it('a retry whose rest is refused as a whole says why', async () => {
    const [bob, eve] = to('bob@x.example', 'eve@x.example');
    if (bob === undefined || eve === undefined) throw new Error('there are two');
    for (const name of ['bob', 'eve']) await mkdir(join(directory, name));
    await writeFile(join(directory, 'eve/new'), 'no directory');
    const host = smartHost(`maildir:${directory}/%n`);
    const both = { ...message, recipients: [bob, eve], allRecipients: true };
    for (const text of ['first', 'retry'])
      expect([text, (await host.forward(both, never)).rcpts]).toMatchObject([
        text,
        [{ code: 250 }, { code: 451, text: '451 4.3.0 message cannot be stored' }],
      ]);
    expect(await readdir(join(directory, 'bob/new'))).toHaveLength(1);
  });

  it('forwards to the first next hop that works', async () => {
    const [first, second] = [await hop({ banner: '421 busy\r\n' }), await hop()];
    const nobody = await refusedPort();
    const outcome = await smartHost(`127.0.0.1:${nobody};${first.target}, ${second.target}`).forward(
      message,
      never,
    );
    expect(outcome).toMatchObject({ kind: 'delivered', host: second.target });
    expect(second.connections[0]?.contents.map(String)).toEqual([MESSAGE]);
    expect(first.commands).toEqual(['QUIT']);
  });

  it('never connects to where this server itself listens, and says that it is a loop', async () => {
    const own = await hop();
    const other = await hop();
    const isOurOwn = (address: string, port: number): boolean => `${address}:${port}` === own.target;
    expect(await smartHost(own.target, isOurOwn).forward(message, never)).toMatchObject({
      kind: 'failed',
      stage: 'connect',
      error: 'the next hop is this server itself, a loop',
    });
    expect(await smartHost(`${own.target} ${other.target}`, isOurOwn).forward(message, never)).toMatchObject({
      kind: 'delivered',
      host: other.target,
    });
    expect(own.connections).toHaveLength(0);
  });

  it('stores in a maildir when no next hop in front of it can be reached', async () => {
    const nobody = await refusedPort();
    const { events } = it_.log;
    const outcome = await smartHost(`127.0.0.1:${nobody} maildir:${directory}`).forward(message, never);
    expect(outcome).toMatchObject({ kind: 'delivered', host: `maildir:${directory}` });
    expect(events.of('next-hop-tried')).toMatchObject([
      { stage: 'connect', result: 'failed' },
      { stage: 'dot', result: 'delivered' },
    ]);
    expect(await stored()).toEqual([MESSAGE]);
  });

  it('does not store what a next hop has refused', async () => {
    const sink = await hop({ dot: '550 5.7.1 spam\r\n' });
    const outcome = await smartHost(`${sink.target} maildir:${directory}`).forward(message, never);
    expect(outcome).toMatchObject({ kind: 'refused', stage: 'dot', code: 550 });
    expect(await stored()).toEqual([]);
  });

  it('does not store what a next hop may have taken', async () => {
    const sink = await hop({ dot: null });
    const outcome = await smartHost(`${sink.target} maildir:${directory}`).forward(message, never);
    expect(outcome).toMatchObject({ kind: 'failed', stage: 'dot', code: 130 });
    expect(await stored()).toEqual([]);
  });

  it('goes on to the next target when a maildir cannot store', async () => {
    const sink = await hop();
    await writeFile(join(directory, 'file'), '');
    const outcome = await smartHost(`maildir:${directory}/file ${sink.target}`).forward(message, never);
    expect(outcome).toMatchObject({ kind: 'delivered', host: sink.target });
    expect(await smartHost(`maildir:${directory}/file`).forward(message, never)).toMatchObject({
      kind: 'refused',
      code: 451,
    });
  });

  it('takes the list and the limits of the connection that asks', async () => {
    const sink = await hop();
    const options = createOptions({
      'smtp-smart-host': sink.target,
      'smtp-forward-connections': '0',
      'smtp-forward-tls': 'off',
    });
    const outcome = await smartHost('').forward({ ...message, message: source('x'), options }, never);
    expect(outcome).toMatchObject({ kind: 'delivered', host: sink.target });
    await sink.allClosed();
  });

  it('never fails without saying why', async () => {
    expect(await smartHost('').forward(message, never)).toMatchObject({
      kind: 'failed',
      error: 'smtp-smart-host is empty',
    });
    // The option's own check refuses such a text; nothing hangs on that here.
    const values = { ...createOptions().values, 'smtp-smart-host': 'bad:host:25' };
    const options: Options = createOptions();
    Object.defineProperty(options, 'values', { value: values });
    const outcome = await smartHost('').forward({ ...message, options }, never);
    expect(outcome).toMatchObject({ kind: 'failed', host: 'bad:host:25', code: 110 });
    expect(it_.log.lines.map((line) => line.fields.cause)).toEqual([
      'smtp-smart-host is empty',
      'not a next hop in smtp-smart-host, expected a port from 1 to 65535 behind the colon',
    ]);
  });

  it('knows of a message that comes again, too, whether the next hop sees to DSN', async () => {
    for (const word of ['DSN', 'SIZE']) {
      const one = await hop({
        ehlo: `250-sink\r\n250 ${word}\r\n`,
        dot: ['250 ok\r\n450 4.2.0 later\r\n', '250 ok\r\n'],
      });
      const forwarder = smartHost(`lmtp:${one.target}`);
      const recipients = ['c@d.example', 'e@f.example'].map(recipientOf);
      for (const codes of [
        [250, 450],
        [250, 250],
      ]) {
        const outcome = await forwarder.forward({ ...message, recipients, allRecipients: true }, never);
        expect(outcome).toMatchObject({ kind: 'delivered', rcpts: codes.map((code) => ({ code })) });
        expect(outcome.kind === 'delivered' && outcome.dsn).toBe(word === 'DSN' ? true : undefined);
      }
    }
  });

  it('stops with the signal', async () => {
    const abort = new AbortController();
    const sink = await hop({ banner: { end: 'hang' } });
    const outcome = smartHost(`${sink.target} maildir:${directory}`).forward(message, abort.signal);
    await sink.until((one) => one.connections.length === 1);
    abort.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', error: 'given up' });
    expect(await stored()).toEqual([]);
  });

  it('tries a next hop that could not be reached lately behind the others, but not behind a directory', async () => {
    const dead = `127.0.0.1:${await refusedPort()}`;
    const good = await hop();
    const lines = (): readonly string[] => it_.log.lines.splice(0).map((line) => line.message);
    const host = smartHost(`${dead} ${good.target}`);
    for (const expected of [['next hop failed'], []]) {
      expect(await host.forward(message, never)).toMatchObject({ kind: 'delivered', host: good.target });
      expect(lines()).toEqual(expected);
    }
    const withMaildir = smartHost(`${dead}, maildir:${directory}`);
    expect(await withMaildir.forward(message, never)).toMatchObject({ kind: 'delivered' });
    expect(lines()).toEqual(['next hop failed']);
    expect(await stored()).toEqual([MESSAGE]);
  });
});
