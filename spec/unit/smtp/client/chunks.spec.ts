// Content to a next hop by BDAT (RFC 3030): the same content as by DATA, in chunks that say how long they are; a next hop that says no to one
// gets no more of the message, and whatever it does in the middle leaves nothing behind.
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type HopReply, type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { LONGEST_SCAN, sharedScanner } from '../../../../src/message/framing/newline-scan.ts';
import { chunksOf } from '../../../../src/smtp/client/content-chunks.ts';
import { DotStuffer } from '../../../../src/smtp/client/dot-stuff.ts';
import { type Bench, bench, pass, source, streamed, to, turns } from './support.ts';

const MIB = 1_048_576;
const CHUNKING: HopScript = { ehlo: '250-sink\r\n250-chunking\r\n250 SIZE\r\n' };
const BOTH: HopScript = { ehlo: '250-sink\r\n250-PIPELINING\r\n250 CHUNKING\r\n' };

const hops: NextHop[] = [];
async function hop(script: HopScript = CHUNKING): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

async function nothingLeft({ client, clock }: Bench, ...sinks: readonly NextHop[]): Promise<void> {
  client.close();
  for (const sink of sinks) await sink.allClosed();
  expect([client.idleConnections, clock.pending]).toEqual([0, 0]);
}

const large = (length: number): Buffer =>
  Buffer.from(`${'.x\r\n'.repeat(Math.ceil(length / 4)).slice(0, length - 2)}\r\n`, 'latin1');
const bdat = ({ commands }: NextHop): readonly string[] =>
  commands.filter((line) => /^(bdat|data|rset)/i.test(line));
const whole = ({ connections }: NextHop): string =>
  connections.flatMap(({ contents }) => contents.map((content) => content.toString('latin1'))).join('|');

