// What the engine itself has to say about a message, and the message on its way to the next hop.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import type { FakeInstance } from '../../../fakes/fake-policy.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const rcpt = (code: number, text: string) => ({ recipient: recipientOf('c@d.example'), code, text });
const delivered: DeliveryOutcome = {
  kind: 'delivered',
  host: 'next',
  code: 250,
  text: '250 queued',
  rcpts: [rcpt(250, '250 ok')],
};
/** One message; the reply at dot, with the transaction id as ID. */
async function atDot(
  settings: RigSettings,
  text = 'A: 1\r\n\r\nx\r\n',
): Promise<{ rig: SmtpRig; reply: string }> {
  const rig = new SmtpRig(settings);
  const client = await rig.greeted();
  await client.openMessage();
  client.send(`${text}.\r\n`);
  const reply = (await client.reply()).replace(/\b\w{16}V\w\b/, 'ID');
  await client.quit();
  expect([rig.spools.size, rig.counters.sessions]).toEqual([0, 0]);
  return { rig, reply };
}

const LATER = '451 4.4.5 try again later ID\r\n';

describe('what the engine refuses itself', () => {
  it('an empty message, without asking the policy', async () => {
    const { rig, reply } = await atDot(
      { hooks: { content: () => undefined, eoh: () => undefined, dot: () => undefined } },
      '',
    );
    expect(reply).toBe('550 5.6.0 message ID is empty\r\n');
    expect(rig.hookNames).toEqual(['eoh']);
  });

  it('a message larger than smtp-max-size: at MAIL, or at dot', async () => {
    const options = { 'smtp-max-size': '100' };
    const { rig, reply } = await atDot({ options, hooks: { dot: () => undefined } }, `${'x'.repeat(99)}\r\n`);
    expect([reply, rig.hookNames]).toEqual(['552 5.3.4 message size exceeds 100\r\n', []]);
    expect((await atDot({ options }, `${'x'.repeat(98)}\r\n`)).reply).toBe(LATER);
    const client = await new SmtpRig({ options }).greeted();
    expect(await client.command('EHLO c.example')).toContain('250 SIZE 100\r\n');
    expect(
      (await client.commands('MAIL FROM:<a@b.cc> size=101', 'MAIL FROM:<a@b.cc> SIZE=100')).map((text) =>
        text.slice(0, 9),
      ),
    ).toEqual(['552 5.3.4', '250 2.1.0']);
    await client.quit();
  });

  it('a header block larger than limit-header-bytes', async () => {
    const { reply } = await atDot(
      { options: { 'limit-header-bytes': '1000' } },
      `${'A: 1\r\n'.repeat(200)}\r\n`,
    );
    expect(reply).toBe('552 5.3.4 message headers exceed 1000 bytes\r\n');
  });

  it('bare line ends with smtp-bare-newline=reject', async () => {
    const options = { 'smtp-bare-newline': 'reject' };
    expect((await atDot({ options }, 'A: 1\n\r\n')).reply).toBe(
      '550 5.6.0 message ID contains a bare CR or LF\r\n',
    );
    expect((await atDot({ options }, 'A: 1\r\n\r\n')).reply).toBe(LATER);
  });

  it('more recipients than limit-recipients', async () => {
    const rig = new SmtpRig({ options: { 'limit-recipients': '2' } });
    const client = await rig.greeted();
    const replies = await client.commands(
      'EHLO c.example',
      'MAIL FROM:<a@b.cc>',
      ...[1, 2, 3].map((i) => `RCPT TO:<r${i}@d.ee>`),
    );
    expect(replies.slice(2).map((text) => text.slice(0, 9))).toEqual(['250 2.1.0', '250 2.1.0', '452 4.5.3']);
    await client.quit();
  });

  it('FROM and TO that are not there, and parameters it does not know, only when strict', async () => {
    const client = await new SmtpRig({ options: { 'smtp-strict-commands': '+' } }).greeted();
    const replies = await client.commands(
      'EHLO c.example',
      'MAIL TO:<a@b.cc>',
      'MAIL FROM:<a@b.cc> FOO=1',
      'MAIL FROM:<a@b.cc> SIZE=x',
      'MAIL from:<a@b.cc> BODY=8BITMIME',
    );
    expect(replies.slice(1).map((text) => text.slice(0, 9))).toEqual([
      '501 5.5.2',
      '555 5.5.4',
      '501 5.5.4',
      '250 2.1.0',
    ]);
    await client.quit();
  });
});

