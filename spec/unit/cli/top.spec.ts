// The picture of `smtpe top` for terminals of any size, and the keys that are pressed.
import { describe, expect, it } from 'vitest';
import { KEYS, type TopFacts, type TopSecond, topFrame } from '../../../src/cli/top/frame.ts';
import { readKeys } from '../../../src/cli/top/terminal.ts';
import type { SessionRow } from '../../../src/ops/desk.ts';

const second: TopSecond = {
  ...{ connections: 40, turned_away: 0, accepted: 20, refused: 65, deferred: 1, lost: 0, bytes: 12_000 },
  ...{ refused_by: { 'hook.rcpt': 60, recipientSyntax: 5 }, deferred_by: { 'next hop': 1 } },
};

const row = (n: number, more: Partial<SessionRow> = {}): SessionRow => ({
  ...{ id: `S${n}`, client: `192.0.2.${n}`, host: 'mx.b.example', listener: 'default', state: 'command' },
  ...{ bytes: 1, messages: n, commands: 1, seconds: 60 - n, hello: 'mx.b.example' },
  waits: [{ for: 'client', what: 'client', seconds: 3 }],
  ...more,
});

const facts: TopFacts = {
  ...{ version: '1.2.3', uptime: 93_600, processes: 2, draining: false, total: 3, silent: [] },
  seconds: [second, { ...second, connections: 0 }],
  hooks: {
    rcpt: { count: 9, p50: 0.0001, p95: 0.0004, p99: 1 },
    dot: { count: 99, p50: 0.142, p95: 0.4, p99: 1 },
  },
  nextHops: { 'mx-a:25': { count: 7, p50: 0.031, p95: 0.09, p99: 1 } },
  sessions: [
    row(1, {
      ...{ state: 'hook', hook: 'dot', hook_seconds: 2.1 },
      waits: [
        { for: 'services', what: 'spamd 127.0.0.1:783', seconds: 1.9 },
        { for: 'dns', what: 'dns TXT \x1b[2J.test.', seconds: 0.3 },
      ],
      sender: 'news@b.example',
      recipients: 3,
    }),
    row(2, { hello: '\x1b]0;owned\x07\u202e' }),
    row(3, { client: '2001:db8::3', tls: 'TLSv1.3' }),
  ],
};
const view = { selected: undefined, filter: '' };

describe('the picture', () => {
  it('has what happens, how long it takes, why not, and who waits for what', () => {
    const { lines, marked, selected } = topFrame(facts, view, 200, 24);
    expect(lines.map((line) => line.replace(/ {3,}/g, '   '))).toEqual([
      'smtpe 1.2.3  up 1 d 2 h  processes 2  sessions 3 (2 command, 1 hook)',
      'in 20/s  turned away 0.0/s  accepted 20/s  refused 65/s  deferred 1.0/s  lost 0.0/s  12 kB/s  (2 s)',
      'hooks   dot 142 ms (95 %: 400)  rcpt 0.1 ms (95 %: 0.4)',
      'next hops  mx-a:25 31 ms (95 %: 90)',
      'refused   hook.rcpt 120 | recipientSyntax 10',
      'deferred   next hop 2',
      expect.stringMatching(/^CLIENT +HOST +STATE +WAITS FOR +AGE +TLS +MAILS +HELLO +FROM -> RECIPIENTS$/),
      expect.stringMatching(
        /^192\.0\.2\.1 +mx\.b\.example +hook +hook\.dot: spamd 127\.0\.0\.1:783 1\.9 s, dns TXT \\x~ +59 s .*<news@b\.example> -> 3$/,
      ),
      expect.stringMatching(/\\x1B\]0;owned\\x07\\u\{202E\}/),
      expect.stringMatching(/^2001:db8::3 .* TLSv1\.3 /),
      KEYS,
    ]);
    expect([marked, selected?.id]).toEqual([7, 'S1']);
  });

  it('is as large as the terminal, whatever that is, and shows the chosen session', () => {
    const sessions = Array.from({ length: 100 }, (_, i) => row(i));
    const many = { ...facts, sessions, total: 12_000 };
    for (const [columns, rows] of [
      [80, 24],
      [20, 10],
      [1, 1],
      [300, 200],
    ] as const) {
      const { lines, marked, selected } = topFrame(many, { ...view, selected: 'S57' }, columns, rows);
      expect(lines.length).toBeLessThanOrEqual(Math.max(rows, 9));
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
      expect(selected?.id).toBe('S57');
      expect(lines[marked]).toBe(
        `192.0.2.57  mx.b.example  command  client 3 s  `.slice(0, Math.min(columns, 38)) +
          (lines[marked] ?? '').slice(Math.min(columns, 38)),
      );
      expect(lines.join('')).toMatch(/^[ -~]*$/);
    }
    expect(topFrame(many, view, 200, 24).lines.at(-1)).toMatch(/^11900 more sessions /);
  });

  it('filters', () => {
    const { lines, selected } = topFrame(facts, { selected: 'S1', filter: '2001:DB8' }, 200, 24);
    expect(selected?.id).toBe('S3');
    expect(lines.at(-1)).toMatch(/^\/2001:DB8: 1 of 3 /);
    expect(topFrame(facts, { selected: undefined, filter: 'SPAMD' }, 200, 24).selected?.id).toBe('S1');
    expect(topFrame(facts, { ...view, filter: 'nobody' }, 200, 24)).toMatchObject({
      marked: -1,
      selected: undefined,
    });
  });

  it('says what is not as it should be, and asks', () => {
    const bad = { ...facts, draining: true, silent: [77], seconds: [], hooks: {}, nextHops: {} };
    const { lines } = topFrame(bad, { ...view, prompt: 'end session S1?' }, 200, 24);
    expect(lines[0]).toMatch(/ {2}DRAINING {2}silent: process 77$/);
    expect(lines[1]).toMatch(/^in 0\.0\/s .*\(0 s\)$/);
    expect(lines[2]).toBe('hooks      -');
    expect(lines.at(-1)).toBe('end session S1?');
  });

  it('as plain lines it has every session and no keys', () => {
    const { lines } = topFrame(
      { ...facts, sessions: Array.from({ length: 300 }, (_, i) => row(i)) },
      view,
      0,
      0,
    );
    expect(lines).toHaveLength(6 + 1 + 300);
  });
});

describe('keys', () => {
  it.each([
    ['q/k', [{ text: 'q' }, { text: '/' }, { text: 'k' }]],
    ['\x1b[A\x1bOB\r\x1b', ['up', 'down', 'enter', 'escape']],
    ['\x1b[1;5C\x1b[200~\xe4\x01', []],
    ['\x7f\x03', ['erase', 'interrupt']],
  ])('%j', (text, keys) => {
    expect(readKeys(text)).toEqual(keys);
  });
});
