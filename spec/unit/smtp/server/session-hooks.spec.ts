import { describe, expect, it } from 'vitest';
import type { HookOutcome } from '../../../../src/policy/instance.ts';
import type { FakeHooks } from '../../../fakes/fake-policy.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';

const boom = (): never => {
  throw new Error('p.lua:1: boom');
};
const INTERNAL = '421 4.3.0 internal error\r\n';
const dialogue = ['EHLO c.example', 'MAIL FROM:<a@b.cc>', 'RCPT TO:<d@e.ff>', 'DATA'];

describe('a hook that fails', () => {
  it.each(['accept', 'ehlo', 'mail', 'rcpt', 'data'] as const)(
    '%s: 421, hook.error, hook.close(4), the end',
    async (name) => {
      const rig = new SmtpRig({ hooks: { [name]: boom, error: () => undefined, close: () => undefined } });
      const client = rig.connect();
      client.send(`${dialogue.join('\r\n')}\r\n`);
      expect((await client.rest()).endsWith(INTERNAL)).toBe(true);
      client.stream.end();
      await client.over;
      expect(rig.instance.calls.slice(-2)).toEqual([
        ['error', 125, `hook.${name}: p.lua:1: boom`],
        ['close', 4],
      ]);
      expect([rig.instance.closed, rig.spools.size, rig.counters.sessions]).toEqual([true, 0, 0]);
    },
  );

  it.each(['content', 'header', 'eoh', 'body', 'dot', 'forward'] as const)(
    '%s: likewise, and the message is gone',
    async (name) => {
      const rig = new SmtpRig({ hooks: { [name]: boom, close: () => undefined } });
      const client = await rig.greeted();
      await client.openMessage();
      client.send('A: 1\r\n\r\nx\r\n.\r\n');
      expect(await client.rest()).toBe(INTERNAL);
      client.stream.end();
      await client.over;
      expect([rig.instance.calls.at(-1), rig.spools.size]).toEqual([['close', 4], 0]);
    },
  );

  it.each(['error', 'close'] as const)('%s: nothing but a log line', async (name) => {
    const rig = new SmtpRig({ hooks: { [name]: boom } });
    const client = await rig.greeted();
    expect(await client.command('EHLO c.example')).toContain('250 SIZE');
    expect(await client.quit()).toContain('221 2.0.0');
    expect(rig.counters.sessions).toBe(0);
  });

  it('reset: 421 behind the reply, for what is left of one message must not decide about the next', async () => {
    const rig = new SmtpRig({ hooks: { reset: boom, error: () => undefined, close: () => undefined } });
    const client = await rig.greeted();
    client.send('EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\n');
    expect(await client.rest()).toMatch(/^250-[\s\S]*250 SIZE \d+\r\n421 4\.3\.0 internal error\r\n$/);
    client.stream.end();
    await client.over;
    expect(rig.instance.calls).toEqual([
      ['reset'],
      ['error', 125, 'hook.reset: p.lua:1: boom'],
      ['close', 4],
    ]);
  });

  describe('hook.reply', () => {
    const onlyOnce = (): FakeHooks => ({ reply: boom, error: () => undefined, close: () => undefined });
    const limit: HookOutcome = { kind: 'limit', limit: 'cpu', message: 'too much' };

    it.each([
      ['a Lua error', boom],
      ['a limit', () => limit],
      ['a wrong result', () => ({ kind: 'misshapen', count: 1, results: [{ type: 'table' }] }) as const],
      ['a yes in place of a no', () => '250 2.0.0 fine'],
    ])('with %s: 421, and it is asked once', async (_, reply) => {
      const rig = new SmtpRig({
        hooks: {
          reply: (_instance, text) => (String(text).startsWith('5') ? reply() : undefined),
          rcpt: () => '550 5.1.1 no',
          error: () => undefined,
          close: () => undefined,
        },
      });
      const client = await rig.greeted();
      await client.commands('EHLO c.example', 'MAIL FROM:<a@b.cc>');
      client.send('RCPT TO:<d@e.ff>\r\nQUIT\r\n');
      expect(await client.rest()).toBe(INTERNAL);
      client.stream.end();
      await client.over;
      expect(rig.hookNames.slice(-4)).toEqual(['rcpt', 'reply', 'error', 'close']);
    });

    it('at the banner: 421', async () => {
      const rig = new SmtpRig({ hooks: onlyOnce() });
      const client = rig.connect();
      expect(await client.rest()).toBe(INTERNAL);
      client.stream.end();
      await client.over;
      expect(rig.hookNames).toEqual(['reply', 'error', 'close']);
    });

    it('with hook-error=default: the reply as it was', async () => {
      const rig = new SmtpRig({ options: { 'hook-error': 'default' }, hooks: onlyOnce() });
      const client = await rig.greeted();
      expect(await client.command('EHLO c.example')).toContain('250 SIZE');
      expect(await client.command('FOO')).toMatch(/^502/);
      await client.quit();
    });

    it('when the message has been delivered: 250, which is true, and then the end', async () => {
      const rig = new SmtpRig({
        hooks: {
          reply: (_, text) => (String(text).includes('accepted') ? boom() : undefined),
          close: () => undefined,
        },
        smartHost: () =>
          Promise.resolve({ kind: 'delivered', host: 'n', code: 250, text: '250 ok', rcpts: [] }),
      });
      const client = await rig.greeted();
      await client.openMessage();
      client.send('A: 1\r\n\r\nx\r\n.\r\nNOOP\r\n');
      expect(await client.rest()).toMatch(/^250 2\.0\.0 message \w{18} accepted\r\n$/);
      client.stream.end();
      await client.over;
      expect(rig.instance.calls.at(-1)).toEqual(['close', 4]);
    });
  });

  it('gives the default reply with hook-error=default', async () => {
    const rig = new SmtpRig({
      options: { 'hook-error': 'default' },
      hooks: { accept: boom, mail: boom, header: boom, dot: boom, forward: boom },
    });
    const client = await rig.greeted();
    await client.openMessage();
    client.send('A: 1\r\n\r\n.\r\n');
    expect(await client.reply()).toMatch(/^451 4\.4\.5 try again later/);
    await client.quit();
  });

  it.each(['cpu', 'wall-clock', 'memory', 'pending'] as const)(
    'is stopped by the limit %s: 421 whatever hook-error says',
    async (limit) => {
      const outcome: HookOutcome = { kind: 'limit', limit, message: 'too much' };
      const rig = new SmtpRig({
        options: { 'hook-error': 'default' },
        hooks: { mail: () => outcome, close: () => undefined },
      });
      const client = await rig.greeted();
      client.send('EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nNOOP\r\n');
      await client.reply();
      expect(await client.rest()).toBe(INTERNAL);
      expect(rig.instance.calls.at(-1)).toEqual(['close', 4]);
    },
  );

  it('cannot be loaded for the connection: 421, no hook', async () => {
    const rig = new SmtpRig({
      policy: {
        revision: 1,
        path: 'p',
        open: () => ({ kind: 'failed', outcome: { kind: 'error', message: 'x', traceback: '' } }),
      },
    });
    const client = rig.connect();
    expect(await client.rest()).toBe(INTERNAL);
    client.stream.end();
    await client.over;
    expect(rig.counters.sessions).toBe(0);
  });

  it('gives a reply that is too long: 421 and no byte of it', async () => {
    const rig = new SmtpRig({ hooks: { noop: () => `250 ${'x'.repeat(20_000)}` } });
    const client = await rig.greeted();
    client.send('NOOP\r\n');
    expect(await client.rest()).toBe('421 4.3.0 reply too long\r\n');
  });
});