describe('content by BDAT', () => {
  it.each([
    ['where it is offered', CHUNKING, {}, ['BDAT 37 LAST']],
    ['with PIPELINING: behind the replies to RCPT', BOTH, {}, ['BDAT 37 LAST']],
    ['not where it is not offered', {}, {}, ['DATA']],
    ['not with smtp-forward-chunking=-', CHUNKING, { 'smtp-forward-chunking': '-' }, ['DATA']],
  ])('%s', async (_, script, options, commands) => {
    const next = await hop(script);
    const made = bench(options);
    expect(await made.send([next.target])).toMatchObject({ kind: 'delivered', text: '250 queued' });
    expect(bdat(next)).toEqual(commands);
    expect(whole(next)).toBe('Subject: hello\r\n\r\nThis is the body.\r\n');
    // The next message over the same connection.
    expect(await made.send([next.target])).toMatchObject({ kind: 'delivered' });
    expect([next.connections.length, bdat(next)]).toEqual([1, [...commands, 'RSET', ...commands]]);
    await nothingLeft(made, next);
  });

  it.each([
    ['BDAT', CHUNKING],
    ['DATA', {}],
  ])('a message in one long piece is looked at in parts, whose memory is kept: %s', async (_, script) => {
    const next = await hop(script);
    const made = bench();
    const text = `${'ab\r\n'.repeat(MIB / 4)}c\r\n`;
    const looks = vi.spyOn(sharedScanner, 'load');
    expect(await made.send([next.target], { message: source(text) })).toMatchObject({ kind: 'delivered' });
    const longest = Math.max(...looks.mock.calls.map(([piece, from]) => piece.length - from));
    looks.mockRestore();
    expect(longest).toBe(LONGEST_SCAN);
    expect(whole(next) === text).toBe(true);
    await nothingLeft(made, next);
  });

  it('of a binary message goes octet for octet, in memory or not', async () => {
    const next = await hop({ ehlo: '250-sink\r\n250-CHUNKING\r\n250 BINARYMIME\r\n' });
    const made = bench({ 'smtp-eight-bit': 'refuse' });
    const text = 'a\nb\rc\0\xff\r\r\n.\r\n\r';
    const parameters = { BODY: 'BINARYMIME' } as const;
    const pieces = [...text].map((octet) => Buffer.from(octet, 'latin1'));
    for (const message of [source(text), streamed(pieces)])
      expect(await made.send([next.target], { message, parameters, eightBit: true })).toMatchObject({
        kind: 'delivered',
      });
    expect(next.connections[0]?.contents.map((content) => content.toString('latin1'))).toEqual([text, text]);
    expect(next.commands[1]).toBe('MAIL FROM:<alice@example.com> BODY=BINARYMIME');
    expect(made.log.lines).toEqual([]);
    await nothingLeft(made, next);
  });

  it('is asked for only when recipients were taken', async () => {
    const next = await hop({ ...BOTH, rcpt: '550 no\r\n' });
    const made = bench();
    expect(await made.send([next.target], { recipients: to('a@b.example', 'c@d.example') })).toMatchObject({
      kind: 'refused',
      stage: 'rcpt',
    });
    expect(bdat(next)).toEqual([]);
    await nothingLeft(made, next);
  });

  it.each([
    [
      'dots as they are',
      '.\r\n..\r\na\r\n.\r\nMAIL FROM:<x@y>\r\n',
      '.\r\n..\r\na\r\n.\r\nMAIL FROM:<x@y>\r\n',
    ],
    ['nothing bare', 'a\nb\rc\r\r\n', 'a\r\nb\r\nc\r\n\r\n'],
    ['an end of the last line', 'a', 'a\r\n'],
    ['an end behind a CR', 'a\r', 'a\r\n'],
    ['nothing', '', ''],
  ])('has %s', async (_, text, content) => {
    const next = await hop();
    const made = bench();
    expect(await made.send([next.target], { message: source(text) })).toMatchObject({ kind: 'delivered' });
    expect([whole(next), bdat(next)]).toEqual([content, [`BDAT ${content.length} LAST`]]);
    await nothingLeft(made, next);
  });

  it.each([
    [MIB, [MIB]],
    [MIB + 2, [MIB, 2]],
    [2 * MIB, [MIB, MIB]],
    [2.5 * MIB, [MIB, MIB, MIB / 2]],
  ])('of %i octets goes in chunks of 1 MiB', async (length, sizes) => {
    const content = large(length);
    const pieces = Array.from({ length: Math.ceil(length / 65_000) }, (_, i) =>
      content.subarray(i * 65_000, (i + 1) * 65_000),
    );
    const next = await hop();
    const made = bench();
    for (const message of [source(content), streamed(pieces)]) {
      expect(await made.send([next.target], { message })).toMatchObject({ kind: 'delivered' });
    }
    const lines = sizes.map((size, i) => `BDAT ${size}${i === sizes.length - 1 ? ' LAST' : ''}`);
    expect(bdat(next)).toEqual([...lines, 'RSET', ...lines]);
    for (const got of next.connections[0]?.contents ?? []) expect(got.equals(content)).toBe(true);
    await nothingLeft(made, next);
  });

  it('is cut by what there is, not by what the size was said to be', async () => {
    const next = await hop();
    const made = bench();
    for (const size of [0, 3, 1000]) {
      const message = { ...streamed([Buffer.from('one\r\n'), Buffer.from('two\r\n')]), size };
      expect(await made.send([next.target], { message })).toMatchObject({ kind: 'delivered' });
    }
    expect(bdat(next).filter((line) => line !== 'RSET')).toEqual(Array(3).fill('BDAT 10 LAST'));
    await nothingLeft(made, next);
  });

  it('is what DATA would give, for any content in any pieces and chunks', async () => {
    const part = fc.constantFrom('\r\n', '\r', '\n', '.', '\r\n.\r\n', 'x', 'text', '\0\xff', '');
    const unstuffed = (pieces: readonly Buffer[]): string => {
      const stuffer = new DotStuffer();
      const wire = [...pieces.map((piece) => stuffer.encode(piece)), stuffer.finish()];
      return Buffer.concat(wire)
        .toString('latin1')
        .slice(0, -3)
        .replace(/(^|\r\n)\./g, '$1');
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        async (parts, most) => {
          const pieces = parts.map((text) => Buffer.from(text, 'latin1'));
          let content = '';
          let ended = false;
          for await (const chunk of chunksOf({ pieces, read: streamed([]).read }, most)) {
            expect(ended).toBe(false);
            const text = Buffer.concat(chunk.pieces).toString('latin1');
            expect(text.length).toBe(chunk.octets);
            expect(chunk.octets === most || chunk.last).toBe(true);
            if (content !== '' || !chunk.last) expect(text).not.toBe('');
            content += text;
            ended = chunk.last;
          }
          expect([content, ended]).toEqual([unstuffed(pieces), true]);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a next hop that does not take a chunk', () => {
  const content = large(3 * MIB);
  const pieces = Array.from({ length: 48 }, (_, i) => content.subarray(i * 65_536, (i + 1) * 65_536));

  it.each([
    ['552 5.3.4 too big\r\n', 552],
    ['452 4.3.1 full\r\n', 452],
    ['503 5.5.1 what\r\n', 503],
  ])('says %j: RSET, and the connection serves the next message', async (reply, code) => {
    const next = await hop({ ...BOTH, bdat: ['250 ok\r\n', reply, '250 ok\r\n'] });
    const other = await hop();
    const made = bench();
    const message = streamed(pieces);
    const outcome = await made.send([next.target, other.target], { message });
    expect(outcome).toMatchObject({ kind: 'refused', stage: 'content', code, host: next.target });
    await next.saw('RSET');
    await turns();
    expect(bdat(next)).toEqual([`BDAT ${MIB}`, `BDAT ${MIB}`, 'RSET']);
    expect([message.closed, other.connections.length]).toEqual([1, 0]);
    expect(await made.send([next.target])).toMatchObject({ kind: 'delivered' });
    expect([next.connections.length, whole(next)]).toEqual([
      1,
      'Subject: hello\r\n\r\nThis is the body.\r\n',
    ]);
    await nothingLeft(made, next);
  });

  it('and says no to RSET too is left', async () => {
    const next = await hop({ ...CHUNKING, bdat: '552 no\r\n', rset: '500 what\r\n' });
    const made = bench();
    expect(await made.send([next.target], { message: source(content) })).toMatchObject({ code: 552 });
    expect(made.client.idleConnections).toBe(0);
    await nothingLeft(made, next);
  });

  it.each<readonly [string, HopReply]>([
    ['says 421', '421 4.3.2 down\r\n'],
    ['closes', null],
    ['resets', { end: 'reset' }],
    ['talks garbage', 'what?\r\n'],
    ['says yes twice', '250 ok\r\n250 ok\r\n'],
  ])('but %s: the next host gets all of it', async (_, reply) => {
    const bad = await hop({ ...CHUNKING, bdat: ['250 ok\r\n', reply] });
    const good = await hop();
    const made = bench();
    const message = streamed(pieces);
    expect(await made.send([bad.target, good.target], { message })).toMatchObject({
      kind: 'delivered',
      host: good.target,
    });
    expect([message.closed, whole(bad), whole(good) === content.toString('latin1')]).toEqual([2, '', true]);
    await nothingLeft(made, bad, good);
  });

  it('and never answers: nobody has the message', async () => {
    const bad = await hop({ ...CHUNKING, bdat: { end: 'hang' } });
    const made = bench({ 'smtp-data-timeout': '20' });
    const message = streamed(pieces);
    const { value, seconds } = await pass(made.send([bad.target], { message }), made.clock);
    expect(value).toMatchObject({ kind: 'failed', stage: 'content', code: 120 });
    expect(seconds).toBeLessThan(60);
    await turns();
    expect(message.closed).toBe(1);
    await nothingLeft(made, bad);
  });

  it.each([
    ['the last', '552 5.3.4 no\r\n', { kind: 'refused', stage: 'dot', code: 552 }],
    ['the last, and closes', null, { kind: 'failed', stage: 'dot' }],
  ])('which is %s', async (_, reply, outcome) => {
    const next = await hop({ ...CHUNKING, dot: reply });
    const other = await hop();
    const made = bench();
    expect(await made.send([next.target, other.target], { message: source(content) })).toMatchObject(outcome);
    expect(other.connections.length).toBe(0);
    await nothingLeft(made, next);
  });

  it.each([0.5, 1.5])(
    'but goes away %d MiB into the message: nobody has it, the next host gets all',
    async (mib) => {
      const bad = await hop({ ...CHUNKING, content: { after: mib * MIB, end: 'reset' } });
      const good = await hop();
      const made = bench();
      expect(await made.send([bad.target, good.target], { message: streamed(pieces) })).toMatchObject({
        kind: 'delivered',
        host: good.target,
      });
      await nothingLeft(made, bad, good);
    },
  );

  it.each([
    ['at the first chunk', { bdat: '502 5.5.2 Error: command not recognized\r\n' }, pieces],
    ['at the last', { dot: '500 5.5.1 unknown\r\n' }, [Buffer.from('one\r\n')]],
    ['in the middle of it', { content: { after: 1000, reply: '500 what\r\n', end: 'hang' } }, pieces],
  ] as const)(
    'because it does not know BDAT, whatever it offers, is no judgement of the message: %s',
    async (_, script, message) => {
      const bad = await hop({ ...CHUNKING, ...script });
      const good = await hop({});
      const made = bench();
      expect(await made.send([bad.target], { message: streamed(message) })).toMatchObject({
        kind: 'failed',
        stage: 'content',
        error: expect.stringMatching(/BDAT is unknown there \(smtp-forward-chunking=- helps\): 50/),
      });
      expect(made.client.idleConnections).toBe(0);
      expect(await made.send([bad.target, good.target], { message: streamed(message) })).toMatchObject({
        kind: 'delivered',
        host: good.target,
      });
      await nothingLeft(made, bad, good);
    },
  );

  it('because we cannot read the message', async () => {
    const next = await hop();
    const made = bench();
    const broken = {
      ...streamed([]),
      async *read() {
        yield large(1.5 * MIB);
        await Promise.resolve();
        throw new Error('EIO');
      },
    };
    expect(await made.send([next.target], { message: broken })).toMatchObject({
      kind: 'failed',
      stage: 'content',
      code: 140,
    });
    expect(bdat(next).every((line) => !line.endsWith('LAST'))).toBe(true);
    await nothingLeft(made, next);
  });
});
