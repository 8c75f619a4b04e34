// What every store must do, whatever is behind it: one table of cases, run with each adapter. A file beside this one names an adapter.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_ITEMS, MAX_KEY, MAX_TTL, type Rate, type Store } from '../../../src/store/store.ts';

/** A store that is open and empty, or whose keys nobody else uses. */
export interface OpenedStore {
  readonly store: Store;
  /** Another handle to the same entries, as another worker has. */
  readonly other: Store;
  /** Lets time pass for it; a store that cannot be told waits. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface Adapter {
  open(options: { readonly 'store-max-value': string }): Promise<OpenedStore>;
}

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');
const every = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
const limit = { kind: 'failed', cause: 'limit' };
const type = { kind: 'failed', cause: 'type' };
const done = { kind: 'done' };
const missing = { kind: 'missing' };
const number = (value: number): object => ({ kind: 'number', value });
const value = (text: string | Buffer): object => ({
  kind: 'value',
  value: typeof text === 'string' ? octets(text) : text,
});

const MAX_VALUE = 65_536;

export function storeCases(name: string, adapter: Adapter): void {
  describe(`a store ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    let used = 0;
    /** A key that no other case has. */
    const fresh = (): Buffer => octets(`case:${++used}`);

    beforeAll(async () => {
      opened = await adapter.open({ 'store-max-value': String(MAX_VALUE) });
      ({ store } = opened);
    });
    afterAll(() => opened.close());

    it('gives what was set, until it is removed', async () => {
      const key = fresh();
      expect(await store.get(key)).toEqual(missing);
      expect(await store.set(key, octets('one'), 60)).toEqual(done);
      expect(await store.get(key)).toEqual(value('one'));
      expect(await opened.other.get(key)).toEqual(value('one'));
      expect(await store.set(key, octets('another'), 60)).toEqual(done);
      expect(await store.get(key)).toEqual(value('another'));
      expect(await store.delete(key)).toEqual(done);
      expect(await store.delete(key)).toEqual(missing);
      expect(await store.get(key)).toEqual(missing);
    });

    it('keeps every octet of keys and values', async () => {
      for (const octet of every) {
        const key = Buffer.from([octet]);
        expect(await store.set(key, Buffer.from([octet, 0, octet]), 60)).toEqual(done);
      }
      for (const octet of every) {
        expect(await store.get(Buffer.from([octet]))).toEqual(value(Buffer.from([octet, 0, octet])));
        expect(await store.delete(Buffer.from([octet]))).toEqual(done);
      }
      const key = Buffer.concat([fresh(), every]);
      await store.set(key, every, 60);
      expect(await store.get(key)).toEqual(value(every));
    });

    it('has keys of 1 to 512 octets and values of 0 to store-max-value', async () => {
      const longest = Buffer.alloc(MAX_KEY, 'k');
      expect(await store.set(longest, Buffer.alloc(0), 60)).toEqual(done);
      expect(await store.get(longest)).toEqual(value(''));
      for (const key of [Buffer.alloc(0), Buffer.alloc(MAX_KEY + 1, 'k')]) {
        expect(await store.get(key)).toEqual(limit);
        expect(await store.getMany([longest, key])).toEqual(limit);
        expect(await store.set(key, octets('x'), 60)).toEqual(limit);
        expect(await store.add(key, octets('x'), 60)).toEqual(limit);
        expect(await store.replace(key, octets('x'), octets('x'), 60)).toEqual(limit);
        expect(await store.incr(key, 1, 60)).toEqual(limit);
        expect(await store.expire(key, 60)).toEqual(limit);
        expect(await store.ttl(key)).toEqual(limit);
        expect(await store.delete(key)).toEqual(limit);
        expect(await store.member(key, octets('x'), 60)).toEqual(limit);
        expect(await store.member(longest, key, 60)).toEqual(limit);
        expect(await store.count(key)).toEqual(limit);
        expect(await store.rate([{ key, interval: 1, burst: 1, cost: 1 }], true)).toEqual(limit);
      }
      const key = fresh();
      const large = Buffer.alloc(MAX_VALUE, every);
      expect(await store.set(key, large, 60)).toEqual(done);
      expect(await store.get(key)).toEqual(value(large));
      const larger = Buffer.alloc(MAX_VALUE + 1);
      expect(await store.set(key, larger, 60)).toEqual(limit);
      expect(await store.add(fresh(), larger, 60)).toEqual(limit);
      expect(await store.replace(key, large, larger, 60)).toEqual(limit);
      expect(await store.get(key)).toEqual(value(large));
    });

