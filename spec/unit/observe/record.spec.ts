// Recorded sessions: the file and its reader, which sessions are kept, what is too much, and a disk that is slow or full.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventBus, type EventFields } from '../../../src/base/events.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { endLine, entryLine, FORMAT, headLine, readRecording } from '../../../src/observe/record/format.ts';
import {
  MOST_WAITING,
  RecordingFiles,
  realRecordingDisk,
} from '../../../src/observe/record/recording-files.ts';
import {
  MOST_ASIDE,
  MOST_OCTETS,
  MOST_SESSIONS,
  type RecordedSession,
  Recordings,
} from '../../../src/observe/record/recordings.ts';
import type { TraceEntry } from '../../../src/observe/trace/entry.ts';
import { RECORD_FORMS, type RecordWish, readRecordWish } from '../../../src/options/record-wish.ts';

const head = {
  format: FORMAT,
  version: '1',
  session: 'S1',
  client: '192.0.2.7',
  began: 1_767_441_600_000,
  script: 'p.lua',
};
const entries: readonly TraceEntry[] = [
  { kind: 'connect', client: '192.0.2.7', port: 25, session: 'S1', at: 0 },
  { kind: 'client', line: 'NOOP \u001b\u00ff"', session: 'S1', at: 1.5 },
  { kind: 'answer', of: 'dns', key: 'A x', answer: '{"rcode":0}', session: 'S1', at: 2 },
  { kind: 'end', cause: 'QUIT', total: 3, totals: { policy: 1 }, session: 'S1', at: 3 },
];
const whole = headLine(head) + entries.map(entryLine).join('') + endLine(7);

describe('a file', () => {
  it('is read as it was written, and is ASCII', () => {
    expect(whole).toMatch(/^[\n -~]*$/);
    expect(readRecording(whole)).toEqual({ kind: 'recording', recording: { ...head, entries, omitted: 7 } });
  });

  it('cut behind any octet is read up to there, and said to be cut', () => {
    for (let size = 0; size < whole.length - 1; size++) {
      const read = readRecording(whole.slice(0, size));
      expect(read.kind, String(size)).toBe(size < headLine(head).length - 1 ? 'unusable' : 'cut');
      if (read.kind !== 'cut') continue;
      const { recording } = read;
      expect(entries.slice(0, recording.entries.length)).toEqual(recording.entries);
      expect(read.problem).toMatch(/^(?:it ends behind line \d+|line \d+ is no entry of a recording)$/);
    }
  });

  it.each([
    ['', 'it is no recording'],
    ['{"a":1}\n', 'it is no recording'],
    ['{"smtpe-recording":1', 'it is a recording that ends in its first line'],
    [
      headLine({ ...head, format: 2, version: '9.1' }),
      'it is a recording of another form (2, of smtpe 9.1); this program reads form 1',
    ],
  ])('%j', (text, problem) => {
    expect(readRecording(text)).toEqual({ kind: 'unusable', problem });
  });

  it.each([
    ['[]'],
    ['{"kind":"whatever","session":"S1","at":1}'],
    ['{"kind":"end","cause":"QUIT","total":3,"session":"S1","at":1}'],
    ['{"kind":"client","session":"S1","at":1}'],
    ['\u0000'],
  ])('a line that is no entry ends it: %j', (line) => {
    const read = readRecording(`${headLine({ ...head, began: 1e300 })}${line}\n`);
    expect(read).toMatchObject({ kind: 'cut', problem: 'line 2 is no entry of a recording' });
    if (read.kind === 'cut') expect(new Date(read.recording.began).getTime()).not.toBeNaN();
  });
});

it.each<[string, RecordWish | undefined]>([
  ['refused', { kind: 'refused' }],
  ['all', { kind: 'percent', percent: 100 }],
  ['0.5%', { kind: 'percent', percent: 0.5 }],
  ['client:192.0.2.0/24', { kind: 'pattern', of: 'client', pattern: '192.0.2.0/24' }],
  ['from:*@b.example', { kind: 'pattern', of: 'from', pattern: '*@b.example' }],
  ['101%', undefined],
  ['client:here', undefined],
  ['to:', undefined],
  ['some', undefined],
])('record=%s', (text, wish) => {
  expect(readRecordWish(text)).toEqual(wish);
  expect(RECORD_FORMS).toContain('1%');
});

