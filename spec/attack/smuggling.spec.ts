// SMTP smuggling: whatever a client puts around a dot, only CRLF.CRLF ends a message, and what goes to the next hop has one end of data
// whatever that next hop takes for a line end. Every pair of line ends around the dot, in every chunking, as received behind smtpe.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const CRLF = '\r\n';
/** What may stand before and behind the dot. */
const BEFORE = [
  '',
  CRLF,
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\r\n\n',
  '\r\n\r',
  '\n\n',
  '\r\r',
  '\r\n ',
  '\r\n\0',
  '\r\n.',
];
const BEHIND = [
  '',
  CRLF,
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\n\n',
  '\r\r',
  ' \r\n',
  '\0\r\n',
  '\t\n',
  '.\r\n',
  '\x85\r\n',
];
/** The second message that an attacker wants somebody to see. */
const SMUGGLED = [
  'MAIL FROM:<admin@inside.example>',
  'RCPT TO:<victim@inside.example>',
  'DATA',
  'Subject: smuggled',
  '',
  'smuggled',
  '',
].join(CRLF);
const START = 'Subject: first\r\n\r\nfirst';

/**
 * What RFC 5321 means by these bytes behind 354: content up to CRLF.CRLF, unstuffed, and what is behind it; and what we make of other line ends
 * (CRs before an LF are one with it). Written down independently.
 */
function meaning(data: string): { readonly content: string; readonly rest: string } {
  const whole = CRLF + data;
  const end = whole.indexOf('\r\n.\r\n');
  if (end < 0) throw new Error('no end of data');
  const lines = whole.slice(2, end + 2).split(CRLF);
  const unstuffed = lines.map((line) => (line.startsWith('.') ? line.slice(1) : line)).join(CRLF);
  return { content: unstuffed.replace(/\r{1,16}\n|\r|\n/g, CRLF), rest: whole.slice(end + 5) };
}

const show = (text: string): string => JSON.stringify(text).slice(1, -1);

interface Case {
  readonly name: string;
  readonly data: string;
  /** Where the bytes in question begin and end in `data`. */
  readonly from: number;
  readonly to: number;
}

const cases: readonly Case[] = BEFORE.flatMap((before) =>
  BEHIND.map((behind) => {
    const around = `${before}.${behind}`;
    const data = `${START}${around}${SMUGGLED}.${CRLF}`;
    return { name: show(around), data, from: START.length, to: START.length + around.length + 1 };
  }),
);

/** The bytes as one chunk, one byte a chunk, and cut at every place in and around the dot. */
function chunkings({ data, from, to }: Case): readonly (readonly string[])[] {
  const cuts = Array.from({ length: to - from + 2 }, (_, i) => from - 1 + i);
  return [
    [data],
    [data.slice(0, from), ...data.slice(from, to), data.slice(to)],
    ...cuts.map((at) => [data.slice(0, at), data.slice(at)]),
  ];
}

const ends = (count: number): string => Array<string>(count).fill('250').join(' ');

describe.each([
  ['as it came', ''],
  ['with a header added by the policy', "function hook.dot() header.add('X-Policy: yes') end"],
] as const)('a message %s', (_name, policy) => {
  let hop: NextHop;
  let server: WholeServer;
  beforeAll(async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy,
      options: { 'smtp-smart-host': hop.target, 'limit-commands': '0' },
    });
  });
  afterAll(async () => {
    await server.stop();
    await hop.close();
  });

  /** Sends the chunks as a message; what of it arrived at the next hop. */
  async function arrived(chunks: readonly string[]) {
    const seen = new Map(hop.connections.map((connection) => [connection, connection.events.length]));
    const client = server.inMemory();
    await client.reply();
    await client.openMessage();
    client.send(...chunks);
    client.send('QUIT\r\n');
    const replies = await client.rest();
    client.stream.end();
    await client.over;
    const events = hop.connections.flatMap((connection) =>
      connection.events.slice(seen.get(connection) ?? 0),
    );
    const text = (kind: 'recv' | 'recv_data'): string[] =>
      events.flatMap((event) => (kind in event ? [(event as Record<string, string>)[kind] ?? ''] : []));
    return { replies, commands: text('recv'), contents: text('recv_data') };
  }

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_around, one) => {
    const { content, rest } = meaning(one.data);
    // CRLF.CRLF is the end: then the client itself has sent a second message, and may.
    const second = rest === '' ? undefined : meaning(rest.slice(rest.indexOf('DATA\r\n') + 6)).content;
    for (const chunks of chunkings(one)) {
      const { replies, commands, contents } = await arrived(chunks);
      const wanted = [content, ...(second === undefined ? [] : [second])].map((text) =>
        policy === '' ? text : text.replace(CRLF + CRLF, '\r\nX-Policy: yes\r\n\r\n'),
      );
      expect(contents.map((stuffed) => stuffed.replace(/(^|\r\n)\./g, '$1'))).toEqual(wanted);
      expect(commands.filter((line) => line.startsWith('MAIL')).length).toBe(wanted.length);
      for (const stuffed of contents) {
        expect(stuffed).not.toMatch(/[^\r]\n|\r[^\n]|^\n|\r$/);
        // Whatever counts as a line end, no line is a lone dot.
        expect(stuffed.split(/\r\n|\r|\n/)).not.toContain('.');
        expect(stuffed.endsWith(CRLF)).toBe(true);
      }
      const accepted = replies.split(CRLF).filter((line) => line.includes(' accepted'));
      expect(accepted.map((line) => line.slice(0, 3)).join(' ')).toBe(ends(wanted.length));
    }
  });
});

