// The same bytes give the same replies, hook calls and forwarded bytes, however they are cut and whether the hooks wait; and a client that
// closes its side behind any byte hears what it would have heard without that.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import type { HookName } from '../../src/policy/hook-table.ts';
import type { FakeHooks, HookReturn } from '../fakes/fake-policy.ts';
import { Seeded } from '../fakes/seeded.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';

const lines = [
  ...[
    'EHLO c.example',
    'HELO c.example',
    'MAIL FROM:<a@b.example>',
    'MAIL FROM:<refused@b.example>',
    'mail from:<>',
  ],
  ...['RCPT TO:<c@d.example>', 'RCPT TO:<refused@d.example>', 'RSET', 'NOOP', 'HELP', 'VRFY x', 'WHAT', ''],
  ...['AUTH PLAIN AHgAeQ==', 'AUTH LOGIN', 'eA==', '*', 'NO\0OP', 'NO\rOP', '\xff\x80', 'DATA x', 'QUIT'],
  ...['x'.repeat(4094), 'x'.repeat(4095), 'NOOP '.padEnd(9000, 'y')],
];
const openings = [
  'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n',
  'HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<refused@d.example>\r\nDATA\r\n',
];
const contents = [
  ...[
    'Subject: x\r\n',
    ' folded\r\n',
    'A:1\r\n',
    '\r\n',
    'text\r\n',
    '..\r\n',
    '.x\r\n',
    'bare\nlf',
    'bare\rcr',
    '\0\xff\r\n',
  ],
  ...['\n.\n', '\n.\r\n', '\r.\r', `${'long '.repeat(700)}\r\n`, 'no colon here\r\n'],
];

/** A chunk of BDAT, now and then with another size than it has, so that commands are content or content is commands. */
function chunk(random: Seeded): string {
  let content = '';
  for (let parts = random.below(4); parts > 0; parts--) content += random.pick(contents);
  const size = random.oneIn(6) ? random.below(20) : content.length;
  return `${random.pick(['BDAT', 'bdat'])} ${size}${random.oneIn(3) ? ' LAST' : ''}\r\n${content}`;
}

function dialogue(random: Seeded): Buffer {
  let text = '';
  for (let steps = 2 + random.below(5); steps > 0; steps--) {
    if (random.oneIn(3)) {
      if (random.oneIn(2)) text += random.pick(openings).replace('DATA\r\n', '');
      for (let chunks = 1 + random.below(4); chunks > 0; chunks--) {
        text += chunk(random);
        if (random.oneIn(6)) text += `${random.pick(lines)}\r\n`;
      }
    } else if (random.oneIn(2)) text += `${random.pick(lines)}${random.oneIn(8) ? '\n' : '\r\n'}`;
    else {
      text += random.pick(openings);
      for (let parts = random.below(8); parts > 0; parts--) text += random.pick(contents);
      text += random.oneIn(8) ? '' : '\r\n.\r\n';
    }
  }
  return Buffer.from(text, 'latin1');
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Hooks that answer at once, or each after a turn of the event loop. */
function hooks(suspended: boolean): FakeHooks {
  const answers: Partial<Record<HookName, (argument: unknown) => HookReturn>> = {
    mail: (sender) => (String(sender).startsWith('refused') ? '550 5.7.1 no' : undefined),
    rcpt: (recipient) => (String(recipient).startsWith('refused') ? '550 5.7.1 no' : undefined),
    auth: () => '235 2.7.0 ok',
  };
  const names: readonly HookName[] = [
    ...(['accept', 'helo', 'ehlo', 'auth', 'out_seq', 'unknown', 'mail', 'rcpt', 'data', 'content'] as const),
    ...([
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
      'close',
    ] as const),
  ];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (_: unknown, argument: unknown) => {
        const answer = answers[name]?.(argument);
        return suspended && name !== 'close' ? turn().then(() => answer) : answer;
      },
    ]),
  );
}

interface Seen {
  readonly replies: string;
  /** Without hook.content, whose calls go with the pieces, and hook.close. */
  readonly calls: readonly string[];
  readonly content: string;
  readonly forwarded: readonly string[];
}

async function run(pieces: readonly Buffer[], suspended: boolean, close: boolean): Promise<Seen> {
  const forwarded: string[] = [];
  const rig = new SmtpRig({
    clock: new FakeClock(),
    hooks: hooks(suspended),
    options: { 'limit-errors': '0', 'limit-unknown': '0' },
    smartHost: async ({ message, recipients }) => {
      const parts: Buffer[] = [];
      if (message !== undefined) for await (const part of message.read()) parts.push(part);
      forwarded.push(
        `${recipients.map(({ address }) => address).join(' ')} ${Buffer.concat(parts).toString('latin1')}`,
      );
      if (suspended) await turn();
      return { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };
    },
  });
  const client = rig.connect();
  for (const piece of pieces) client.send(piece);
  if (close) {
    client.stream.end();
    await client.over;
  } else {
    for (let quiet = 0, length = -1; quiet < 25; quiet++) {
      await turn();
      const now = client.received.length + rig.instance.calls.length;
      if (now !== length) quiet = 0;
      length = now;
    }
  }
  const { calls } = rig.instance;
  const seen: Seen = {
    replies: client.received,
    calls: calls
      .filter(([name]) => name !== 'content' && name !== 'close')
      .map((call) => JSON.stringify(call.map(String))),
    content: calls
      .filter(([name]) => name === 'content')
      .map(([, chunk]) => String(chunk))
      .join(''),
    forwarded,
  };
  if (!close) {
    client.reset();
    await client.over;
  }
  expect([rig.server.sessions, rig.spools.size]).toEqual([0, 0]);
  // One for each MAIL that was understood, and what was forwarded is what was accepted.
  const mails = rig.log.lines.filter(({ message }) => message === 'mail').map(({ fields }) => fields);
  const asked = calls.filter(([name]) => name === 'mail').length;
  expect([mails.length, new Set(mails.map(({ transaction }) => transaction)).size]).toEqual([asked, asked]);
  expect(mails.filter(({ result }) => result === 'accepted')).toHaveLength(forwarded.length);
  return seen;
}

const octets = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

describe('a dialogue', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'is the same in any split, hooks waiting or not (seed %i)',
    async (seed) => {
      const random = new Seeded(seed);
      const bytes = dialogue(random);
      const whole = await run([bytes], false, false);
      for (const suspended of [false, true]) {
        expect(await run(octets(bytes), suspended, false)).toEqual(whole);
        expect(await run(random.cut(bytes, 40), suspended, false)).toEqual(whole);
      }
      expect(await run([bytes], true, false)).toEqual(whole);
    },
  );

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'is served to its end when the client closes its side behind any byte (seed %i)',
    async (seed) => {
      const random = new Seeded(1000 + seed);
      const bytes = dialogue(random);
      for (let i = 0; i < 8; i++) {
        const end = i === 0 ? bytes.length : random.below(bytes.length + 1);
        const sent = bytes.subarray(0, end);
        const open = await run([sent], false, false);
        expect(await run([sent], true, true)).toEqual(open);
        expect(await run(random.cut(sent, 60), random.oneIn(2), true)).toEqual(open);
      }
    },
  );
});
