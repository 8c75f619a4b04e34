// BDAT (RFC 3030): the same replies, hook calls and forwarded octets wherever the bytes are cut, and never is content read as a command.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { FakeHooks } from '../../../fakes/fake-policy.ts';
import { type Ended, expectNothingLeft, turns, until } from '../../../fakes/session-at-rest.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const OPEN = 'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n';
const NEXT = 'MAIL FROM:<e@f.example>\r\nRCPT TO:<g@h.example>\r\n';

interface Seen {
  /** Code and enhanced status of each reply, the banner and its EHLO left out. */
  readonly replies: readonly string[];
  readonly calls: readonly string[];
  readonly forwarded: readonly string[];
  readonly ended: boolean;
}

/** What `wire` leads to, sent in these segments. */
async function serve(segments: readonly string[], settings: RigSettings = {}): Promise<Seen> {
  const forwarded: string[] = [];
  const rig = new SmtpRig({
    clock: new FakeClock(),
    smartHost: async ({ message, recipients, sender }) => {
      const parts: Buffer[] = [];
      if (message !== undefined) for await (const part of message.read()) parts.push(part);
      const to = recipients.map(({ address }) => address).join(' ');
      forwarded.push(`${sender} > ${to}: ${Buffer.concat(parts).toString('latin1')}`);
      return { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };
    },
    ...settings,
  });
  const client = await rig.greeted();
  for (const segment of segments) {
    client.send(segment);
    await turns(2);
  }
  await turns(4);
  const seen = {
    replies: codes(client.received),
    calls: rig.instance.calls.map(([name, ...args]) => [name, ...args.map(String)].join(' ')),
    forwarded,
    ended: client.ended,
  };
  client.stream.end();
  await client.over;
  expect([rig.server.sessions, rig.spools.size]).toEqual([0, 0]);
  return seen;
}

/** `250` for a reply without status, and for EHLO. */
function codes(text: string): string[] {
  const lines = text.split('\r\n').filter((line) => /^\d{3} /.test(line));
  return lines.map((line) => /^\d{3}(?: \d\.\d\.\d)?/.exec(line.replace(' SIZE', ''))?.[0] ?? '');
}

interface Row {
  readonly name: string;
  readonly wire: string;
  readonly replies: string;
  readonly forwarded?: readonly string[];
  readonly ended?: true;
  readonly settings?: RigSettings;
  /** Hooks with their arguments that are called, of those in `settings`. */
  readonly calls?: readonly string[];
}

const quiet = (...names: readonly (keyof FakeHooks)[]): FakeHooks =>
  Object.fromEntries(names.map((name) => [name, () => undefined]));
const from = (text: string): string => `a@b.example > c@d.example: ${text}`;
const second = (text: string): string => `e@f.example > g@h.example: ${text}`;
const READY = '250 250 2.1.0 250 2.1.0';