    it.each([0, -1, 1.5, Number.NaN, MAX_TTL + 1])('lets nothing live %d s', async (ttl) => {
      const key = fresh();
      expect(await store.set(key, octets('x'), ttl)).toEqual(limit);
      expect(await store.add(key, octets('x'), ttl)).toEqual(limit);
      expect(await store.incr(key, 1, ttl)).toEqual(limit);
      expect(await store.member(key, octets('x'), ttl)).toEqual(limit);
      expect(await store.get(key)).toEqual(missing);
      await store.set(key, octets('x'), MAX_TTL);
      expect(await store.expire(key, ttl)).toEqual(limit);
      expect(await store.ttl(key)).toEqual(number(MAX_TTL));
    });

    it('gives many at once, those that are there', async () => {
      const keys = Array.from({ length: 100 }, fresh);
      for (const [index, key] of keys.entries())
        if (index % 3 > 0) await store.set(key, octets(`v${index}`), 60);
      const values = keys.map((_, index) => (index % 3 > 0 ? octets(`v${index}`) : undefined));
      expect(await store.getMany(keys)).toEqual({ kind: 'values', values });
      expect(await store.getMany([...keys, fresh()])).toEqual(limit);
      expect(await store.getMany([])).toEqual({ kind: 'values', values: [] });
    });

    it('has one winner of add, and replaces only what was looked at', async () => {
      const key = fresh();
      const all = await Promise.all(
        ['a', 'b', 'c'].flatMap((one) => [
          store.add(key, octets(one), 60),
          opened.other.add(key, octets(one), 60),
        ]),
      );
      expect(all.filter(({ kind }) => kind === 'done')).toHaveLength(1);
      expect(all.filter(({ kind }) => kind === 'exists')).toHaveLength(5);
      const now = await store.get(key);
      const old = now.kind === 'value' ? now.value : octets('?');
      expect(await store.replace(key, octets('nobody'), octets('x'), 60)).toEqual({ kind: 'changed' });
      expect(await store.replace(fresh(), octets(''), octets('x'), 60)).toEqual({ kind: 'changed' });
      expect(await opened.other.replace(key, old, octets('new'), 600)).toEqual(done);
      expect(await store.replace(key, old, octets('late'), 60)).toEqual({ kind: 'changed' });
      expect(await store.get(key)).toEqual(value('new'));
      expect(await store.ttl(key)).toEqual(number(600));
    });

    it('counts exactly, whoever counts', async () => {
      const key = fresh();
      expect(await store.incr(key, 1, 60)).toEqual(number(1));
      expect(await store.incr(key, -5, 60)).toEqual(number(-4));
      const counted = [];
      for (let i = 0; i < 200; i++) counted.push((i % 2 === 0 ? store : opened.other).incr(key, 1, 60));
      await Promise.all(counted);
      expect(await store.incr(key, 0, 60)).toEqual(number(196));
      expect(await store.get(key)).toEqual(value('196'));
    });

    it.each(['', 'x', '1.5', '1 ', '+1', '0x10', '9007199254740993', '1e3', '\0'])(
      'does not count on %j',
      async (text) => {
        const key = fresh();
        await store.set(key, octets(text), 60);
        expect(await store.incr(key, 1, 60)).toEqual(type);
        expect(await store.get(key)).toEqual(value(text));
      },
    );

    it('counts in 53 bits', async () => {
      const key = fresh();
      expect(await store.incr(key, Number.MAX_SAFE_INTEGER, 60)).toEqual(number(Number.MAX_SAFE_INTEGER));
      expect(await store.incr(key, 1, 60)).toEqual(type);
      expect(await store.incr(key, -1, 60)).toEqual(number(Number.MAX_SAFE_INTEGER - 1));
      expect(await store.incr(key, 2 ** 53, 60)).toEqual(type);
      expect(await store.incr(key, 0.5, 60)).toEqual(type);
    });

