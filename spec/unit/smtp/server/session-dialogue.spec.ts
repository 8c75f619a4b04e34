import { describe, expect, it } from 'vitest';
import type { HookName } from '../../../../src/policy/hook-table.ts';
import type { HookReturn } from '../../../fakes/fake-policy.ts';
import { HOST, SmtpRig } from '../../../fakes/smtp-rig.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ALL: readonly HookName[] = [
  'accept',
  'helo',
  'ehlo',
  'mail',
  'rcpt',
  'data',
  'content',
  'header',
  'eoh',
  'body',
  'dot',
  'forward',
  'reset',
  'rset',
  'noop',
  'help',
  'quit',
  'unknown',
  'out_seq',
  'reply',
  'close',
];
/** Every hook suspends for a turn or two and has no reply. */
const suspending = Object.fromEntries(
  ALL.map((name) => [
    name,
    async (): Promise<HookReturn> => {
      await turn();
      await turn();
      return undefined;
    },
  ]),
);

const DIALOGUE =
  'EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nRCPT TO:<g@h.ii>\r\nDATA\r\nA: 1\r\n\r\nx\r\ny\r\n.\r\nRSET\r\nNOOP\r\nFOO\r\nDATA\r\nHELP\r\nQUIT\r\n';
const CODES = ['220', '250', '250', '250', '250', '354', '451', '250', '250', '502', '503', '214', '221'];

const codes = (text: string): readonly string[] =>
  [...text.matchAll(/^(\d{3})(?: .*)?\r$/gm)].map((match) => match[1] ?? '');

