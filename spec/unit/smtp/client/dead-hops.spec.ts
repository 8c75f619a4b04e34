// A next hop that cannot be reached costs one message its time-out, not every message; it is tried again after seconds.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../../../src/bench/ports/next-hop.ts';
import { healthKey } from '../../../../src/net/host-health.ts';
import { type BlackHole, openBlackHole } from '../../../fakes/black-hole.ts';
import { type Bench, bench, turns } from './support.ts';

const hops: NextHop[] = [];
async function hop(script: HopScript = {}, address = '127.0.0.1', port = 0): Promise<NextHop> {
  const started = await NextHop.start(script, address, port);
  hops.push(started);
  return started;
}
let hole: BlackHole;
beforeAll(async () => {
  hole = await openBlackHole();
});
afterAll(() => hole.close());
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

const none = { 'smtp-forward-connections': '0' };

/** Waits until a connection is being made, then lets the time for it pass. */
async function timeOut({ clock }: Bench, seconds: number): Promise<void> {
  while (clock.pending === 0) await turns(1);
  clock.advance(seconds * 1000);
}

/** What was logged since the last call. */
function linesOf({ log }: Bench): readonly string[] {
  return log.lines.splice(0).map(({ message, fields }) => `${message} ${fields.address ?? ''}`);
}