describe.each([
  ['by DATA', '250-sink\r\n250 SIZE\r\n'],
  ['by BDAT', '250-sink\r\n250 CHUNKING\r\n'],
] as const)('content in chunks (RFC 3030), handed on %s', (_name, ehlo) => {
  let hop: NextHop;
  let server: WholeServer;
  beforeAll(async () => {
    hop = await NextHop.start({ ehlo });
    server = await WholeServer.start({
      options: { 'smtp-smart-host': hop.target, 'limit-commands': '0', 'limit-errors': '0' },
    });
  });
  afterAll(async () => {
    await server.stop();
    await hop.close();
  });

  it.each(cases.map((one) => [one.name, one] as const))(
    'has no end but that of its octets: %s',
    async (_around, one) => {
      const content = one.data.replace(/\r{1,16}\n|\r|\n/g, CRLF);
      for (const pieces of chunkings(one).filter((_, i) => i < 2 || i % 4 === 2)) {
        const seen = hop.connections.flatMap(({ contents }) => contents).length;
        const mails = hop.commands.filter((line) => line.startsWith('MAIL')).length;
        const client = server.inMemory();
        await client.reply();
        await client.commands('EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>');
        const last = pieces.length - 1;
        for (const [i, piece] of pieces.entries())
          client.send(`BDAT ${piece.length}${i === last ? ' LAST' : ''}\r\n`, piece);
        client.send('QUIT\r\n');
        const replies = await client.rest();
        client.stream.end();
        await client.over;
        expect(replies.match(/^\d{3}/gm)).toEqual([...pieces.map(() => '250'), '221']);
        const contents = hop.connections.flatMap((connection) => connection.contents).slice(seen);
        expect(contents.map((bytes) => bytes.toString('latin1'))).toEqual([
          ehlo.includes('CHUNKING') ? content : `\r\n${content}`.replace(/\r\n\./g, '\r\n..').slice(2),
        ]);
        expect(hop.commands.filter((line) => line.startsWith('MAIL')).length - mails).toBe(1);
      }
    },
  );

  it('is thrown away where it is refused, and never heard as commands', async () => {
    const refusals = [
      '',
      'EHLO c\r\n',
      'EHLO c\r\nMAIL FROM:<a@b.example>\r\n',
      'EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<>\r\n',
    ];
    const mails = hop.commands.filter((line) => line.includes('inside.example')).length;
    for (const opening of refusals) {
      for (const size of [SMUGGLED.length, SMUGGLED.length + 1]) {
        const client = server.inMemory();
        await client.reply();
        client.send(`${opening}BDAT ${size} LAST\r\n${SMUGGLED}.\r\nQUIT\r\n`);
        const replies = (await client.rest()).match(/^\d{3}(?= )/gm) ?? [];
        client.stream.end();
        await client.over;
        // What is behind the octets: `.`, or an empty line, then QUIT.
        expect(replies.slice(-3).map((code) => code[0])).toEqual(['5', '5', '2']);
      }
    }
    expect(hop.commands.filter((line) => line.includes('inside.example')).length).toBe(mails);
  });
});

describe('smtp-bare-newline=reject', () => {
  it('refuses at dot whatever has a bare CR or LF, and nothing of it goes on', async () => {
    const hop = await NextHop.start();
    const server = await WholeServer.start({
      options: { 'smtp-smart-host': hop.target, 'smtp-bare-newline': 'reject', 'limit-errors': '0' },
    });
    for (const { data, name } of cases) {
      const { rest } = meaning(data);
      // The client's own second message is another matter.
      if (rest !== '') continue;
      const isBare = /(^|[^\r])\n|\r(?!\n)/.test(data);
      const client = server.inMemory();
      await client.reply();
      await client.openMessage();
      client.send(data);
      expect([name, (await client.reply()).slice(0, 9)]).toEqual([name, isBare ? '550 5.6.0' : '250 2.0.0']);
      await client.quit();
    }
    for (const connection of hop.connections) {
      for (const content of connection.contents)
        expect(content.toString('latin1')).not.toMatch(/(^|[^\r])\n|\r(?!\n)/);
    }
    await server.stop();
    await hop.close();
  });
});