const rows: readonly Row[] = [
  {
    name: 'what is behind the octets is a command',
    wire: `${OPEN}BDAT 12 LAST\r\nSubject: x\r\nMAIL FROM:<x@y.example>\r\n`,
    replies: `${READY} 250 2.0.0 250 2.1.0`,
    forwarded: [from('Subject: x\r\n')],
  },
  {
    name: 'two chunks are one message, and have a reply each',
    wire: `${OPEN}BDAT 5\r\nhelloBDAT 6 LAST\r\n world`,
    replies: `${READY} 250 2.0.0 250 2.0.0`,
    forwarded: [from('hello world\r\n')],
  },
  {
    name: 'what looks like an end and a command is content',
    wire: `${OPEN}BDAT 23 LAST\r\na\r\n.\r\nMAIL FROM:<x@y>\r\nRSET\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0`,
    forwarded: [from('a\r\n.\r\nMAIL FROM:<x@y>\r\n')],
    settings: { hooks: quiet('mail', 'rset') },
    calls: ['mail a@b.example b.example', 'rset'],
  },
  {
    name: 'verb and LAST in upper and lower case, blanks and tabs between them',
    wire: `${OPEN}bdat\t1\r\nabDaT  2 \t lAsT \r\nbc`,
    replies: `${READY} 250 2.0.0 250 2.0.0`,
    forwarded: [from('abc\r\n')],
  },
  {
    name: 'before EHLO',
    wire: 'BDAT 8\r\nRSET\r\n\r\nBDAT 6 LAST\r\nQUIT\r\nEHLO c\r\n',
    replies: '503 5.5.1 503 5.5.1 250',
  },
  {
    name: 'before MAIL, and before RCPT',
    wire: 'EHLO c\r\nBDAT 6 LAST\r\nQUIT\r\nMAIL FROM:<>\r\nBDAT 6\r\nQUIT\r\nRSET\r\n',
    replies: '250 503 5.5.1 250 2.1.0 503 5.5.1 250 2.0.0',
    settings: { hooks: quiet('out_seq', 'data', 'content') },
    calls: ['out_seq BDAT 6 LAST', 'out_seq BDAT 6'],
  },
  {
    name: 'after a refused RCPT: a valid one may follow',
    wire: 'EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<no@d.example>\r\nBDAT 6 LAST\r\nQUIT\r\nRCPT TO:<c@d.example>\r\nBDAT 1 LAST\r\nx',
    replies: '250 250 2.1.0 550 5.1.1 554 5.5.0 250 2.1.0 250 2.0.0',
    forwarded: [from('x\r\n')],
    settings: {
      hooks: { rcpt: (_, to) => (String(to).startsWith('no') ? '550 5.1.1 nobody' : undefined) },
    },
  },
  {
    name: 'hook.data refuses the first chunk: the transaction is over, and a new one works',
    wire: `${OPEN}BDAT 6\r\nQUIT\r\nBDAT 3 LAST\r\nabcRSET\r\n${NEXT}`,
    replies: `${READY} 550 5.7.1 503 5.5.1 250 2.0.0 250 2.1.0 250 2.1.0`,
    settings: { hooks: { ...quiet('reset', 'content', 'dot'), data: () => '550 5.7.1 no' } },
    calls: ['reset', 'data', 'reset', 'reset'],
  },
  {
    name: 'behind a refused chunk MAIL needs no RSET',
    wire: `${OPEN}BDAT 0\r\n${NEXT}`,
    replies: `${READY} 451 4.7.1 250 2.1.0 250 2.1.0`,
    settings: { hooks: { data: () => '451 4.7.1 later' } },
  },
  {
    name: 'hook.data says yes with a 354, which is not sent',
    wire: `${OPEN}BDAT 1\r\naBDAT 1 LAST\r\nb`,
    replies: `${READY} 250 2.0.0 250 2.0.0`,
    forwarded: [from('ab\r\n')],
    settings: { hooks: { data: () => '354 go on' } },
    calls: ['data'],
  },
  {
    name: 'hook.data drops without a reply: nothing is accepted',
    wire: `${OPEN}BDAT 6 LAST\r\nNOOP\r\n`,
    replies: `${READY} 451 4.4.5`,
    ended: true,
    settings: { hooks: { data: () => ({ kind: 'returned', reply: undefined, drop: true, values: [true] }) } },
  },
  ...[
    '',
    ' ',
    ' x',
    ' -1',
    ' +1',
    ' 1x',
    ' 1 FIRST',
    ' 1 LAST x',
    ' 1LAST',
    ' 0x1',
    ' 1.0',
    ' 100000000000000000000',
  ].map(
    (argument): Row => ({
      name: `BDAT${argument}: nobody knows where the next command begins`,
      wire: `${OPEN}BDAT${argument}\r\nRSET\r\nQUIT\r\n`,
      replies: `${READY} 501 5.5.4`,
      ended: true,
    }),
  ),
  {
    name: 'a BDAT that is no text',
    wire: `${OPEN}BDAT 5\0\r\nRSET\r\n`,
    replies: `${READY} 500 5.5.2`,
    ended: true,
  },
  {
    name: 'a BDAT with a bare CR',
    wire: `${OPEN}BDAT 5 \rLAST\r\nRSET\r\n`,
    replies: `${READY} 500 5.5.2`,
    ended: true,
  },
  ...['99999999999999999999', '67108866'].map(
    (size): Row => ({
      name: `${size} octets are not waited for`,
      wire: `${OPEN}BDAT ${size}\r\nRSET\r\n`,
      replies: `${READY} 552 5.3.4`,
      ended: true,
      settings: { options: { 'smtp-max-size': '1' } },
    }),
  ),
  {
    name: '99999999999999999999 octets are not waited for where a message may have any size',
    wire: `${OPEN}BDAT 99999999999999999999\r\nRSET\r\n`,
    replies: `${READY} 552 5.3.4`,
    ended: true,
    settings: { options: { 'smtp-max-size': '0' } },
  },
  {
    name: 'CRLF, a header name and a dot cut over chunks',
    wire: `${OPEN}BDAT 3\r\nSubBDAT 8\r\nject: a\rBDAT 1\r\n\nBDAT 1\r\n\rBDAT 2\r\n\n.BDAT 3 LAST\r\n\r\nx`,
    replies: `${READY}${' 250 2.0.0'.repeat(6)}`,
    forwarded: [from('Subject: a\r\n\r\n.\r\nx\r\n')],
    settings: { hooks: quiet('data', 'header', 'eoh', 'body', 'dot') },
    calls: ['data', 'header Subject: a', 'eoh', 'body .', 'body x', 'dot /nonexistent/1'],
  },
  {
    name: 'chunks without octets',
    wire: `${OPEN}BDAT 0\r\nBDAT 1\r\nxBDAT 0\r\nBDAT 0 LAST\r\nNOOP\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0 250 2.0.0 250 2.0.0 250 2.0.0`,
    forwarded: [from('x\r\n')],
  },
  {
    name: 'an empty message is refused as with DATA',
    wire: `${OPEN}BDAT 0 LAST\r\n${NEXT}DATA\r\n.\r\n`,
    replies: `${READY} 550 5.6.0 250 2.1.0 250 2.1.0 354 550 5.6.0`,
  },
  {
    name: 'the sum is over the limit in the third chunk',
    wire: `${OPEN}BDAT 4\r\n1234BDAT 4\r\n5678BDAT 8\r\nQUIT\r\n90BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n${NEXT}BDAT 1 LAST\r\nx`,
    replies: `${READY} 250 2.0.0 250 2.0.0 552 5.3.4 503 5.5.1 503 5.5.1 250 2.1.0 250 2.1.0 250 2.0.0`,
    forwarded: [second('x\r\n')],
    settings: { options: { 'smtp-max-size': '10' } },
  },
  {
    name: 'one chunk over the limit',
    wire: `${OPEN}BDAT 11 LAST\r\nQUIT\r\n56789RSET\r\n`,
    replies: `${READY} 552 5.3.4 250 2.0.0`,
    settings: { options: { 'smtp-max-size': '10' } },
  },
  {
    name: 'DATA after BDAT',
    wire: `${OPEN}BDAT 1\r\naDATA\r\nBDAT 1 LAST\r\nb`,
    replies: `${READY} 250 2.0.0 503 5.5.1 250 2.0.0`,
    forwarded: [from('ab\r\n')],
  },
  {
    name: 'BDAT after DATA: it is content',
    wire: `${OPEN}DATA\r\nBDAT 1\r\n.\r\nBDAT 1 LAST\r\nxNOOP\r\n`,
    replies: `${READY} 354 250 2.0.0 503 5.5.1 250 2.0.0`,
    forwarded: [from('BDAT 1\r\n')],
  },
  {
    name: 'BDAT after the last one',
    wire: `${OPEN}BDAT 1 LAST\r\naBDAT 5 LAST\r\nDATA\nNOOP\r\n`,
    replies: `${READY} 250 2.0.0 503 5.5.1 250 2.0.0`,
    forwarded: [from('a\r\n')],
  },
  {
    name: 'RSET after a chunk, then DATA: nothing of the first message is in the second',
    wire: `${OPEN}BDAT 9\r\nA: 1\r\nB: RSET\r\n${NEXT}DATA\r\nC: 3\r\n\r\n..\r\n.\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0 250 2.1.0 250 2.1.0 354 250 2.0.0`,
    forwarded: [second('C: 3\r\n\r\n.\r\n')],
    settings: { hooks: quiet('header', 'eoh', 'reset', 'dot') },
    calls: ['reset', 'reset', 'header C: 3', 'eoh', 'dot /nonexistent/2', 'reset'],
  },
  {
    name: 'EHLO after a chunk ends the transaction too',
    wire: `${OPEN}BDAT 1\r\nxEHLO c\r\nBDAT 1 LAST\r\nx${NEXT}BDAT 1 LAST\r\ny`,
    replies: `${READY} 250 2.0.0 250 503 5.5.1 250 2.1.0 250 2.1.0 250 2.0.0`,
    forwarded: [second('y\r\n')],
  },
  {
    name: 'QUIT after a chunk',
    wire: `${OPEN}BDAT 1\r\nxQUIT\r\nNOOP\r\n`,
    replies: `${READY} 250 2.0.0 221 2.0.0`,
    ended: true,
  },
  {
    name: 'commands between chunks: those that RFC 5321 allows at any time are served, the others are out of sequence',
    wire: `${OPEN}BDAT 1\r\na${['NOOP', 'VRFY x', 'HELP', 'MAIL FROM:<x@y.example>', 'RCPT TO:<x@y.example>', 'AUTH PLAIN AHgAeQ==', 'XCLIENT ADDR=192.0.2.9', 'WHAT', ''].join('\r\n')}\r\nBDAT 1 LAST\r\nb`,
    replies: `${READY} 250 2.0.0 250 2.0.0 252 2.5.0 214 2.0.0 503 5.5.1 503 5.5.1 503 5.5.1 503 5.5.1 502 5.5.1 502 5.5.1 250 2.0.0`,
    forwarded: [from('ab\r\n')],
    settings: { hooks: quiet('auth'), options: { 'smtp-xclient-hosts': '192.0.2.0/24' } },
  },
  {
    name: 'all of it at once',
    wire: `${OPEN}BDAT 6\r\nQUIT\r\nBDAT 2 LAST\r\n.\nQUIT\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0 221 2.0.0`,
    forwarded: [from('QUIT\r\n.\r\n')],
    ended: true,
  },
  {
    name: 'without CHUNKING it is an unknown command, and its octets are none all the same',
    wire: `${OPEN}BDAT 6 LAST\r\nQUIT\r\nDATA\r\nx\r\n.\r\n`,
    replies: `${READY} 502 5.5.1 354 250 2.0.0`,
    forwarded: [from('x\r\n')],
    settings: { options: { 'smtp-chunking': '-' }, hooks: quiet('unknown', 'data') },
    calls: ['unknown BDAT 6 LAST', 'data'],
  },
  {
    name: 'after HELO',
    wire: 'HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 1 LAST\r\nx',
    replies: `250 250 2.1.0 250 2.1.0 250 2.0.0`,
    forwarded: [from('x\r\n')],
  },
  {
    name: 'a refusal of hook.content is kept for the last chunk, as for the dot',
    wire: `${OPEN}BDAT 1\r\naBDAT 1\r\nbBDAT 0 LAST\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0 550 5.7.1`,
    settings: { hooks: { content: (_, text) => (text === 'a' ? '550 5.7.1 no' : undefined) } },
    calls: ['content a', 'content b', 'content \r\n'],
  },
  {
    name: 'hook.reply turns the yes to a chunk into a no: the transaction is over',
    wire: `${OPEN}BDAT 1\r\naBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n`,
    replies: `${READY} 452 4.3.1 503 5.5.1 250 2.0.0`,
    settings: {
      hooks: { reply: (_, text) => (String(text).includes('octets') ? '452 4.3.1 full' : undefined) },
    },
  },
  {
    name: 'a hook that fails in a chunk ends the session',
    wire: `${OPEN}BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nNOOP\r\n`,
    replies: `${READY} 421 4.3.0`,
    ended: true,
    settings: {
      hooks: {
        content: () => {
          throw new Error('bug');
        },
      },
    },
  },
  {
    name: 'bare line ends are what they are with DATA',
    wire: `${OPEN}BDAT 2\r\na\rBDAT 3\r\n\rb\nBDAT 2 LAST\r\n\n\r`,
    replies: `${READY} 250 2.0.0 250 2.0.0 250 2.0.0`,
    forwarded: [from('a\r\n\r\nb\r\n\r\n\r\n')],
  },
  {
    name: 'bare line ends, refused as with DATA',
    wire: `${OPEN}BDAT 2\r\na\rBDAT 2 LAST\r\nbc`,
    replies: `${READY} 250 2.0.0 550 5.6.0`,
    settings: { options: { 'smtp-bare-newline': 'reject' } },
  },
  {
    name: 'a CRLF over two chunks is not bare',
    wire: `${OPEN}BDAT 2\r\na\rBDAT 2 LAST\r\n\nc`,
    replies: `${READY} 250 2.0.0 250 2.0.0`,
    forwarded: [from('a\r\nc\r\n')],
    settings: { options: { 'smtp-bare-newline': 'reject' } },
  },
  {
    name: 'too many Received headers are refused in their chunk',
    wire: `${OPEN}BDAT 26\r\nReceived: x\r\nReceived:\r\n\r\nBDAT 1 LAST\r\nxNOOP\r\n`,
    replies: `${READY} 554 5.4.6 503 5.5.1 250 2.0.0`,
    settings: { options: { 'limit-received': '1' } },
  },
  {
    name: 'too many small chunks',
    wire: `${OPEN}BDAT 1\r\naBDAT 1\r\nbBDAT 6 LAST\r\nQUIT\r\n`,
    replies: `${READY} 250 2.0.0 250 2.0.0 421 4.7.0`,
    ended: true,
    settings: { options: { 'limit-small-chunks': '2' } },
  },
  {
    name: 'chunks are no commands for limit-commands',
    wire: `${OPEN}BDAT 1\r\naBDAT 1\r\nbBDAT 1\r\ncBDAT 1 LAST\r\nd`,
    replies: `${READY}${' 250 2.0.0'.repeat(4)}`,
    forwarded: [from('abcd\r\n')],
    settings: { options: { 'limit-commands': '4' } },
  },
];