const file = (session: string, began: number, text: string): RecordedSession => ({
  ...{ session, began, lines: [text], octets: text.length },
});

const fail = (name: string, error: unknown): never => {
  throw new Error(name, { cause: error });
};

interface Kept {
  readonly files: Map<string, string>;
  readonly lost: string[];
  readonly recordings: Recordings;
  session(id: number, steps: readonly string[], client?: string): string;
}

function record(wish: string, content = 0, random: (limit: number) => number = () => 0): Kept {
  const bus = new EventBus(fail);
  const files = new Map<string, string>();
  const lost: string[] = [];
  const read = readRecordWish(wish);
  if (read === undefined) throw new Error(wish);
  const recordings = new Recordings(
    { bus, clock: new FakeClock(), random },
    { wish: read, content, version: '1', script: () => 'p.lua' },
    {
      write: ({ lines, session }) => files.set(session, [...lines].join('')),
      lost: (cause) => lost.push(cause),
    },
  );
  const sourceOf = (id: string) => ({
    about: { id },
    shows: () => true,
    verbose: () => false,
    write: () => undefined,
  });
  return {
    ...{ files, lost, recordings },
    session: (n, steps, client = '192.0.2.7') => {
      const id = `2ASC00000${String(n).padStart(7, '0')}00`;
      const source = sourceOf(id);
      bus.emit('link-connect', { client, port: 25 }, source);
      for (const step of steps) {
        const text = step.slice(3);
        if (step.startsWith('C: ')) bus.emit('protocol-client', { line: text }, source);
        else if (step.startsWith('S: ')) bus.emit('protocol-server', { reply: text }, source);
        else if (step.startsWith('P: ')) bus.emit('content-piece', { octets: text }, source);
        else if (step === 'end') {
          bus.emit('link-disconnect', { end: 'QUIT' } as EventFields<'link-disconnect'>, source);
          bus.emit('link-closed', {}, source);
        }
      }
      return id;
    },
  };
}

describe('which sessions are kept', () => {
  it('refused: those with a reply of 4xx or 5xx', () => {
    const { files, session } = record('refused');
    session(1, ['C: NOOP', 'S: 250 ok\r\n', 'end']);
    const refused = session(2, ['C: NOOP', 'S: 550 5.7.1 no\r\n', 'end']);
    const later = session(3, ['S: 450-4.7.1 wait\r\n450 4.7.1 a little\r\n', 'end']);
    expect([...files.keys()]).toEqual([refused, later]);
  });

  it('by chance, by client, by sender, by recipient', () => {
    const draws = [0, 999, 1000, 99_999];
    const chance = record('1%', 0, () => draws.shift() ?? 0);
    const ids = [1, 2, 3, 4].map((n) => chance.session(n, ['end']));
    expect([...chance.files.keys()]).toEqual(ids.slice(0, 2));
    const client = record('client:192.0.2.0/24');
    client.session(1, ['end'], '198.51.100.1');
    const ours = client.session(2, ['end']);
    expect([...client.files.keys()]).toEqual([ours]);
    const sender = record('from:*@b.example');
    sender.session(1, ['C: MAIL FROM:<a@c.example>', 'end']);
    const from = sender.session(2, ['C: MAIL FROM:<a@b.example>', 'end']);
    expect([...sender.files.keys()]).toEqual([from]);
    const recipient = record('to:x@*');
    const to = recipient.session(1, ['C: MAIL FROM:<>', 'C: RCPT TO:<x@d.example>', 'end']);
    expect([...recipient.files.keys()]).toEqual([to]);
  });

  it('nothing of a session is left when it is over, nor anything heard when recording ends', () => {
    const { files, recordings, session } = record('all');
    session(1, ['end']);
    session(2, ['C: NOOP']);
    expect(recordings.size).toBe(1);
    recordings.close();
    session(3, ['end']);
    expect([recordings.size, files.size]).toEqual([0, 1]);
  });

  it('no more than there are places for, and it is told', () => {
    const { files, lost, session } = record('all');
    for (let n = 0; n < MOST_SESSIONS; n++) session(n, []);
    session(MOST_SESSIONS, ['end']);
    expect(lost).toEqual([`${MOST_SESSIONS} sessions are being recorded`]);
    expect(files.size).toBe(0);
  });
});

