import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { LogRecord } from '../../../src/ops/log-line.ts';
import { createLog, type LogSink, type RootLog } from '../../../src/ops/pino-log.ts';

interface Written {
  readonly record: LogRecord;
  readonly json: string;
}

function open(level: 'info' | 'debug', verbose: () => string): { log: RootLog; written: Written[] } {
  const written: Written[] = [];
  const sink: LogSink = {
    wantsJson: true,
    dropped: 0,
    write: (record, json) => written.push({ record, json }),
    close: () => Promise.resolve(),
  };
  const clock = { ...systemClock, now: () => 1000 };
  return {
    log: createLog({ level: () => level, verboseText: verbose, sinks: [sink], clock, pid: 42 }),
    written,
  };
}

describe('createLog', () => {
  it('writes records and JSON with the level names of syslog', () => {
    const { log, written } = open('info', () => '+warn');
    log.write('crit', 'disk full', { path: '/x', code: 28, ok: false, none: undefined });
    expect(written).toHaveLength(1);
    expect(written[0]?.record).toMatchObject({ time: 1000, level: 'crit', message: 'disk full' });
    expect(JSON.parse(written[0]?.json ?? '')).toEqual({
      level: 'crit',
      time: '1970-01-01T00:00:01.000Z',
      pid: 42,
      path: '/x',
      code: 28,
      ok: false,
      msg: 'disk full',
    });
  });

  it('gives a child the fields of its parents', () => {
    const { log, written } = open('info', () => '');
    log.child({ id: 'S1', a: 1 }).child({ a: 2 }).write('info', 'x', { b: 3 });
    expect(written[0]?.record).toMatchObject({ about: { id: 'S1', a: 2 }, fields: { b: 3 } });
    expect(written[0]?.json).toMatch(/"pid":42,"id":"S1","a":2,"b":3,"msg":"x"}\n$/);
  });

  it('begins the JSON with the id, whoever says it', () => {
    const { log, written } = open('info', () => '');
    const session = log.child({ id: 'S"1' });
    session.write('info', 'x', { b: 3 });
    session.write('info', 'x', { id: 'T1', b: 3 });
    session.write('info', 'x');
    expect(written.map(({ json }) => json.slice(json.indexOf('"pid"')))).toEqual([
      '"pid":42,"id":"S\\"1","b":3,"msg":"x"}\n',
      '"pid":42,"id":"T1","b":3,"msg":"x"}\n',
      '"pid":42,"id":"S\\"1","msg":"x"}\n',
    ]);
  });

  it('keeps JSON in ASCII on one line, and fields apart from what pino writes', () => {
    const { log, written } = open('info', () => '');
    log.write('info', 'a\nb\x9b\u2028 %s %d', { v: '\r\xe9', time: 'x', msg: 'y', level: 'z' });
    const json = written[0]?.json ?? '';
    expect(json).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(json)).toMatchObject({
      msg: 'a\nb\x9b\u2028 %s %d',
      v: '\r\xe9',
      time: '1970-01-01T00:00:01.000Z',
      time_: 'x',
      msg_: 'y',
      level: 'info',
      level_: 'z',
    });
  });

  it('leaves out lines below the level', () => {
    const { log, written } = open('info', () => '+warn +info');
    log.write('debug', 'no');
    log.write('info', 'yes');
    expect(written.map((w) => w.record.message)).toEqual(['yes']);
  });

  it('writes debug lines once a word of verbose asks for them, and follows a change of the option', () => {
    let verbose = '+warn +info';
    const { log, written } = open('info', () => verbose);
    expect(log.verbose('smtp')).toBe(false);
    expect(log.verbose('info')).toBe(true);
    verbose = '+smtp';
    expect(log.verbose('smtp')).toBe(true);
    expect(log.child({}).verbose('info')).toBe(false);
    log.write('debug', 'yes');
    verbose = '-smtp';
    expect(log.verbose('smtp')).toBe(false);
    log.write('debug', 'no');
    expect(written.map((w) => w.record.message)).toEqual(['yes']);
  });

  it('makes no JSON when no sink wants it', () => {
    const written: Written[] = [];
    const sink: LogSink = {
      wantsJson: false,
      dropped: 0,
      write: (record, json) => written.push({ record, json }),
      close: () => Promise.resolve(),
    };
    const log = createLog({
      level: () => 'info',
      verboseText: () => '',
      sinks: [sink],
      clock: systemClock,
      pid: 1,
    });
    log.write('info', 'x', { a: 1 });
    log.write('debug', 'below the level');
    expect(written.map(({ record, json }) => [record.message, record.fields, json])).toEqual([
      ['x', { a: 1 }, ''],
    ]);
  });

  it('does not wait for a sink that never closes', async () => {
    const sink: LogSink = {
      wantsJson: false,
      dropped: 0,
      write: () => undefined,
      close: () => new Promise(() => undefined),
    };
    const fired: number[] = [];
    const clock = {
      ...systemClock,
      after: (ms: number, fire: () => void) => {
        fired.push(ms);
        fire();
        return { cancel: () => undefined, restart: () => undefined, unref: () => undefined };
      },
    };
    await createLog({ level: () => 'info', verboseText: () => '', sinks: [sink], clock, pid: 1 }).close();
    expect(fired).toEqual([1000]);
  });
});