const optionsOf = ({ settings }: Row): RigSettings => ({
  ...settings,
  options: { 'limit-errors': '0', ...settings?.options },
});

function expectRow(row: Row, seen: Seen): void {
  // The names of spool files go with the session.
  const calls = seen.calls.map((call) => call.replace(/^(dot \/nonexistent\/).*(\d)$/, '$1$2'));
  expect({ ...seen, replies: seen.replies.join(' '), calls: row.calls === undefined ? [] : calls }).toEqual({
    replies: row.replies,
    calls: row.calls ?? [],
    forwarded: row.forwarded ?? [],
    ended: row.ended ?? false,
  });
}

describe('BDAT', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    // hook.content goes with the segments.
    const checked = row.calls?.some((call) => call.startsWith('content')) === true;
    const splits = checked ? 1 : row.wire.length;
    for (let at = 0; at < splits; at++)
      expectRow(row, await serve([row.wire.slice(0, at), row.wire.slice(at)], optionsOf(row)));
    if (!checked) expectRow(row, await serve([...row.wire], optionsOf(row)));
  });

  it('with a line that is too long ends the session: nobody knows how many octets it meant', async () => {
    for (const [line, ends] of [
      [`BDAT 5${' '.repeat(600)}`, true],
      [`bdat\t${'9'.repeat(600)}`, true],
      [`BDATA${' '.repeat(600)}`, false],
      [`NOOP ${'BDAT 5 '.repeat(100)}`, false],
    ] as const) {
      const wire = `${OPEN}${line}\r\nNOOP\r\n`;
      const settings = { options: { 'limit-line-length': '512' } };
      for (const segments of [
        [wire],
        [...wire],
        [wire.slice(0, OPEN.length + 2), wire.slice(OPEN.length + 2)],
      ]) {
        const seen = await serve(segments, settings);
        expect([line.slice(0, 6), seen.replies.slice(3).join(' '), seen.ended]).toEqual([
          line.slice(0, 6),
          ends ? '500 5.5.2' : '500 5.5.2 250 2.0.0',
          ends,
        ]);
      }
    }
  });

  it('is no pipelining when only its own octets are behind the line', async () => {
    const options = { 'rfc2920-pipelining-reject': '+' };
    const ask = async (...sent: readonly string[]): Promise<readonly string[]> => {
      const rig = new SmtpRig({ options, hooks: quiet('data', 'close') });
      const client = await rig.greeted();
      await client.commands('EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
      client.send(...sent);
      const reply = await client.reply();
      client.reset();
      await client.over;
      return [reply.slice(0, 9), String(rig.instance.client.is_pipelining)];
    };
    expect(await ask('BDAT 5\r\nhello')).toEqual(['250 2.0.0', 'false']);
    expect(await ask('BDAT 5\r\nhelloNOOP\r\n')).toEqual(['550 5.3.3', 'true']);
  });

  it('says how many octets a chunk had, and how long the message is that came', async () => {
    const lengths: unknown[] = [];
    const rig = new SmtpRig({ hooks: { dot: ({ client }) => void lengths.push(client.message_length) } });
    const client = await rig.greeted();
    await client.commands('EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
    client.send('BDAT 5\r\nhelloBDAT 0\r\nBDAT 2 LAST\r\n u');
    expect(await client.reply()).toBe('250 2.0.0 5 octets\r\n');
    expect(await client.reply()).toBe('250 2.0.0 0 octets\r\n');
    expect(await client.reply()).toMatch(/^451/);
    await client.quit();
    expect(lengths).toEqual([7]);
  });
});

