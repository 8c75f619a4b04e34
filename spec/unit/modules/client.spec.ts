import { describe, expect, it } from 'vitest';
import type { Suspension } from '../../../src/lua-api/function-spec.ts';
import { clientModule } from '../../../src/modules/client.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { SessionView, WriteOutcome } from '../../../src/policy/session-view.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

function write(outcome: WriteOutcome, text: string): { call: () => Suspension; written: [Buffer, number][] } {
  const written: [Buffer, number][] = [];
  const session = {
    write: async (bytes: Buffer, timeout: number) => {
      written.push([bytes, timeout]);
      return outcome;
    },
  } as SessionView;
  const context = fakeCallContext(session, createOptions({ 'smtp-reply-timeout': '7' }));
  const call = (): Suspension => {
    const result = callModule(clientModule, 'write', context, text);
    if (!('done' in result)) throw new Error('did not suspend');
    return result;
  };
  return { call, written };
}

describe('client.write', () => {
  it('sends the bytes as they are, within smtp-reply-timeout, and returns nothing', async () => {
    const { call, written } = write({ kind: 'written' }, '214-\xff\0\r\n');
    const suspension = call();
    expect(suspension.describe()).toBe('client.write (8 bytes)');
    expect(await suspension.done).toEqual([]);
    expect(written).toEqual([[Buffer.from('214-\xff\0\r\n', 'latin1'), 7000]]);
  });

  it.each([
    ['250-a', '250-a\r\n'],
    ['250-a\n', '250-a\r\n'],
    ['250-a\r', '250-a\r\n'],
    ['250-a\r\n250-b', '250-a\r\n250-b\r\n'],
    ['250-a\r\n', '250-a\r\n'],
  ])('ends the line of %j, as with the reply of a hook', async (text, sent) => {
    const { call, written } = write({ kind: 'written' }, text);
    await call().done;
    expect(written[0]?.[0].toString('latin1')).toBe(sent);
  });

  it('says why it could not', async () => {
    expect(await write({ kind: 'timeout' }, 'x').call().done).toEqual([
      false,
      'not sent within 7 s (option smtp-reply-timeout)',
    ]);
    expect(await write({ kind: 'closed' }, 'x').call().done).toEqual([false, 'the client has gone']);
  });

  it('does nothing for an empty text', () => {
    const { written } = write({ kind: 'written' }, '');
    expect(callModule(clientModule, 'write', fakeCallContext({} as SessionView), '')).toEqual([]);
    expect(written).toEqual([]);
  });

  it('raises an error without a client or without a text', () => {
    expect(() => callModule(clientModule, 'write', fakeCallContext(), 'x')).toThrow(/no client here/);
    expect(() => callModule(clientModule, 'write', fakeCallContext())).toThrow(
      "bad argument #1 to 'client.write' (string expected, got no value)",
    );
  });
});
