import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { type NameSource, ownHostName } from '../../../src/ops/host-name.ts';

const source = (name: string, complete: () => Promise<string>): NameSource => ({
  name: () => name,
  complete,
});
const never = (): Promise<string> => new Promise(() => undefined);
const clock = new FakeClock();

describe('ownHostName', () => {
  it('takes the option as it is', async () => {
    expect(await ownHostName('mx.example.com', clock, source('other', never))).toBe('mx.example.com');
  });

  it('takes a complete name of the machine without asking', async () => {
    expect(await ownHostName('', clock, source('mx.example.org.', never))).toBe('mx.example.org');
  });

  it('completes a short name, but only to a name of this machine', async () => {
    expect(
      await ownHostName(
        '',
        clock,
        source('mx', async () => 'MX.example.org'),
      ),
    ).toBe('MX.example.org');
    expect(
      await ownHostName(
        '',
        clock,
        source('mx', async () => 'localhost'),
      ),
    ).toBe('mx');
    expect(
      await ownHostName(
        '',
        clock,
        source('mx', async () => 'mx.bad name'),
      ),
    ).toBe('mx');
  });

  it('does without when the look-up fails or takes too long', async () => {
    expect(
      await ownHostName(
        '',
        clock,
        source('mx', () => Promise.reject(new Error('ENOTFOUND'))),
      ),
    ).toBe('mx');
    const slow = ownHostName('', clock, source('mx', never));
    clock.advance(2000);
    expect(await slow).toBe('mx');
  });

  it('never gives a name that is none', async () => {
    expect(await ownHostName('', clock, source('bad name\r\n', never))).toBe('localhost');
  });

  it('leaves no timer behind', async () => {
    const own = new FakeClock();
    await ownHostName(
      '',
      own,
      source('mx', async () => 'mx.example.org'),
    );
    expect(own.pending).toBe(0);
  });
});