describe('what a hook returns', () => {
  it('is the reply, and its class decides the state', async () => {
    const rig = new SmtpRig({
      hooks: {
        mail: (_, sender) => (sender === 'bad@b.cc' ? '550 5.7.1 no' : '250 2.1.0 fine'),
        out_seq: () => undefined,
      },
    });
    const client = await rig.greeted();
    const replies = await client.commands(
      'EHLO c.example',
      'MAIL FROM:<bad@b.cc>',
      'RCPT TO:<d@e.ff>',
      'MAIL FROM:<a@b.cc>',
      'RCPT TO:<d@e.ff>',
    );
    expect(replies.slice(1)).toEqual([
      '550 5.7.1 no\r\n',
      expect.stringMatching(/^503/),
      '250 2.1.0 fine\r\n',
      expect.stringMatching(/^250/),
    ]);
    await client.quit();
  });

  it('drops with the reply, without a change of state, hook.reset or another command', async () => {
    const rig = new SmtpRig({
      hooks: {
        ehlo: () => [true, '250 2.0.0 bye'],
        reset: () => undefined,
        noop: () => undefined,
        close: () => undefined,
      },
    });
    const client = await rig.greeted();
    client.send('EHLO c.example\r\nNOOP\r\n');
    expect(await client.rest()).toBe('250 2.0.0 bye\r\n');
    expect(rig.instance.calls.slice(1)).toEqual([['close', 1]]);
  });

  it('drops after the default reply when there is only the flag', async () => {
    const rig = new SmtpRig({
      hooks: {
        noop: () => ({ kind: 'returned', reply: undefined, drop: true, values: [] }),
        close: () => undefined,
      },
    });
    const client = await rig.greeted();
    client.send('NOOP\r\n');
    expect(await client.rest()).toBe('250 2.0.0 OK\r\n');
    expect(rig.instance.calls.slice(1)).toEqual([['close', 1]]);
  });

  it('drops when hook.reply says so', async () => {
    const rig = new SmtpRig({
      hooks: {
        reply: (_, text) => (String(text).startsWith('502') ? [true, '554 5.5.1 enough'] : undefined),
      },
    });
    const client = await rig.greeted();
    client.send('FOO\r\nNOOP\r\n');
    expect(await client.rest()).toBe('554 5.5.1 enough\r\n');
  });

  it('of hook.reply replaces any reply and decides in its place', async () => {
    const rig = new SmtpRig({
      hooks: {
        reply: (_, text) => (String(text).includes('sender') ? '550 5.0.0 changed' : undefined),
        out_seq: () => undefined,
      },
    });
    const client = await rig.greeted();
    const replies = await client.commands('EHLO c.example', 'MAIL FROM:<a@b.cc>', 'RCPT TO:<d@e.ff>');
    expect(replies.slice(1).map((text) => text.slice(0, 3))).toEqual(['550', '503']);
    await client.quit();
  });

  it('may be preceded by what the hook writes itself, in order', async () => {
    const rig = new SmtpRig({
      hooks: {
        help: async ({ owner }) => {
          for (const line of ['one', 'two']) await owner.session.write(Buffer.from(`214-${line}\r\n`), 1000);
          return '214 end';
        },
      },
    });
    const client = await rig.greeted();
    client.send('NOOP\r\nHELP\r\nNOOP\r\n');
    expect(await client.reply()).toBe('250 2.0.0 OK\r\n');
    expect(await client.reply()).toBe('214-one\r\n214-two\r\n214 end\r\n');
    expect(await client.reply()).toBe('250 2.0.0 OK\r\n');
    await client.quit();
  });
});