describe('a next hop that cannot be reached', () => {
  it('holds up the first message only, when connecting to it hangs', async () => {
    const good = await hop();
    const it = bench(none);
    const hosts = [`127.0.0.1:${hole.port}`, good.target];
    const first = it.send(hosts);
    await timeOut(it, 60);
    expect(await first).toMatchObject({ kind: 'delivered', host: good.target });
    expect(linesOf(it)).toEqual(['next hop failed 127.0.0.1']);
    // Time stands still: whoever tried the dead one would wait for ever.
    for (let i = 0; i < 3; i++)
      expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: good.target });
    expect(linesOf(it)).toEqual([]);
    it.client.close();
  });

  it('is tried again by one message after ten seconds, while the others go on without it', async () => {
    const good = await hop();
    const it = bench(none);
    const hosts = [`127.0.0.1:${hole.port}`, good.target];
    const first = it.send(hosts);
    await timeOut(it, 60);
    await first;
    it.clock.advance(10_000);
    const trying = it.send(hosts);
    while (it.clock.pending === 0) await turns(1);
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: good.target });
    expect(good.connections).toHaveLength(2);
    await timeOut(it, 60);
    expect(await trying).toMatchObject({ kind: 'delivered', host: good.target });
    it.client.close();
  });

  it('gets the mail again when it is back', async () => {
    const port = await refusedPort();
    const other = await hop();
    const it = bench(none);
    const hosts = [`127.0.0.1:${port}`, other.target];
    for (let i = 0; i < 3; i++) await it.send(hosts);
    expect(linesOf(it)).toEqual(['next hop failed 127.0.0.1']);
    const back = await hop({}, '127.0.0.1', port);
    expect(await it.send(hosts)).toMatchObject({ host: other.target });
    it.clock.advance(10_000);
    for (let i = 0; i < 3; i++) expect(await it.send(hosts)).toMatchObject({ host: back.target });
    it.client.close();
  });

  it('is back as well when it answers over a connection that was kept', async () => {
    const [one, other] = [await hop(), await hop()];
    const it = bench();
    const hosts = [one.target, other.target];
    await it.send(hosts);
    // A second connection to it could not be made meanwhile.
    it.health.failed(healthKey('127.0.0.1', one.port));
    expect(await it.send(hosts)).toMatchObject({ host: other.target });
    it.clock.advance(10_000);
    for (let i = 0; i < 3; i++) expect(await it.send(hosts)).toMatchObject({ host: one.target });
    expect(one.connections).toHaveLength(1);
    it.client.close();
  });

  it('is tried all the same when all others are dead too', async () => {
    const [one, two] = [await refusedPort(), await refusedPort()];
    const it = bench(none);
    const hosts = [`127.0.0.1:${one}`, `127.0.0.1:${two}`];
    for (let i = 0; i < 2; i++) {
      expect(await it.send(hosts)).toMatchObject({ kind: 'failed', stage: 'connect' });
      expect(linesOf(it)).toHaveLength(2);
    }
    const back = await hop({}, '127.0.0.1', two);
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: back.target });
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: back.target });
    expect(linesOf(it)).toEqual(['next hop failed 127.0.0.1']);
    it.client.close();
  });

  it('may be one address of a host', async () => {
    const good = await hop({}, '127.0.0.1');
    const it = bench(none, { 'mx.example': ['127.0.0.2', '127.0.0.1'] });
    const host = `mx.example:${good.port}`;
    for (let i = 0; i < 3; i++) expect(await it.send([host])).toMatchObject({ kind: 'delivered', host });
    expect(linesOf(it)).toEqual(['next hop failed 127.0.0.2']);
    it.client.close();
  });

  it('may be a host whose addresses take longer to fail than the first of them is remembered', async () => {
    const good = await hop();
    // One that is refused at once, and one that hangs.
    const it = bench(none, { 'mx.example': ['127.0.0.2', '127.0.0.1'] });
    const hosts = [`mx.example:${hole.port}`, good.target];
    const first = it.send(hosts);
    while (it.log.lines.length === 0) await turns(1);
    await timeOut(it, 60);
    expect(await first).toMatchObject({ kind: 'delivered', host: good.target });
    expect(linesOf(it)).toEqual(['next hop failed 127.0.0.2', 'next hop failed 127.0.0.1']);
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: good.target });
    expect(linesOf(it)).toEqual([]);
    it.client.close();
  });

  it('is no better for a sender who gave up while trying it again', async () => {
    const good = await hop();
    const it = bench(none, { 'mx.example': ['127.0.0.1'] });
    const hosts = [`mx.example:${hole.port}`, good.target];
    const first = it.send(hosts);
    await timeOut(it, 60);
    await first;
    it.clock.advance(10_000);
    const stop = new AbortController();
    const given = it.send(hosts, {}, stop.signal);
    while (it.clock.pending === 0) await turns(1);
    stop.abort();
    await given;
    expect(await it.send(hosts)).toMatchObject({ kind: 'delivered', host: good.target });
    it.client.close();
  });

  it.each([
    ['says nothing', { banner: { end: 'hang' } }],
    ['closes before its banner', { banner: null }],
  ] as const)('is one that %s', async (_, script) => {
    const bad = await hop(script);
    const good = await hop();
    const it = bench({ ...none, 'smtp-command-timeout': '100' });
    const first = it.send([bad.target, good.target]);
    if (script.banner !== null) {
      await bad.until(({ connections }) => connections.length === 1);
      await timeOut(it, 100);
    }
    expect(await first).toMatchObject({ kind: 'delivered', host: good.target });
    expect(await it.send([bad.target, good.target])).toMatchObject({ kind: 'delivered', host: good.target });
    expect(bad.connections).toHaveLength(1);
    it.client.close();
  });

  it.each([
    ['turns us away', { banner: '554 no\r\n' }],
    ['has no time', { banner: '421 later\r\n' }],
    ['breaks off later', { mail: null }],
  ] as const)('is not one that %s: it has been reached', async (_, script) => {
    const bad = await hop(script);
    const good = await hop();
    const it = bench(none);
    for (let i = 0; i < 2; i++)
      expect(await it.send([bad.target, good.target])).toMatchObject({ host: good.target });
    expect(bad.connections).toHaveLength(2);
    it.client.close();
  });

  it('is not one whose sender gave up while connecting', async () => {
    const it = bench(none);
    const stop = new AbortController();
    const given = it.send([`127.0.0.1:${hole.port}`], {}, stop.signal);
    while (it.clock.pending === 0) await turns(1);
    stop.abort();
    expect(await given).toMatchObject({ kind: 'failed', error: 'given up' });
    expect(it.health.avoids(healthKey('127.0.0.1', hole.port))).toBe(false);
    it.client.close();
  });
});