describe('what of a session is kept', () => {
  it('content up to the option, none without it', () => {
    const { files, session } = record('all', 5);
    const id = session(1, ['C: DATA', 'P: abc', 'P: defg', 'P: h', 'end']);
    const read = readRecording(files.get(id) ?? '');
    if (read.kind !== 'recording') throw new Error(read.kind);
    expect(read.recording.entries.flatMap((entry) => (entry.kind === 'piece' ? [entry.octets] : []))).toEqual(
      ['abc', 'de'],
    );
    expect(read.recording.omitted).toBe(3);
    const none = record('all');
    const other = none.session(1, ['P: abc', 'end']);
    expect(none.files.get(other)).not.toContain('abc');
  });

  it('all that go on take no more than so much together: the one that would be more is lost, and told', () => {
    const { lost, recordings, session } = record('all', 1024 * 1024);
    const piece = `P: ${'x'.repeat(1024 * 1024)}`;
    const most = MOST_ASIDE / 1024 / 1024;
    for (let n = 0; n < most + 10; n++) session(n, [piece]);
    expect(new Set(lost)).toEqual(new Set(['sessions that are being recorded take too much memory']));
    expect(recordings.size).toBeLessThanOrEqual(most + 1);
    expect(recordings.size).toBeGreaterThan(most - 2);
  });

  it('a bounded number of steps: what is more is left out, and counted', () => {
    const { files, session } = record('all');
    const lines = Array.from({ length: 2000 }, (_, i) => `C: NOOP ${i} ${'x'.repeat(1000)}`);
    const id = session(1, [...lines, 'end']);
    const text = files.get(id) ?? '';
    expect(text.length).toBeLessThan(MOST_OCTETS + 10_000);
    const read = readRecording(text);
    if (read.kind !== 'recording') throw new Error(read.kind);
    expect(read.recording.omitted).toBeGreaterThan(900_000);
  });
});

describe('files', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-record-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('one for each session in a directory for its day, for nobody else to read', async () => {
    const files = new RecordingFiles(directory, new RecordLog());
    files.write(file('S1', Date.UTC(2026, 0, 3, 23, 59), 'one'));
    files.write(file('../S2', Date.UTC(2026, 0, 4), 'two'));
    await files.drained();
    expect(await readdir(directory)).toEqual(['2026-01-03', '2026-01-04']);
    expect(await readdir(join(directory, '2026-01-04'))).toEqual(['S2.rec']);
    const path = join(directory, '2026-01-03', 'S1.rec');
    expect(await readFile(path, 'utf8')).toBe('one');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('nothing half written is left when the disk fails, and it is told once, then with the number', async () => {
    const log = new RecordLog();
    const told = (): readonly object[] =>
      log.lines.filter(({ message }) => message === 'sessions are not recorded').map(({ fields }) => fields);
    let full = true;
    const files = new RecordingFiles(directory, log, {
      write: async (...file) => {
        if (full) throw new Error('ENOSPC');
        return realRecordingDisk.write(...file);
      },
    });
    for (let n = 0; n < 5; n++) files.write(file(`F${n}`, 0, 'x'));
    await files.drained();
    expect(told()).toEqual([{ count: 1, cause: 'ENOSPC' }]);
    full = false;
    files.write(file('F9', 0, 'x'));
    await files.drained();
    expect(told()).toEqual([
      { count: 1, cause: 'ENOSPC' },
      { count: 4, cause: 'ENOSPC' },
    ]);
    await writeFile(join(directory, 'file'), '');
    const nowhere = new RecordingFiles(join(directory, 'file'), log);
    nowhere.write(file('S1', 0, 'x'));
    await nowhere.drained();
    expect(told()).toHaveLength(3);
  });

  it('what comes faster than the disk takes it is lost, and never more than so much waits', async () => {
    const log = new RecordLog();
    const taken: (() => void)[] = [];
    const files = new RecordingFiles(directory, log, {
      write: () =>
        new Promise((resolve) => {
          taken.push(() => resolve(0));
        }),
    });
    const text = 'x'.repeat(MOST_WAITING / 4);
    for (let n = 0; n < 10; n++) files.write(file(`S${n}`, 0, text));
    let written = 0;
    while (taken.length > 0) {
      taken.shift()?.();
      written += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await files.drained();
    expect(written).toBe(4);
    const lost = log.lines.filter(({ message }) => message === 'sessions are not recorded');
    expect(lost.reduce((sum, { fields }) => sum + Number(fields.count), 0)).toBe(6);
  });
});