describe('a message in chunks that never ends', () => {
  const bounds = { 'smtp-data-timeout': '20', 'smtp-command-timeout': '100', 'smtp-data-min-rate': '10' };
  const started = (sent: string): Promise<Ended> => until(OPEN + sent, { options: bounds });
  const last = async ({ client }: Ended): Promise<string> => (await client.rest()).split('\r\n').at(-2) ?? '';
  const lost = ({ rig }: Ended) => rig.log.lines.filter(({ fields }) => fields.result === 'lost');
  const over = async (ended: Ended): Promise<void> => {
    ended.client.stream.end();
    await ended.client.over;
    expectNothingLeft(ended);
    expect(ended.rig.delivered).toEqual([]);
  };

  it('is cut off when its octets do not come', async () => {
    const ended = await started('BDAT 10 LAST\r\nabcd');
    ended.clock.advance(19_999);
    await turns();
    expect(ended.client.ended).toBe(false);
    ended.clock.advance(1);
    expect(await last(ended)).toMatch(/^421 4\.4\.2 .* no data for 20 s$/);
    expect(lost(ended)).toHaveLength(1);
    await over(ended);
  });

  it('is cut off when the next chunk does not come', async () => {
    const ended = await started('BDAT 4\r\nabcd');
    ended.clock.advance(100_000);
    expect(await last(ended)).toMatch(/^421 4\.4\.2 .* no command for 100 s$/);
    await over(ended);
  });

  it.each([
    ['one chunk', 'BDAT 1000 LAST\r\n', 'x'],
    ['chunks of an octet', '', 'xBDAT 1\r\n'],
    ['chunks that are thrown away', 'RSET\r\n', 'xBDAT 1000\r\n'.slice(0, 1)],
  ])('is cut off when its octets come too slowly: %s', async (name, head, piece) => {
    const begin =
      name === 'chunks of an octet' ? 'BDAT 1\r\n' : head === 'RSET\r\n' ? 'RSET\r\nBDAT 1000\r\n' : head;
    const ended = await started(begin);
    let seconds = 0;
    for (; seconds < 100 && !ended.client.ended; seconds += 2) {
      ended.client.send(piece);
      await turns(3);
      ended.clock.advance(2000);
      await turns(3);
    }
    expect(seconds).toBeLessThan(30);
    expect(await last(ended)).toMatch(/^421 4\.4\.2 .* data slower than 10 bytes\/s$/);
    await over(ended);
  });

  it.each(['', 'abcd'])('leaves nothing when the client goes (behind "%s")', async (content) => {
    for (const leave of [(client: RigClient) => client.reset(), (client: RigClient) => client.stream.end()]) {
      const ended = await started(`BDAT 4\r\n${content}`);
      leave(ended.client);
      await ended.client.over;
      await over(ended);
      expect(lost(ended)).toHaveLength(1);
    }
  });

  it('is told when RSET or EHLO ends it', async () => {
    const ended = await started('BDAT 4\r\nabcdRSET\r\nRSET\r\n');
    expect(lost(ended).map(({ fields }) => [fields.cause, fields.bytes])).toEqual([['RSET', 4]]);
    await over(ended);
  });
});

describe('a client that has closed its side', () => {
  it('hears what becomes of its last chunk', async () => {
    const rig = new SmtpRig({
      smartHost: () =>
        Promise.resolve({ kind: 'delivered', host: 'n', code: 250, text: '250 ok', rcpts: [] }),
    });
    const client = rig.connect();
    client.send(`${OPEN}BDAT 1\r\nxBDAT 2 LAST\r\nyz`);
    client.stream.end();
    await client.over;
    expect(codes(client.received).join(' ')).toBe(`220 ${READY} 250 2.0.0 250 2.0.0`);
  });
});
