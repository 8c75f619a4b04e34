import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { HookName } from '../../../../src/policy/hook-table.ts';
import { peerAt } from '../../../fakes/peer.ts';
import {
  DATA,
  END,
  expectNothingLeft,
  forever,
  MESSAGE,
  turns,
  until,
} from '../../../fakes/session-at-rest.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';

describe('a client that goes away', () => {
  it.each([
    ['after the banner', ''],
    ['in the middle of a command', 'EHL'],
    ['after a command', 'EHLO c.example\r\n'],
    ['in a transaction', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\n'],
    ['after 354', DATA],
    ['in the middle of a message', `${DATA}A: 1\r\n\r\nx`],
    ['after a message', MESSAGE],
    ['in a dialogue', 'EHLO c.example\r\nAUTH LOGIN\r\n'],
  ])('%s: hook.close(4), nothing left', async (_, sent) => {
    const ended = await until(sent, { hooks: { auth: () => '235 ok' } });
    ended.client.stream.end();
    await ended.client.over;
    expect(ended.rig.instance.calls.slice(-1)).toEqual([['close', 4]]);
    expect(ended.rig.instance.calls.some(([name]) => name === 'error')).toBe(false);
    expectNothingLeft(ended);
  });

  it.each<[HookName, string]>([
    ['accept', ''],
    ['ehlo', 'EHLO c.example\r\n'],
    ['mail', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\n'],
    ['rcpt', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\n'],
    ['data', DATA],
    ['content', `${DATA}x\r\n`],
    ['header', `${DATA}A: 1\r\nB: 2\r\n`],
    ['eoh', `${DATA}A: 1\r\n\r\n`],
    ['body', `${DATA}A: 1\r\n\r\nx\r\n`],
    ['dot', MESSAGE],
    ['forward', MESSAGE],
    ['reset', 'RSET\r\n'],
    ['reply', ''],
    ['noop', 'NOOP\r\n'],
    ['unknown', 'FOO\r\n'],
  ])(
    'while hook.%s is suspended: it is cut off, hook.error, hook.close(4), nothing left',
    async (name, sent) => {
      const ended = await until(sent, { hooks: { [name]: forever } });
      expect(ended.rig.instance.calls.at(-1)?.[0]).toBe(name);
      ended.client.reset();
      await ended.client.over;
      expect(ended.rig.instance.calls.slice(-2)).toEqual([
        ['error', 104, 'Connection reset by peer'],
        ['close', 4],
      ]);
      expectNothingLeft(ended);
    },
  );

  it('while hook.quit is suspended: it is not cut off, for that is how clients leave', async () => {
    let go = (): void => undefined;
    const ended = await until('QUIT\r\n', {
      hooks: {
        quit: () =>
          new Promise((resolve) => {
            go = () => resolve('221 2.0.0 at last');
          }),
      },
    });
    ended.client.stream.end();
    await turns();
    go();
    await ended.client.over;
    expect(ended.client.received).toMatch(/221 2\.0\.0 at last\r\n$/);
    expect(ended.rig.instance.calls.at(-1)).toEqual(['close', 0]);
  });

  it('while its name is looked up: the look-up is aborted', async () => {
    let aborted = false;
    const ended = await until('', {
      options: { 'dns-client-timeout': '10' },
      deps: {
        resolver: {
          reverse: (_, options) =>
            new Promise((resolve) => {
              options?.signal?.addEventListener('abort', () => {
                aborted = true;
                resolve(undefined);
              });
            }),
          confirms: () => Promise.resolve(false),
        },
      },
    });
    ended.client.reset();
    await ended.client.over;
    expect(aborted).toBe(true);
    expectNothingLeft(ended);
  });

  it('while the message is forwarded: that is aborted, and what became of it is logged', async () => {
    const failed: DeliveryOutcome = {
      kind: 'failed',
      host: 'next',
      stage: 'dot',
      code: 110,
      error: 'aborted',
      rcpts: [],
    };
    const ended = await until(MESSAGE, {
      smartHost: (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(failed))),
    });
    ended.client.reset();
    await ended.client.over;
    expect(ended.rig.said).toContain('client gone before the reply at dot');
    expectNothingLeft(ended);
  });

  it('having sent everything at once still gets every reply', async () => {
    const rig = new SmtpRig({
      hooks: { rcpt: async () => void (await turns(2)), quit: async () => void (await turns(2)) },
    });
    const client = rig.connect();
    client.send(`${MESSAGE}QUIT\r\n`);
    client.stream.end();
    const text = await client.rest();
    expect([...text.matchAll(/^(\d{3}) /gm)].map(([, code]) => code).join(' ')).toBe(
      '220 250 250 250 354 451 221',
    );
    await client.over;
  });

  it('with an error of the socket: hook.error with its number, before hook.close', async () => {
    for (const [syscall, code] of [
      ['read', 4],
      ['write', 3],
    ] as const) {
      const clock = new FakeClock();
      const rig = new SmtpRig({ hooks: END, clock });
      const { duplexPair } = await import('node:stream');
      const [ours, theirs] = duplexPair();
      ours.resume();
      const over = rig.server.serve(theirs, peerAt('192.0.2.1'), false);
      await turns();
      theirs.destroy(
        Object.assign(new Error(`${syscall} ECONNRESET`), { code: 'ECONNRESET', errno: -104, syscall }),
      );
      await over;
      expect(rig.instance.calls).toEqual([
        ['error', 104, 'Connection reset by peer'],
        ['close', code],
      ]);
      expect([rig.counters.sessions, clock.pending]).toEqual([0, 0]);
    }
  });
});

describe('the end of a session by the server', () => {
  it('reads on for a while, so that the client gets the last reply, but not for ever', async () => {
    const ended = await until('QUIT\r\n');
    expect(await ended.client.rest()).toMatch(/221 2\.0\.0 .*\r\n$/);
    ended.client.send('NOOP\r\n'.repeat(1000));
    await turns();
    expect(ended.rig.instance.calls.at(-1)).toEqual(['close', 0]);
    expect(ended.rig.counters.sessions).toBe(1);
    ended.clock.advance(5000);
    await ended.client.over;
    expectNothingLeft(ended);
  });

  it('waits for hook.error and hook.close that suspend', async () => {
    const order: string[] = [];
    const slow = (name: string) => async (): Promise<undefined> => {
      order.push(`begin ${name}`);
      await turns(2);
      order.push(`end ${name}`);
    };
    const ended = await until('MAIL\r\n', {
      hooks: {
        error: slow('error'),
        close: slow('close'),
        out_seq: () => ({ kind: 'limit', limit: 'cpu', message: 'x' }),
      },
    });
    ended.client.stream.end();
    await ended.client.over;
    expect(order).toEqual(['begin error', 'end error', 'begin close', 'end close']);
    expectNothingLeft(ended);
  });

  it('survives an exception of its own making, with 421 and a log line', async () => {
    const rig = new SmtpRig({
      hooks: { close: () => undefined },
      deps: {
        newObservers: () => {
          throw new Error('a bug');
        },
        smartHost: {
          configured: () => {
            throw new Error('a bug');
          },
          answersEach: () => false,
          learn: () => undefined,
          recipientsAtMost: () => Number.POSITIVE_INFINITY,
          offers: () => false,
          forward: () => Promise.reject(new Error('a bug')),
          ask: () => {
            throw new Error('a bug');
          },
        },
      },
    });
    const client = await rig.greeted();
    await client.openMessage();
    client.send('x\r\n.\r\n');
    expect(await client.rest()).toBe('421 4.3.0 internal error\r\n');
    client.stream.end();
    await client.over;
    expect(rig.log.lines.some(({ level, message }) => level === 'err' && message === 'internal error')).toBe(
      true,
    );
    expect([rig.instance.calls.at(-1), rig.spools.size, rig.counters.sessions]).toEqual([['close', 4], 0, 0]);
  });

  it('gives everything up also when the policy cannot be closed in order', async () => {
    const broken = new Error('a bug');
    const rig = new SmtpRig({ hooks: END });
    const client = await rig.greeted();
    await client.openMessage();
    const { instance } = rig;
    instance.call = () => {
      throw broken;
    };
    client.stream.end();
    await client.over;
    expect([instance.closed, rig.spools.size, rig.counters.sessions]).toEqual([true, 0, 0]);
    expect(rig.said).toContain('internal error at the end of a session');
  });
});
