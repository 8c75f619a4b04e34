import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeText, encodeValue, formatLine, localStamp, zoneText } from '../../../src/ops/log-line.ts';
import { shortJson, shortLine } from '../../../src/ops/short-line.ts';
import { formatSyslog, syslogHost } from '../../../src/ops/syslog-line.ts';

const time = new Date(2026, 10, 20, 22, 10, 11, 345).getTime();
/** As this machine has it. */
const ZONE = zoneText(-new Date(time).getTimezoneOffset());

describe('log line', () => {
  it('has time, program, level, id, message and fields', () => {
    const fields = { id: '2AJK2K132100000101', ip: '192.0.2.1', n: 3, ok: true, none: undefined };
    expect(formatLine({ time, level: 'info', message: 'hello there', fields }, 42)).toBe(
      `2026-11-20T22:10:11.345${ZONE} smtpe[42] info 2AJK2K132100000101 hello there ip=192.0.2.1 n=3 ok=true`,
    );
    expect(formatLine({ time: time + 1000, level: 'err', message: 'x', fields: {} }, 42)).toBe(
      `2026-11-20T22:10:12.345${ZONE} smtpe[42] err - x`,
    );
  });

  it('begins with the name that syslog.open gave', () => {
    const fields = { ident: 'my policy[1]:', facility: 'local0' };
    expect(formatLine({ time, level: 'info', message: 'x', fields }, 42)).toBe(
      `2026-11-20T22:10:11.345${ZONE} my_policy_1__[42] info - x`,
    );
  });

  it('encodes what could end a line, forge one or talk to a terminal', () => {
    const message = 'a\r\nb\t\x00\x1b[31m\x7f\x9b\xe9\u2028\\';
    expect(encodeText(message, 100)).toBe(String.raw`a\r\nb\t\x00\x1b[31m\x7f\x9b\xe9\u2028\\`);
    expect(encodeValue('a b')).toBe('"a b"');
    expect(encodeValue('say "x"=1')).toBe('"say \\"x\\"=1"');
    expect(encodeValue('')).toBe('""');
    expect(encodeValue('<a@b.example>')).toBe('<a@b.example>');
    const forged = 'x\n2026-11-20T22:10:11 smtpe[42] info - all is well';
    expect(formatLine({ time, level: 'info', message: forged, fields: { id: forged } }, 42)).not.toContain(
      '\n',
    );
  });

  it('is one line of printable ASCII whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, value) => {
        const record = { time, level: 'info', message, fields: { id: value, ident: value, value } } as const;
        expect(formatLine(record, 1)).toMatch(/^[\x20-\x7e]*$/);
        expect(formatSyslog(record, 'h', 1)).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it('cuts long texts and says by how much', () => {
    expect(encodeText('x'.repeat(20), 5)).toBe('xxxxx...(+15)');
    expect(encodeValue('y'.repeat(5000))).toMatch(/^y{4096}\.\.\.\(\+904\)$/);
  });

  it('makes the stamp of another second anew', () => {
    expect(localStamp(time)).toBe(`2026-11-20T22:10:11.345${ZONE}`);
    expect(localStamp(time + 1)).toBe(`2026-11-20T22:10:11.346${ZONE}`);
    expect(localStamp(time + 60_000)).toBe(`2026-11-20T22:11:11.345${ZONE}`);
    expect(localStamp(time - 345)).toBe(`2026-11-20T22:10:11.000${ZONE}`);
    expect(localStamp(time)).toBe(`2026-11-20T22:10:11.345${ZONE}`);
    // RFC 3339: it says when it was, wherever it is read.
    for (const at of [time, 0, time + 182 * 86_400_000]) expect(Date.parse(localStamp(at))).toBe(at);
  });

  it.each([
    [0, '+00:00'],
    [60, '+01:00'],
    [-210, '-03:30'],
    [345, '+05:45'],
    [840, '+14:00'],
  ])('%i minutes east of Greenwich are %s', (minutes, text) => {
    expect(zoneText(minutes)).toBe(text);
  });

  it('has a list as the fields of one row behind those of the other, whatever is in them', () => {
    const fields = { id: 'S1', n: 1, to: [{ to: 'a b', status: 250, why: undefined }, { to: 'c\nto=d' }] };
    expect(formatLine({ time, level: 'info', message: 'mail', fields }, 42)).toMatch(
      / S1 mail n=1 to="a b" status=250 to="c\\nto=d"$/,
    );
  });
});

describe('a line that must not be longer', () => {
  const to = Array.from({ length: 100 }, (_, i) => ({ to: `user${i}@department.example`, status: 250 }));
  const record = { time, level: 'info', message: 'mail', fields: { id: 'S1', to_more: 7, to } } as const;

  it('has fewer rows of a list, and says how many are not there', () => {
    const line = shortLine(record, 1, 1000);
    expect(line.length).toBeLessThanOrEqual(1000);
    const rows = line.match(/ to=/g)?.length ?? 0;
    expect(rows).toBeGreaterThan(3);
    expect(line).toContain(` to_more=${107 - rows} to=user0@`);
    const json = JSON.parse(shortJson(record, 1, 1000));
    expect(json.to.length + json.to_more).toBe(107);
    expect(json).toMatchObject({ id: 'S1', msg: 'mail', cut: true });
  });
});

describe('RFC 5424 line', () => {
  it('has priority, version, time in UTC, host, name, pid and message', () => {
    const record = {
      time: Date.UTC(2026, 10, 20, 22, 10, 11, 345),
      level: 'err',
      message: 'no',
      fields: { id: 'T1', a: 'b' },
    } as const;
    expect(formatSyslog(record, 'mx.example', 42)).toBe(
      '<19>1 2026-11-20T22:10:11.345Z mx.example smtpe 42 - - T1 no a=b',
    );
  });

  it('takes facility and name from syslog.open', () => {
    const record = {
      time,
      level: 'debug',
      message: 'x',
      fields: { facility: 'local7', ident: 'me' },
    } as const;
    expect(formatSyslog(record, '-', 1)).toMatch(/^<191>1 \S+ - me 1 - - - x$/);
  });

  it('is at most 8192 bytes, and its host name has no blanks', () => {
    const record = { time, level: 'info', message: '\n'.repeat(9000), fields: {} } as const;
    expect(formatSyslog(record, 'h', 1)).toHaveLength(8192);
    expect(syslogHost('a b\n')).toBe('ab');
    expect(syslogHost('')).toBe('-');
  });
});

it('property: a line that is made octet by octet has each value as encodeValue has it', () => {
  const unit = fc
    .oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(0x20, 0x22, 0x3d, 0x5c))
    .map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 200 }), fc.string({ unit }), (v, w) => {
      const line = formatLine({ time: 0, level: 'info', message: 'x', fields: { v, list: [{ w }] } }, 1);
      expect(line.slice(line.indexOf(' - x ') + 4)).toBe(` v=${encodeValue(v)} w=${encodeValue(w)}`);
    }),
  );
});
