// What next hops have said in a recording, said again: each reply is to what it was to, in turn, whatever was sent with it.
import { describe, expect, it } from 'vitest';
import { hopOf } from '../../../src/bench/play/recorded-hop.ts';
import { heardOf } from '../../../src/bench/play/replay-session.ts';
import type { HopScript } from '../../../src/bench/ports/scripted-hop.ts';
import type { TraceEntry } from '../../../src/observe/trace/entry.ts';

const ways: Readonly<Record<string, 'sent' | 'said' | 'fails'>> = { '>': 'sent', '<': 'said', '!': 'fails' };

/** `> sent`, `< said`, `! failed`. */
const entries = (...lines: readonly string[]): readonly TraceEntry[] =>
  lines.map((line): TraceEntry => {
    const way = ways[line.charAt(0)];
    if (way === undefined) throw new Error(line);
    return { kind: 'next-hop', way, peer: 'hop', line: line.slice(2), session: 'S', at: 0 };
  });

const begin = ['< 220 hop', '> EHLO mx', '< 250-hop\n250 SIZE 100'];
const mail = ['> MAIL FROM:<a@b.example> SIZE=9', '< 250 sender'];
const rcpt = ['> RCPT TO:<x@y.example>', '< 550 5.1.1 nobody'];
const dot = '> (100 bytes of content and final dot)';

const asked = (by: HopScript['mail'], address: string): unknown => (by instanceof Map ? by.get(address) : by);

function toldBy(...lines: readonly string[]): unknown {
  const hop = hopOf(entries(...lines));
  if (hop.kind !== 'answers') return hop.kind;
  const { script } = hop;
  return [asked(script.mail, 'a@b.example'), asked(script.rcpt, 'x@y.example'), script.data, script.dot];
}

it('LMTP: each recipient has a reply of his own to the dot, and the next message has its own', () => {
  const hop = hopOf(
    entries(
      ...['< 220 hop', '> LHLO mx', '< 250 hop', ...mail],
      ...[
        '> RCPT TO:<x@y.example>',
        '< 250 x',
        '> RCPT TO:<no@y.example>',
        '< 550 no',
        '> RCPT TO:<z@y.example>',
        '< 250 z',
      ],
      ...['> DATA', '< 354 go', dot, '< 250 x has it', '< 452 z is full'],
      ...[
        '> RSET\r\nMAIL FROM:<c@b.example>',
        '< 250 reset',
        '< 250 c',
        ...rcpt.slice(0, 1),
        '< 250 x',
        '> DATA',
        '< 354 go',
        dot,
        '< 250 x has it too',
      ],
    ),
  );
  if (hop.kind !== 'answers') throw new Error(hop.kind);
  const { script } = hop;
  expect([script.dot, script.dot, script.dot, script.dot]).toEqual([
    ...['250 x has it', '452 z is full', '250 x has it too', '250 x has it too'],
  ]);
  expect(asked(script.mail, 'c@b.example')).toBe('250 c');
});

it('LMTP: so it is on a connection that was kept, where nobody has said LHLO', () => {
  const message = (...replies: readonly string[]): readonly string[] => [
    '> RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>\r\nRCPT TO:<z@y.example>\r\nDATA',
    ...['< 250 reset', '< 250 sender', '< 250 x', '< 250 z', '< 354 go', dot, ...replies],
  ];
  const dots = (...lines: readonly string[]): unknown => {
    const hop = hopOf(entries(...lines));
    if (hop.kind !== 'answers') throw new Error(hop.kind);
    const { script } = hop;
    return [script.dot, script.dot, script.dot, script.dot, asked(script.mail, 'a@b.example')];
  };
  expect(dots(...message('< 250 x has it', '< 452 z is full'), ...message('< 250 x', '< 250 z'))).toEqual([
    ...['250 x has it', '452 z is full', '250 x', '250 z', '250 sender'],
  ]);
  // By SMTP there is one for both.
  expect(dots(...message('< 250 taken'), ...message('< 554 spam'))).toEqual([
    ...['250 taken', '554 spam', '554 spam', '554 spam', '250 sender'],
  ]);
});

describe('replies are to what they were to', () => {
  it.each<[string, readonly string[], unknown]>([
    [
      'a new connection',
      [...begin, ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'one that was kept: RSET is sent with the next one',
      ['> RSET\r\nMAIL FROM:<a@b.example>', '< 250 reset', '< 250 sender', ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'all at once',
      [
        ...begin,
        '> MAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>\r\nDATA',
        ...['< 250 sender', '< 250 recipient', '< 354 go', dot, '< 554 5.7.1 spam'],
      ],
      ['250 sender', '250 recipient', '354 go', '554 5.7.1 spam'],
    ],
    [
      'STARTTLS',
      [...begin, '> STARTTLS', '< 220 go', '> EHLO mx', '< 250 hop', ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'a log-in',
      [...begin, '> AUTH ...', '< 334 more', '< 235 in', ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'a second one behind one that could not be reached',
      ['! connect: ECONNREFUSED', ...begin, ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'a second one behind one that has hung up',
      ['< 220 hop', '> EHLO mx', '! ehlo: closed', ...begin, ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    [
      'refused on a connection that was kept, taken on a new one',
      ['> RSET\r\nMAIL FROM:<a@b.example>', '< 250 reset', '< 421 idle', ...begin, ...mail, ...rcpt],
      ['250 sender', '550 5.1.1 nobody', undefined, undefined],
    ],
    ['none could be reached', ['! connect: ECONNREFUSED', '! connect: ETIMEDOUT'], 'refused'],
  ])('%s', (_, lines, told) => {
    expect(toldBy(...lines)).toEqual(told);
  });

  it('what was answered otherwise the second time is answered so again', () => {
    const hop = hopOf(
      entries(...begin, dot, '< 250 taken', dot, '< 554 spam', ...rcpt, rcpt[0] ?? '', '< 250 now'),
    );
    if (hop.kind !== 'answers') throw new Error(hop.kind);
    const { script } = hop;
    expect([script.dot, script.dot, script.dot]).toEqual(['250 taken', '554 spam', '554 spam']);
    expect([1, 2].map(() => asked(script.rcpt, 'x@y.example'))).toEqual(['550 5.1.1 nobody', '250 now']);
  });
});

it('the envelope that went on is the same on a connection that was kept and with other parameters', () => {
  const deeds = (...lines: readonly string[]): readonly string[] => heardOf(entries(...lines)).deeds;
  const own = ['next hop: MAIL FROM:<a@b.example>', 'next hop: RCPT TO:<x@y.example>'];
  expect(deeds(...mail, '> RCPT TO:<x@y.example> NOTIFY=NEVER')).toEqual(own);
  expect(deeds('> RSET\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>')).toEqual(own);
  expect(deeds('> RSET\r\nMAIL FROM:<a@b.example>', ...mail, ...rcpt)).toEqual(own);
});
