// Packets out and in. Expected octets are written by hand or by the encoder of the fake server, not by dns-packet.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOctets, packetOctets, recordOctets, u16 } from '../../../src/bench/ports/dns-zone.ts';
import { encodeQuery, type Query, type ReadReply, readReply, withId } from '../../../src/dns/wire.ts';
import { A, AAAA, CNAME, TXT } from './support.ts';

const query = encodeQuery('a.example.test', A, 1, true);
const question = query.packet.subarray(12, query.questionEnd);
const toQuestion = Buffer.from([0xc0, 12]);
const address = Buffer.from([192, 0, 2, 1]);

function read(packet: Buffer, of: Query = query, allowTruncated = false): ReadReply {
  return readReply(packet, of, allowTruncated);
}

function answered(...answer: Buffer[]): ReadReply {
  return read(packetOctets({ id: 0, question, answer }));
}

describe('encodeQuery', () => {
  it('asks for recursion and whether it is authenticated, with EDNS and 1232 octets', () => {
    expect(query.packet.toString('hex')).toBe(
      '00000120000100000000000101610765786d616d706c6504746573740000010001000029 04d0 00000000 0000'
        .replaceAll(' ', '')
        .replace('65786d616d706c65', Buffer.from('example').toString('hex')),
    );
    expect(withId(query, 0xbeef).readUInt16BE(0)).toBe(0xbeef);
    expect(query.packet.readUInt16BE(0)).toBe(0);
  });

  it('asks without EDNS, for the root, and for types and classes by number', () => {
    const root = encodeQuery('', 65_280, 3, false);
    expect(root.packet.toString('hex')).toBe('00000120000100000000000000ff000003');
    expect(root.questionEnd).toBe(root.packet.length);
    expect(encodeQuery('a', 65, 255, false).packet.toString('hex')).toBe(
      '0000012000010000000000000161 00 0041 00ff'.replaceAll(' ', ''),
    );
  });
});

describe('readReply: is it the answer?', () => {
  const good = packetOctets({ id: 7, question, answer: [recordOctets(toQuestion, A, 300, address)] });

  it('takes an answer', () => {
    expect(read(good)).toEqual({
      kind: 'reply',
      rcode: 0,
      extendedRcode: 0,
      octets: good.length,
      truncated: false,
      answer: [{ name: 'a.example.test.', type: A, class: 1, ttl: 300, fields: { value: '192.0.2.1' } }],
      authority: [],
      extra: [],
      authenticated: false,
    });
    const secured = Buffer.from(good);
    secured.writeUInt16BE(good.readUInt16BE(2) | 0x20, 2);
    expect(read(secured)).toMatchObject({ kind: 'reply', rcode: 0, authenticated: true });
  });

  it('compares the question without case', () => {
    const upper = Buffer.from(question.toString('latin1').toUpperCase(), 'latin1');
    expect(read(packetOctets({ id: 7, question: upper })).kind).toBe('reply');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['less than a header', good.subarray(0, 11)],
    ['a query', query.packet],
    ['another opcode', Buffer.concat([good.subarray(0, 2), Buffer.from([0xa9, 0x80]), good.subarray(4)])],
    [
      'another name',
      packetOctets({ id: 7, question: Buffer.concat([nameOctets('b.example.test'), u16(1), u16(1)]) }),
    ],
    [
      'a longer name',
      packetOctets({ id: 7, question: Buffer.concat([nameOctets('a.example.test.x'), u16(1), u16(1)]) }),
    ],
    [
      'another type',
      packetOctets({ id: 7, question: Buffer.concat([nameOctets('a.example.test'), u16(28), u16(1)]) }),
    ],
    [
      'a type that differs by the bit of a letter case',
      packetOctets({ id: 7, question: Buffer.concat([nameOctets('a.example.test'), u16(0x21), u16(1)]) }),
    ],
    [
      'another class',
      packetOctets({ id: 7, question: Buffer.concat([nameOctets('a.example.test'), u16(1), u16(3)]) }),
    ],
    ['no question', packetOctets({ id: 7, question: undefined })],
    ['a question that is cut', good.subarray(0, 20)],
  ])('ignores %s', (_what, packet) => {
    expect(read(packet)).toEqual({ kind: 'foreign' });
  });

  it('knows an error without question', () => {
    expect(read(packetOctets({ id: 7, rcode: 1, question: undefined }))).toEqual({
      kind: 'error-without-question',
      rcode: 1,
    });
  });

  it('sees truncation', () => {
    const cut = packetOctets({
      id: 7,
      flags: 0x8380,
      question,
      answer: [recordOctets(toQuestion, A, 300, address)],
    });
    expect(read(cut)).toEqual({ kind: 'truncated' });
    expect(read(cut, query, true)).toMatchObject({
      kind: 'reply',
      truncated: true,
      answer: [{ fields: { value: '192.0.2.1' } }],
    });
    // What is missing does not matter when it is fetched again.
    expect(read(cut.subarray(0, cut.length - 3))).toEqual({ kind: 'truncated' });
  });
});

