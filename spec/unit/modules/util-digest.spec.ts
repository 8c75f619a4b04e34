// Digests, base64, random octets and waiting in Lua.
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { Suspension } from '../../../src/lua-api/function-spec.ts';
import { createUtilModule } from '../../../src/modules/util/util.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';
import { allowed } from '../../fakes/pace.ts';
import { standstill } from '../../fakes/standstill.ts';
import { utilModule } from '../../fakes/util-module.ts';

const context = fakeCallContext();
const call = (name: string, ...args: Parameters<typeof callModule>[3][]) =>
  callModule(utilModule, name, context, ...args);
const octets = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');

describe('digests', () => {
  it.each(['sha1', 'sha256'])('%s of all octets, in digits and in octets', (name) => {
    const right = createHash(name).update(Buffer.from(octets, 'latin1'));
    const digest = right.digest();
    expect(call(name, octets)).toEqual([digest.toString('hex')]);
    expect(call(name, octets, true)).toEqual([digest]);
  });

  it('of a long text are made in pieces, and given up', async () => {
    const long = 'x'.repeat(25_000_000);
    const right = createHmac('sha512', 'key').update(long).digest('hex');
    const waiting = call('hmac', 'sha512', 'key', long) as Suspension;
    expect(waiting.describe()).toBe('util.hmac (25000000 octets)');
    expect(await waiting.done).toEqual([right]);
    expect(
      await standstill(async () => {
        const other = call('sha256', long) as Suspension;
        other.cancel();
        await other.done;
      }),
    ).toBeLessThan(allowed(30));
  });

  it('know their algorithms only', () => {
    expect(() => call('hmac', 'sha3', 'k', 'x')).toThrow(
      /bad argument #1 to 'util.hmac' \(md5, sha1, sha256, sha512 expected/,
    );
  });
});

describe('base64', () => {
  it.each([0, 1, 2, 3, 57, 58, 256])('%i octets, there and back', (length) => {
    const text = octets.slice(0, length);
    const right = Buffer.from(text, 'latin1').toString('base64');
    expect(call('base64_encode', text)).toEqual([right]);
    const [lines] = call('base64_encode', text, 76) as readonly string[];
    expect(lines?.replaceAll('\r\n', '')).toBe(right);
    expect(lines?.split('\r\n').every((line) => line.length <= 76)).toBe(true);
    for (const written of [right, lines, right.replace(/=+$/, ''), ` ${right}\n`]) {
      const [back] = call('base64_decode', written ?? '') as readonly (Buffer | string)[];
      expect(Buffer.isBuffer(back) ? back.toString('latin1') : back).toBe(text);
    }
  });

  it.each(['a', 'ab==c', 'ab=', 'abc-', 'ab_c', '=', '====', 'aGVsbG8A!', '\0'])('%j is none', (text) => {
    expect(call('base64_decode', text)).toEqual([undefined]);
  });

  it.each([0, 3, 77, 1000, -4])('lines of %i are refused', (length) => {
    expect(() => call('base64_encode', 'x', length)).toThrow(/multiple of 4/);
  });
});

describe('random_bytes', () => {
  it('asks for what it needs, and gives all of it', () => {
    const asked: number[] = [];
    const module = createUtilModule({
      clock: new FakeClock(),
      random: (limit) => {
        asked.push(limit);
        return limit - 1;
      },
    });
    expect(callModule(module, 'random_bytes', context, 12)).toEqual([Buffer.alloc(12, 255)]);
    expect(asked).toEqual([256 ** 5, 256 ** 5, 256 ** 2]);
    expect(callModule(module, 'random_bytes', context, 0)).toEqual([Buffer.alloc(0)]);
  });

  it.each([-1, 65_537])('%i is refused', (count) => {
    expect(() => call('random_bytes', count)).toThrow(/integer from 0 to 65536 expected/);
  });
});

describe('time and sleep', () => {
  it('go by the clock that was handed in', async () => {
    const clock = new FakeClock();
    const module = createUtilModule({ clock, random: () => 0 });
    expect(callModule(module, 'time', context)).toEqual([clock.now() / 1000]);
    const waiting = callModule(module, 'sleep', context, 1.5) as Suspension;
    let over = false;
    void waiting.done.then(() => {
      over = true;
    });
    clock.advance(1499);
    expect(over).toBe(false);
    clock.advance(1);
    expect(await waiting.done).toEqual([]);
    const other = callModule(module, 'sleep', context, 100) as Suspension;
    other.cancel();
    expect(await other.done).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2_147_484])('%d seconds are refused', (seconds) => {
    expect(() => call('sleep', seconds)).toThrow(/seconds have to be 0 to 2147483/);
  });
});