    it('forgets what has run out, and does not prolong by counting', async () => {
      const [key, counter, set, kept] = [fresh(), fresh(), fresh(), fresh()];
      await store.set(key, octets('x'), 2);
      await store.incr(counter, 1, 2);
      await store.member(set, octets('a'), 2);
      await store.set(kept, octets('x'), 2);
      expect(await store.expire(kept, 600)).toEqual(done);
      await opened.advance(1200);
      expect(await store.incr(counter, 1, 600)).toEqual(number(2));
      expect(await store.member(set, octets('b'), 600)).toEqual({ kind: 'added' });
      for (const one of [key, counter, set]) expect(await store.ttl(one)).toEqual(number(1));
      await opened.advance(1000);
      for (const one of [key, counter]) expect(await store.get(one)).toEqual(missing);
      expect(await store.ttl(key)).toEqual(missing);
      expect(await store.count(set)).toEqual(number(0));
      expect(await store.expire(key, 60)).toEqual(missing);
      expect(await store.delete(counter)).toEqual(missing);
      expect(await store.add(key, octets('y'), 60)).toEqual(done);
      expect(await store.incr(counter, 1, 60)).toEqual(number(1));
      expect(await store.member(set, octets('b'), 60)).toEqual({ kind: 'added' });
      expect(await store.count(set)).toEqual(number(1));
      expect(await store.get(kept)).toEqual(value('x'));
    });

    it('has sets of different items', async () => {
      const set = fresh();
      expect(await store.count(set)).toEqual(number(0));
      expect(await store.member(set, octets('a'), 60)).toEqual({ kind: 'added' });
      expect(await opened.other.member(set, octets('a'), 600)).toEqual({ kind: 'present' });
      expect(await store.member(set, every, 60)).toEqual({ kind: 'added' });
      expect(await store.count(set)).toEqual(number(2));
      expect(await store.ttl(set)).toEqual(number(60));
      expect(await store.expire(set, 600)).toEqual(done);
      expect(await store.ttl(set)).toEqual(number(600));
      expect(await store.count(set)).toEqual(number(2));
      expect(await store.delete(set)).toEqual(done);
      expect(await store.count(set)).toEqual(number(0));
      expect(await store.member(set, octets('a'), 60)).toEqual({ kind: 'added' });
      expect(await store.count(set)).toEqual(number(1));
    });

    it(`has at most ${MAX_ITEMS} items in a set`, async () => {
      const set = fresh();
      for (let from = 0; from < MAX_ITEMS; from += 500) {
        const some = Array.from({ length: 500 }, (_, i) => store.member(set, octets(`item ${from + i}`), 60));
        expect((await Promise.all(some)).every(({ kind }) => kind === 'added')).toBe(true);
      }
      expect(await store.member(set, octets('one more'), 60)).toEqual(limit);
      expect(await store.member(set, octets('item 7'), 60)).toEqual({ kind: 'present' });
      expect(await store.count(set)).toEqual(number(MAX_ITEMS));
      expect(await store.delete(set)).toEqual(done);
    });

    it('knows values from sets', async () => {
      const [text, set] = [fresh(), fresh()];
      await store.set(text, octets('x'), 60);
      await store.member(set, octets('a'), 60);
      expect(await store.get(set)).toEqual(type);
      expect(await store.getMany([text, set])).toEqual({ kind: 'values', values: [octets('x'), undefined] });
      expect(await store.incr(set, 1, 60)).toEqual(type);
      expect(await store.add(set, octets('x'), 60)).toEqual({ kind: 'exists' });
      expect(await store.replace(set, octets('x'), octets('y'), 60)).toEqual(type);
      expect(await store.member(text, octets('a'), 60)).toEqual(type);
      expect(await store.count(text)).toEqual(type);
      // Setting a value takes the place of whatever was there.
      expect(await store.set(set, octets('now a value'), 60)).toEqual(done);
      expect(await store.get(set)).toEqual(value('now a value'));
    });

    it('lists keys by what they begin with', async () => {
      const prefix = fresh();
      const keys = ['', ':a', ':b', ':b\xff', '*', '[x]?'].map((end) => Buffer.concat([prefix, octets(end)]));
      for (const key of keys) await store.set(key, octets('x'), 60);
      const set = Buffer.concat([prefix, octets(':set')]);
      await store.member(set, octets('x'), 60);
      const listed = async (of: Buffer, most: number): Promise<readonly string[]> => {
        const outcome = await store.list(of, most);
        return outcome.kind === 'keys'
          ? outcome.keys.map((key) => key.toString('latin1')).sort()
          : [outcome.cause];
      };
      const all = [...keys, set].map((key) => key.toString('latin1')).sort();
      expect(await listed(prefix, 100)).toEqual(all);
      expect(await listed(prefix, 2)).toHaveLength(2);
      expect(await listed(Buffer.concat([prefix, octets('[')]), 100)).toEqual([`${prefix}[x]?`]);
      expect(await listed(Buffer.concat([prefix, octets('*')]), 100)).toEqual([`${prefix}*`]);
      expect(await listed(octets('case:none'), 100)).toEqual([]);
      expect((await listed(Buffer.alloc(0), 3)).length).toBe(3);
      expect(await listed(Buffer.alloc(MAX_KEY + 1, 'x'), 3)).toEqual(['limit']);
    });

