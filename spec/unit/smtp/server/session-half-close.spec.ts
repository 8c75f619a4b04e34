// A client that closes its side of the connection behind what it has sent (`nc -N`, shutdown(SHUT_WR)) is still there: it hears the reply to
// each command, and its message is forwarded once. Gone is only who resets. RFC 9293 section 3.6, RFC 5321 section 4.1.1.10.
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { HookName } from '../../../../src/policy/hook-table.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import type { HookReturn } from '../../../fakes/fake-policy.ts';
import { DATA, END, expectNothingLeft, MESSAGE, turns, until } from '../../../fakes/session-at-rest.ts';

const accepted: DeliveryOutcome = {
  kind: 'delivered',
  host: 'next',
  code: 250,
  text: '250 ok',
  rcpts: [{ recipient: recipientOf('x'), code: 250, text: '250 ok' }],
};

/** A hook that waits until `go` is called. */
function gate<T>(value: T): { readonly wait: () => Promise<T>; readonly go: () => void } {
  let open = (): void => undefined;
  return {
    wait: () =>
      new Promise((resolve) => {
        open = () => resolve(value);
      }),
    go: () => open(),
  };
}

const lastCode = (text: string): string => text.trimEnd().split('\r\n').at(-1)?.slice(0, 3) ?? '';

describe('a client that closes its side', () => {
  it.each<[HookName, string, string]>([
    ['accept', '', '220'],
    ['ehlo', 'EHLO c.example\r\n', '250'],
    ['mail', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\n', '250'],
    ['rcpt', 'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\n', '250'],
    ['data', DATA, '354'],
    ['auth', 'EHLO c.example\r\nAUTH PLAIN AHgAeQ==\r\n', '235'],
    ['content', MESSAGE, '250'],
    ['header', MESSAGE, '250'],
    ['eoh', MESSAGE, '250'],
    ['body', MESSAGE, '250'],
    ['dot', MESSAGE, '250'],
    ['forward', MESSAGE, '250'],
    ['reset', 'RSET\r\n', '250'],
    ['noop', 'NOOP\r\n', '250'],
    ['unknown', 'FOO\r\n', '502'],
    ['quit', 'QUIT\r\n', '221'],
  ])('while hook.%s waits hears the reply', async (name, sent, code) => {
    const { wait, go } = gate<HookReturn>(name === 'auth' ? '235 2.7.0 ok' : undefined);
    const ended = await until(sent, {
      hooks: { [name]: wait },
      smartHost: async () => accepted,
    });
    expect(ended.rig.instance.calls.at(-1)?.[0]).toBe(name);
    ended.client.stream.end();
    await turns();
    expect(ended.client.ended).toBe(false);
    for (let i = 0; i < 3; i++) {
      go();
      await turns(12);
    }
    await ended.client.over;
    expect(lastCode(ended.client.received)).toBe(code);
    expect(ended.rig.delivered).toHaveLength(code === '250' && sent === MESSAGE ? 1 : 0);
    expectNothingLeft(ended);
  });

  it('while the message is forwarded hears 250', async () => {
    const { wait, go } = gate(accepted);
    const ended = await until(MESSAGE, { smartHost: wait });
    ended.client.stream.end();
    await turns(12);
    expect(ended.rig.said).not.toContain('client gone before the reply at dot');
    go();
    await ended.client.over;
    expect(lastCode(ended.client.received)).toBe('250');
    expectNothingLeft(ended);
  });

  it('in front of the dot: the message is dropped, and the log says so', async () => {
    // Who ends lines with LF alone has waited for a reply to a dot that is none.
    const bare = '; the message has 1 bare CR or LF, and a dot on a line behind one does not end it';
    for (const content of ['', 'Subject: x\r\n\r\ntext\r\n', 'text\r\n.', 'text\r\n.\r', 'text\r\n.\n']) {
      const ended = await until(`${DATA}${content}`, { smartHost: async () => accepted });
      ended.client.stream.end();
      await ended.client.over;
      expect(lastCode(ended.client.received)).toBe('354');
      expect(ended.rig.delivered).toHaveLength(0);
      expect(ended.rig.log.lines.filter(({ message }) => message === 'mail')).toEqual([
        expect.objectContaining({
          fields: expect.objectContaining({
            result: 'lost',
            from: 'a@b.cc',
            to: [{ to: 'd@e.ff' }],
            cause: `the client closed the connection${content.endsWith('.\n') ? bare : ''}`,
          }),
        }),
      ]);
      expectNothingLeft(ended);
    }
  });

  it('behind pipelined commands has each of them executed', async () => {
    const { wait, go } = gate<HookReturn>(undefined);
    const ended = await until(`${MESSAGE}NOOP\r\nVRFY x\r\nQUIT`, {
      hooks: { dot: wait },
      smartHost: async () => accepted,
    });
    ended.client.stream.end();
    await turns();
    go();
    await ended.client.over;
    const codes = [...ended.client.received.matchAll(/^(\d{3}) /gm)].map(([, code]) => code).join(' ');
    // QUIT without its line end is no command.
    expect(codes).toMatch(/^220 250 250 250 354 250 250 (252|502)$/);
    expect(ended.rig.instance.calls.at(-1)).toEqual(['close', 4]);
    expectNothingLeft(ended);
  });

  it('and then resets is gone: the next write fails, what waits is cut off', async () => {
    const ended = await until('NOOP\r\n', { hooks: { ...END, noop: () => new Promise(() => undefined) } });
    ended.client.stream.end();
    await turns();
    ended.client.reset();
    await ended.client.over;
    expect(ended.rig.instance.calls.at(-1)).toEqual(['close', 4]);
    expectNothingLeft(ended);
  });

  it('having read nothing is waited for no longer than smtp-reply-timeout', async () => {
    const ended = await until(`${'HELP\r\n'.repeat(300)}`, { options: { 'limit-commands': '0' } });
    ended.client.stream.pause();
    ended.client.stream.end();
    for (let i = 0; i < 400; i++) {
      await turns(1);
      ended.clock.advance(1000);
    }
    await ended.client.over;
    expect(ended.rig.counters.sessions).toBe(0);
  });
});