describe('readReply: records', () => {
  it('leaves OPT out and reads the extended rcode', () => {
    const opt = recordOctets('', 41, 0x0100_0000, Buffer.from('000a0008aaaaaaaaaaaaaaaa', 'hex'), 1232);
    const packet = packetOctets({ id: 0, question, extra: [opt, recordOctets('x.test', A, 1, address)] });
    expect(read(packet)).toMatchObject({ kind: 'reply', extendedRcode: 1, extra: [{ name: 'x.test.' }] });
  });

  it('keeps owner names apart that share a pointer', () => {
    const other = nameOctets('b.example.test');
    const first = recordOctets(other, A, 1, address);
    const packet = packetOctets({
      id: 0,
      question,
      answer: [
        first,
        recordOctets(toQuestion, A, 2, address),
        recordOctets(Buffer.from([0xc0, 14]), A, 3, address),
        recordOctets(toQuestion, A, 4, address),
      ],
    });
    expect(read(packet)).toMatchObject({
      answer: [
        { name: 'b.example.test.' },
        { name: 'a.example.test.' },
        { name: 'example.test.' },
        { name: 'a.example.test.' },
      ],
    });
  });

  it.each([
    ['A of 3 octets', recordOctets(toQuestion, A, 1, Buffer.from([1, 2, 3]))],
    ['A of 5 octets', recordOctets(toQuestion, A, 1, Buffer.from([1, 2, 3, 4, 5]))],
    ['A of 0 octets', recordOctets(toQuestion, A, 1, Buffer.alloc(0))],
    ['AAAA of 15 octets', recordOctets(toQuestion, AAAA, 1, Buffer.alloc(15))],
    ['data longer than the packet', recordOctets(toQuestion, A, 1, address, 1, 5)],
    ['data shorter than it is', recordOctets(toQuestion, A, 1, address, 1, 3)],
    ['a name that points at itself', recordOctets(toQuestion, CNAME, 1, Buffer.from([0xc0, 44]))],
    ['a name behind its record', recordOctets(toQuestion, CNAME, 1, nameOctets('abc'), 1, 3)],
    [
      'octets behind a name',
      recordOctets(toQuestion, CNAME, 1, Buffer.concat([nameOctets('abc'), Buffer.from([0])])),
    ],
    ['a string longer than the record', recordOctets(toQuestion, TXT, 1, Buffer.from([5, 0x61]))],
    ['TXT without strings', recordOctets(toQuestion, TXT, 1, Buffer.alloc(0))],
    ['an owner that is cut', Buffer.from([3, 0x61])],
    ['a record that is not there', Buffer.alloc(0)],
    ['an owner with a reserved label', Buffer.concat([Buffer.from([0x80]), recordOctets('', A, 1, address)])],
  ])('refuses %s', (_what, record) => {
    expect(answered(record)).toMatchObject({
      kind: 'malformed',
      reason: expect.stringContaining('answer record 1'),
    });
  });

  it('says where it is malformed', () => {
    const bad = recordOctets(toQuestion, A, 1, Buffer.alloc(1));
    const good = recordOctets(toQuestion, A, 1, address);
    expect(read(packetOctets({ id: 0, question, answer: [good], authority: [good, bad] }))).toEqual({
      kind: 'malformed',
      reason: 'data of type 1, authority record 2',
    });
  });

  it('survives any octets, whole or changed', () => {
    const good = packetOctets({
      id: 0,
      question,
      answer: [
        recordOctets(toQuestion, CNAME, 1, Buffer.from([1, 0x62, 0xc0, 14])),
        recordOctets(toQuestion, A, 1, address),
      ],
      authority: [
        recordOctets(
          'example.test',
          6,
          1,
          Buffer.concat([nameOctets('a'), nameOctets('b'), Buffer.alloc(20)]),
        ),
      ],
      extra: [
        recordOctets('', 41, 0, Buffer.alloc(0), 1232),
        recordOctets('x', 257, 1, Buffer.from('\0\x05issueca')),
      ],
    });
    expect(read(good).kind).toBe('reply');
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.nat(good.length),
        (changes, length) => {
          const packet = Buffer.from(good.subarray(0, Math.max(length, good.length - 20)));
          for (const [at, octet] of changes) if (at < packet.length) packet[at] = octet;
          const result = read(packet, query, true);
          if (result.kind !== 'reply') return;
          for (const record of [...result.answer, ...result.authority, ...result.extra]) {
            expect(record.name).toMatch(/^[!-~]*\.$/);
            if (record.type === A && record.class === 1)
              expect(record.fields.value).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
            if (record.type === CNAME) expect(record.fields.value).toMatch(/^[!-~]*\.$/);
          }
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void read(Buffer.from(octets), query, true)),
    );
  });

  it('reads 64 KiB of the worst pointers in linear time', () => {
    // A chain of pointers as long as it may be, and thousands of records that begin at its far end.
    const chain = Buffer.alloc(2 * 120);
    const base = 12 + question.length + 12;
    chain.writeUInt16BE(0xc00c, 0);
    for (let i = 2; i < chain.length; i += 2) chain.writeUInt16BE(0xc000 | (base + i - 2), i);
    const holder = recordOctets('', 10, 1, Buffer.concat([Buffer.alloc(1), chain]));
    const far = u16(0xc000 | (base + chain.length - 2));
    const one = recordOctets(Buffer.concat([Buffer.from([1, 0x61]), far]), CNAME, 1, far);
    const answer = [holder, ...new Array<Buffer>(Math.floor(64_000 / one.length)).fill(one)];
    const packet = packetOctets({ id: 0, question, answer });
    expect(packet.length).toBeGreaterThan(60_000);
    const started = process.cpuUsage();
    expect(read(packet).kind).toBe('reply');
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });
});