    it('lets a burst through and then as much as is worked off', async () => {
      const key = fresh();
      const one: Rate = { key, interval: 500, burst: 3, cost: 1 };
      const counted = async (rate = one, isCounted = true): Promise<readonly unknown[]> => {
        const outcome = await store.rate([rate], isCounted);
        return outcome.kind === 'rates'
          ? outcome.rates.flatMap(({ isAllowed, remaining }) => [isAllowed, remaining])
          : [outcome.cause];
      };
      expect(await counted({ ...one, cost: 0 }, false)).toEqual([true, 3]);
      expect(await counted({ ...one, cost: 4 })).toEqual([false, 3]);
      expect(await counted()).toEqual([true, 2]);
      expect(await counted({ ...one, cost: 2 })).toEqual([true, 0]);
      const refused = await opened.other.rate([one], true);
      const [state] = refused.kind === 'rates' ? refused.rates : [];
      expect(state).toMatchObject({ isAllowed: false, remaining: 0 });
      expect(state?.retryAfter).toBeGreaterThan(0);
      expect(state?.retryAfter).toBeLessThanOrEqual(500);
      await opened.advance(600);
      expect(await counted(one, false)).toEqual([true, 1]);
      expect(await counted()).toEqual([true, 0]);
      const never = await store.rate([{ ...one, cost: 4 }], true);
      expect(never.kind === 'rates' && never.rates[0]?.retryAfter).toBe(Number.POSITIVE_INFINITY);
      await store.set(key, octets('x'), 60);
      expect(await counted()).toEqual(['type']);
    });

    it('counts none of several limits when one refuses', async () => {
      const [a, b] = [fresh(), fresh()];
      const rates: readonly Rate[] = [
        { key: a, interval: 10_000, burst: 5, cost: 1 },
        { key: b, interval: 10_000, burst: 1, cost: 1 },
      ];
      const states = async (): Promise<unknown> => {
        const outcome = await store.rate(rates, true);
        return outcome.kind === 'rates'
          ? outcome.rates.map(({ isAllowed, remaining }) => `${isAllowed} ${remaining}`)
          : outcome;
      };
      expect(await states()).toEqual(['true 4', 'true 0']);
      expect(await states()).toEqual(['true 4', 'false 0']);
      expect(await states()).toEqual(['true 4', 'false 0']);
      expect(
        await store.rate(
          Array.from({ length: 17 }, () => ({ key: a, interval: 1, burst: 1, cost: 1 })),
          true,
        ),
      ).toEqual(limit);
    });

    it('lets exactly a burst through, however many ask at once', async () => {
      const rate: Rate = { key: fresh(), interval: 3_600_000, burst: 50, cost: 1 };
      const asked = Array.from({ length: 300 }, (_, i) => (i % 2 ? store : opened.other).rate([rate], true));
      const allowed = (await Promise.all(asked)).filter(
        (outcome) => outcome.kind === 'rates' && outcome.rates.every(({ isAllowed }) => isAllowed),
      );
      expect(allowed).toHaveLength(50);
    });

    it('is up', () => {
      expect(store.state()).toBe('up');
    });
  });
}

/** Behind all other cases of a store: it is not used after that. */
export function closedCase(name: string, adapter: Adapter): void {
  it(`${name} answers down when it is closed`, async () => {
    const { close, store } = await adapter.open({ 'store-max-value': '100' });
    const key = octets('closed');
    await close();
    await store.close();
    expect(store.state()).toBe('down');
    const down = { kind: 'failed', cause: 'down' };
    expect(await store.get(key)).toEqual(down);
    expect(await store.getMany([key])).toEqual(down);
    expect(await store.set(key, key, 60)).toEqual(down);
    expect(await store.incr(key, 1, 60)).toEqual(down);
    expect(await store.member(key, key, 60)).toEqual(down);
    expect(await store.list(key, 1)).toEqual(down);
    expect(await store.rate([{ key, interval: 1, burst: 1, cost: 1 }], true)).toEqual(down);
    expect(await store.rate([{ key, interval: 1, burst: 1, cost: 1 }], false)).toEqual(down);
  });
}