describe('the message on its way', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'smtpe-message-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const onDisk = () => ({ 'spool-dir': directory, 'spool-memory': '0', 'spool-memory-total': '0' });

  it('is handed over with its envelope, its bytes and what is known of them', async () => {
    let bytes = '';
    const { rig } = await atDot(
      {
        smartHost: async ({ message }) => {
          for await (const piece of message?.read() ?? []) bytes += piece.toString('latin1');
          return delivered;
        },
      },
      'A: \xe9\r\n\r\n..x\r\n',
    );
    expect(bytes).toBe('A: \xe9\r\n\r\n.x\r\n');
    expect(rig.delivered[0]).toMatchObject({
      sender: 'a@b.example',
      recipients: [recipientOf('c@d.example')],
      eightBit: true,
      id: expect.stringMatching(/^\w{18}$/),
    });
  });

  it('is handed over with the parameters of MAIL, and with each recipient those of its RCPT', async () => {
    const rig = new SmtpRig({
      smartHost: () => Promise.resolve(delivered),
      options: { 'smtp-lenient': '+' },
    });
    const client = await rig.greeted();
    await client.commands(
      'EHLO c.example',
      'MAIL FROM:<a@b.example> SIZE=20 body=8bitmime RET=HDRS',
      'RCPT TO:<c@d.example> NOTIFY=NEVER',
      'RCPT TO:<e@d.example>',
      'DATA',
    );
    client.send('A: 1\r\n.\r\n');
    expect(await client.reply()).toContain('250 2.0.0 message');
    await client.quit();
    expect(rig.delivered[0]).toMatchObject({
      sender: 'a@b.example',
      recipients: ['c@d.example', 'e@d.example'].map((address) => ({ address, parameters: {} })),
    });
    // What was dropped is not there either.
    expect(rig.delivered[0]?.parameters).toEqual({ SIZE: 20, BODY: '8BITMIME' });
  });

  it('is a file that hook.dot, hook.forward and hook.reset find and nobody after them', async () => {
    const seen: string[] = [];
    const look =
      (name: string) =>
      (instance: { client: Readonly<Record<string, unknown>> }): undefined => {
        const path = String(instance.client.msg_file ?? '');
        if (path !== '')
          seen.push(`${name} ${existsSync(path) ? readFileSync(path, 'latin1').length : 'no file'}`);
      };
    await atDot({
      options: onDisk(),
      hooks: { dot: look('dot'), forward: look('forward'), reset: look('reset') },
    });
    expect(seen).toEqual(['dot 11', 'forward 11', 'reset 11']);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is rewritten between hook.dot and hook.forward, only when headers were edited', async () => {
    const forwarded: string[] = [];
    const read = (path: unknown): void => {
      forwarded.push(readFileSync(String(path), 'latin1'));
    };
    for (const edit of [true, false]) {
      await atDot({
        options: onDisk(),
        hooks: {
          header: ({ owner }) => {
            if (edit) owner.session.transaction?.headers.insert('X: new', 1);
            return undefined;
          },
          dot: ({ owner }, path) => {
            expect(owner.session.transaction?.headersEditable).toBe(true);
            read(path);
            return undefined;
          },
          forward: ({ owner }, path) => {
            expect(owner.session.transaction?.headersEditable).toBe(false);
            read(path);
            return undefined;
          },
        },
      });
    }
    expect(forwarded).toEqual([
      'A: 1\r\n\r\nx\r\n',
      'X: new\r\nA: 1\r\n\r\nx\r\n',
      'A: 1\r\n\r\nx\r\n',
      'A: 1\r\n\r\nx\r\n',
    ]);
  });

  it('has the headers that were added before it in front of its own', async () => {
    let text = '';
    await atDot({
      options: onDisk(),
      hooks: {
        ehlo: ({ owner }) => {
          owner.session.headers.add('X-Early: 1');
          return undefined;
        },
        forward: (_, path) => {
          text = readFileSync(String(path), 'latin1');
          return undefined;
        },
      },
    });
    expect(text).toBe('X-Early: 1\r\nA: 1\r\n\r\nx\r\n');
  });

  it('can be replaced while hook.dot runs, and not before or after', async () => {
    const outcomes: string[] = [];
    let text = '';
    const replace =
      (name: string) =>
      async ({
        owner,
      }: {
        owner: { session: { transaction: { replaceMessage(bytes: Buffer): Promise<void> } | undefined } };
      }) => {
        const done = await owner.session.transaction
          ?.replaceMessage(Buffer.from('B: 2\r\nC: 3\r\n\r\nnew\r\n'))
          .then(
            () => 'done',
            () => 'refused',
          );
        outcomes.push(`${name} ${done}`);
        return undefined;
      };
    await atDot({
      options: onDisk(),
      hooks: {
        eoh: replace('eoh'),
        dot: async (instance) => {
          await replace('dot')(instance);
          instance.owner.session.transaction?.headers.delete('B', 1);
          return undefined;
        },
        forward: async (instance, path) => {
          await replace('forward')(instance);
          text = readFileSync(String(path), 'latin1');
          return undefined;
        },
      },
    });
    expect(outcomes).toEqual(['eoh refused', 'dot done', 'forward refused']);
    expect(text).toBe('C: 3\r\n\r\nnew\r\n');
  });

  it('cannot be stored: 451, the session goes on, nothing is lost silently', async () => {
    const { rig, reply } = await atDot({
      options: { ...onDisk(), 'spool-dir': join(directory, 'missing') },
      hooks: { dot: () => '250 ok' },
    });
    expect(reply).toBe('451 4.3.0 message ID could not be stored\r\n');
    expect(rig.hookNames).toEqual([]);
    expect(rig.said).toContain('cannot store the message');
  });

  it('keeps its place when hook.data refuses and DATA comes again, and loses it with RSET', async () => {
    let tries = 0;
    const rig = new SmtpRig({
      options: onDisk(),
      hooks: { data: () => (++tries === 1 ? '451 4.3.0 not yet' : undefined), noop: () => undefined },
    });
    const client = await rig.greeted();
    const replies = await client.commands(
      'EHLO c.example',
      'MAIL FROM:<a@b.cc>',
      'RCPT TO:<d@e.ff>',
      'DATA',
      'RCPT TO:<g@h.ii>',
      'DATA',
    );
    expect(replies.slice(3).map((text) => text.slice(0, 3))).toEqual(['451', '250', '354']);
    client.send('x\r\n.\r\n');
    await client.reply();
    await client.commands('MAIL FROM:<a@b.cc>', 'RCPT TO:<d@e.ff>');
    tries = 0;
    await client.commands('DATA', 'RSET');
    expect(rig.spools.size).toBe(0);
    await client.quit();
  });

  it.each(['mail', 'eoh', 'body', 'dot'] as const)(
    'fills mime.parts when it is first read in hook.%s',
    async (name) => {
      const { rig } = await atDot(
        {
          hooks: {
            [name]: (instance: FakeInstance) => {
              if (instance.tables.length === 0)
                instance.owner.session.observe('mime.parts', () => instance.createLiveTable());
              return undefined;
            },
          },
        },
        'Content-Type: text/plain\r\n\r\nhello\r\n',
      );
      expect(rig.instance.tables[0]?.sequence).toHaveLength(1);
      expect(rig.instance.tables[0]?.released).toBe(true);
      expect(rig.instance.forgotten).toEqual(['mime.parts']);
    },
  );
});