describe('a session', () => {
  it('gives one reply to each command, in order, also when all of it comes at once', async () => {
    const rig = new SmtpRig();
    const client = rig.connect();
    client.send(DIALOGUE);
    expect(codes(await client.rest())).toEqual(CODES);
    client.stream.end();
    await client.over;
    expect(rig.counters.sessions).toBe(0);
  });

  it.each(['at once', 'byte by byte'])('strictly waits for hooks that suspend, %s', async (how) => {
    const rig = new SmtpRig({ hooks: suspending });
    const client = rig.connect();
    client.send(...(how === 'at once' ? [DIALOGUE] : DIALOGUE.split('')));
    expect(codes(await client.rest())).toEqual(CODES);
    client.stream.end();
    await client.over;
    // The fake policy throws when two hooks overlap; here is their order.
    expect(rig.hookNames.filter((name) => name !== 'content' && name !== 'reply').join(' ')).toBe(
      'accept ehlo reset mail rcpt rcpt data header eoh body body dot forward reset rset reset noop unknown out_seq help quit close',
    );
    expect(rig.hookNames.filter((name) => name === 'reply')).toHaveLength(CODES.length);
  });

  it('writes the replies of one turn of input in one piece', async () => {
    const rig = new SmtpRig();
    const client = await rig.greeted();
    const pieces: string[] = [];
    client.stream.on('data', (chunk: Buffer) => pieces.push(chunk.toString()));
    client.send('EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nRSET\r\n');
    for (let i = 0; i < 4; i++) await client.reply();
    expect(pieces).toHaveLength(1);
    await client.quit();
  });

  it('sends replies that are there before it waits for a hook', async () => {
    let go = (): void => undefined;
    const rig = new SmtpRig({
      hooks: {
        rcpt: () =>
          new Promise((resolve) => {
            go = () => resolve(undefined);
          }),
      },
    });
    const client = await rig.greeted();
    client.send('EHLO c.example\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nNOOP\r\n');
    expect([await client.reply(), await client.reply()].map((text) => text.slice(0, 3))).toEqual([
      '250',
      '250',
    ]);
    await turn();
    expect(client.received).toBe('');
    go();
    expect([await client.reply(), await client.reply()]).toEqual([
      '250 2.1.0 recipient <d@e.ff> OK\r\n',
      '250 2.0.0 OK\r\n',
    ]);
    await client.quit();
  });

  it('executes nothing behind the dot before its reply was sent', async () => {
    const order: string[] = [];
    const rig = new SmtpRig({
      options: { 'smtp-default-at-dot': '250' },
      hooks: {
        dot: async () => {
          order.push('dot');
          await turn();
          await turn();
          return undefined;
        },
        reply: (_, text) => {
          order.push(String(text).slice(0, 3));
          return undefined;
        },
        reset: () => {
          order.push('reset');
          return undefined;
        },
        noop: () => {
          order.push('noop');
          return undefined;
        },
      },
    });
    const client = await rig.greeted();
    await client.openMessage();
    order.length = 0;
    client.send('x\r\n.\r\nNOOP\r\nQUIT\r\n');
    await client.rest();
    expect(order).toEqual(['dot', '250', 'reset', 'noop', '250', '221']);
  });

  it.each([
    ['NUL', 'NO\0OP'],
    ['a bare CR', 'NOOP \rQUIT'],
  ])('refuses a command with %s and goes on', async (_, line) => {
    const rig = new SmtpRig();
    const client = await rig.greeted();
    expect(await client.command(line)).toBe('500 5.5.2 syntax error, NUL or CR in command\r\n');
    expect(await client.command('NOOP')).toBe('250 2.0.0 OK\r\n');
    await client.quit();
  });

  it('refuses a line that is too long with one reply, and goes on', async () => {
    const rig = new SmtpRig({ options: { 'limit-line-length': '512' } });
    const client = await rig.greeted();
    client.send(...Array.from({ length: 50 }, () => 'x'.repeat(1000)), '\r\nNOOP\r\n');
    expect([await client.reply(), await client.reply()]).toEqual([
      '500 5.5.2 line longer than 512 bytes\r\n',
      '250 2.0.0 OK\r\n',
    ]);
    await client.quit();
  });

  it('repeats nothing of a command that could break the reply or the log', async () => {
    const rig = new SmtpRig();
    const client = await rig.greeted();
    expect(await client.command('FOO \x1b[0m\x07 b\xe9r')).toBe(
      '502 5.5.1 FOO ?[0m? b?r command unknown\r\n',
    );
    const long = await client.command(`FOO ${'x'.repeat(3000)}`);
    expect(long.length).toBeLessThanOrEqual(512);
    await client.quit();
  });

  it('serves only QUIT after a refusing banner', async () => {
    const rig = new SmtpRig({
      hooks: { accept: () => '554 5.7.1 no', out_seq: () => undefined, unknown: () => undefined },
    });
    const client = rig.connect();
    expect(await client.reply()).toBe('554 5.7.1 no\r\n');
    const replies = await client.commands('EHLO c.example', 'NOOP', 'RSET', 'FOO', 'MAIL FROM:<a@b.cc>');
    expect(replies.map((text) => text.slice(0, 9))).toEqual(Array(5).fill('503 5.5.1'));
    expect(await client.quit()).toContain('221 2.0.0');
    expect(rig.hookNames).toEqual(['accept', 'out_seq', 'out_seq', 'out_seq', 'out_seq', 'out_seq']);
  });

  it('gives the client table to hooks, and takes away what is over', async () => {
    const rig = new SmtpRig({
      options: { 'spool-dir': '/nonexistent' },
      hooks: {
        noop: () => undefined,
        mail: (_, sender) => (sender === 'bad@b.cc' ? '550 no' : undefined),
        dot: () => '550 no',
        reset: () => undefined,
      },
    });
    const client = await rig.greeted('2001:db8::1');
    await client.commands('NOOP');
    const base = {
      address: '2001:db8::1',
      port: 4711,
      host: '[2001:db8::1]',
      local_address: '192.0.2.25',
      local_port: 25,
      id_sess: expect.stringMatching(/^\w{16}00$/),
      authenticated: false,
      input: 'NOOP',
      is_pipelining: false,
      is_tls: false,
    };
    expect(rig.instance.client).toEqual(base);
    await client.commands('EHLO c.example', 'MAIL FROM:<a@b.cc>', 'NOOP');
    expect(rig.instance.client).toMatchObject({ id_trans: expect.stringMatching(/^\w{18}$/) });
    await client.commands('RSET', 'NOOP');
    expect(rig.instance.client).toEqual(base);
    // A refused MAIL has opened nothing.
    await client.commands('MAIL FROM:<bad@b.cc>', 'NOOP');
    expect(rig.instance.client).toEqual(base);
    await client.quit();
  });

  it('tells from input behind a command that the client pipelines', async () => {
    const seen: unknown[] = [];
    const rig = new SmtpRig({
      hooks: {
        noop: (instance) => {
          seen.push(instance.client.is_pipelining);
          return undefined;
        },
      },
    });
    const client = await rig.greeted();
    await client.commands('NOOP');
    client.send('NOOP\r\nNOOP\r\n');
    await client.reply();
    await client.reply();
    await client.quit();
    expect(seen).toEqual([false, true, true]);
  });

  it('logs every refusal with its cause, and a line for the session', async () => {
    const rig = new SmtpRig({
      hooks: {
        rcpt: () => '550 5.1.1 nobody',
        reply: (_, text) => (String(text).startsWith('503') ? '599 5.0.0 replaced' : undefined),
      },
    });
    const client = await rig.greeted();
    await client.commands(
      'EHLO c.example',
      'FOO',
      'RCPT TO:<a@b.cc>',
      'MAIL FROM:<a@b',
      'MAIL FROM:<a@b.cc>',
      'RCPT TO:<d@e.ff>',
      'DATA',
    );
    await client.quit();
    const refused = rig.log.lines
      .filter(({ message }) => message === 'refused')
      .map(({ fields }) => `${fields.cause}: ${fields.reply}`);
    expect(refused).toEqual([
      'default: 502 5.5.1 FOO command unknown',
      'hook.reply: 599 5.0.0 replaced',
      'brackets: 553 5.1.0 imbalanced angle brackets in path',
      'hook.rcpt: 550 5.1.1 nobody',
      'noRecipients: 554 5.5.0 no recipients',
    ]);
    const last = rig.log.lines.at(-1);
    expect(last).toMatchObject({
      message: 'session',
      fields: {
        client: '192.0.2.1',
        commands: 8,
        errors: 5,
        messages: 0,
        hello: 'c.example',
        end: 'QUIT',
        close: 0,
        id: rig.instance.client.id_sess,
      },
    });
  });

  it('says who it is and answers VERB for trusted peers only', async () => {
    const rig = new SmtpRig();
    const stranger = await rig.greeted('192.0.2.1');
    expect((await stranger.commands('VERB', 'XCLIENT ADDR=1.2.3.4')).map((text) => text.slice(0, 9))).toEqual(
      ['502 5.5.1', '502 5.5.1'],
    );
    expect(await stranger.command('EHLO c.example')).not.toContain('XCLIENT');
    expect(await stranger.quit()).toMatch(
      new RegExp(`^221 2\\.0\\.0 ${HOST} closing connection \\w{18}\r\n$`),
    );
    // Nobody is trusted by itself, this machine neither.
    const local = await rig.greeted('127.0.0.1');
    expect(await local.command('XCLIENT ADDR=1.2.3.4')).toMatch(/^502/);
    await local.quit();
    rig.options.set('smtp-xclient-hosts', '127.0.0.0/8', 'spec');
    const trusted = await rig.greeted('127.0.0.1');
    expect(await trusted.command('VERB +smtp')).toMatch(
      /^214-2\.0\.0 \+warn \+info .*\+smtp[\s\S]*214 2\.0\.0 .*\r\n$/,
    );
    expect(rig.options.text('verbose')).toContain('+smtp');
    expect(await trusted.command('VERB -smtp,+dsn')).toBe('501 5.5.4 invalid argument +dsn\r\n');
    expect(rig.options.text('verbose')).toContain('+smtp');
    expect(await trusted.command('EHLO c.example')).toContain('250-XCLIENT NAME ADDR');
    await trusted.quit();
  });
});
