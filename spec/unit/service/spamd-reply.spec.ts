import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSpamdReply, SpamdReplyReader } from '../../../src/service/spamd-reply.ts';

const HEAD = 'SPAMD/1.1 0 EX_OK\r\n';

function read(reply: string, method = 'CHECK') {
  return readSpamdReply(Buffer.from(reply, 'latin1'), method);
}

describe('readSpamdReply', () => {
  it.each([
    ['True ; 15.0 / 5.0', true, 15, 5],
    ['False ; -1.9 / 5.0', false, -1.9, 5],
    ['False ; -0.0 / 5.0', false, -0, 5],
    ['Yes ; 1000.0 / 5.0', true, 1000, 5],
    ['No ; 3 / -2', false, 3, -2],
    ['true;15/5', true, 15, 5],
  ])('Spam: %s', (text, isSpam, score, threshold) => {
    const reply = read(`${HEAD}Spam: ${text}\r\n\r\n`);
    expect(reply).toMatchObject({ isSpam, score, threshold, error: undefined });
  });

  it.each([
    ['SPAMD/1.0 76 Bad header line: (Content-Length mismatch)\r\n', 'Content-Length mismatch'],
    ['SPAMD/1.1 69 EX_UNAVAILABLE\r\nSpam: True ; 9.0 / 5.0\r\n\r\n', 'EX_UNAVAILABLE'],
    ['', 'no status line'],
    ['garbage\0\xff', 'no status line'],
    ['SPAMD/1.1 0 EX_OK\r\n', 'in the middle'],
    ['SPAMD/1.1 0 EX_OK\r\nSpam: True ; 15.0 / 5.0\r\n', 'in the middle'],
    ['SPAMD/1.1 0 EX_OK\r\nHello: x\r\n\r\n', 'no Spam header'],
    ['SPAMD/1.1 0 EX_OK\r\n\r\nSpam: True ; 15.0 / 5.0\r\n', 'no Spam header'],
  ])('no verdict in %j', (reply, cause) => {
    const result = read(reply);
    expect(result.isSpam).toBeUndefined();
    expect(result.score).toBeUndefined();
    expect(result.error).toContain(cause);
  });

  it.each([
    ['True ; 1e3 / 5', true, 1000, 5],
    ['True ; +15.5 / +5', true, 15.5, 5],
    ['False ; .5 / 5.', false, 0.5, 5],
    ['yes;-1.5e-1/5', true, -0.15, 5],
  ])('reads the numbers of Spam: %s', (text, isSpam, score, threshold) => {
    expect(read(`${HEAD}Spam: ${text}\r\n\r\n`)).toMatchObject({
      isSpam,
      score,
      threshold,
      error: undefined,
    });
  });

  it.each([
    ['True ; 15,5 / 5', true],
    ['False ; x / 5', false],
    ['True', true],
    ['False ; 1.0', false],
    ['perhaps ; 1.0 / 5.0', undefined],
    ['', undefined],
  ])('says that it does not understand Spam: %s, and keeps the word', (text, isSpam) => {
    expect(read(`${HEAD}Spam: ${text}\r\n\r\n`)).toMatchObject({
      isSpam,
      score: undefined,
      error: `Spam header not understood: Spam: ${text}`,
    });
  });

  it('reads symbols, the last one too', () => {
    const body = 'GTUBE,MISSING_DATE,NO_RECEIVED';
    const reply = `${HEAD}Content-length: ${body.length}\r\nSpam: True ; 9.9 / 5.0\r\n\r\n${body}`;
    expect(read(reply, 'SYMBOLS').symbols).toEqual(['GTUBE', 'MISSING_DATE', 'NO_RECEIVED']);
    expect(read(`${HEAD}Content-length: 0\r\nSpam: False ; 0.0 / 5.0\r\n\r\n`, 'SYMBOLS').symbols).toEqual(
      [],
    );
    expect(read(reply, 'CHECK').symbols).toBeUndefined();
  });

  it('reads the rules of a report', () => {
    const body = [
      'Content analysis details:   (1000.0 points, 5.0 required)',
      '',
      ' pts rule name              description',
      '---- ---------------------- ---------------------------------',
      '-0.0 NO_RELAYS              Informational: message was not relayed',
      ' 1.2 MISSING_HEADERS        Missing To: header',
      '1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email',
      '                            12.5 continuation of a description',
      '',
    ].join('\r\n');
    const reply = `${HEAD}Spam: True ; 1000.0 / 5.0\r\n\r\n${body}`;
    expect(read(reply, 'REPORT').symbols).toEqual(['NO_RELAYS', 'MISSING_HEADERS', 'GTUBE']);
  });

  it('keeps the verdict of a reply that was cut in its body, and says so', () => {
    const result = read(`${HEAD}Content-length: 100\r\nSpam: True ; 9.9 / 5.0\r\n\r\nGTU`, 'SYMBOLS');
    expect(result).toMatchObject({ isSpam: true, bodyComplete: false, symbols: undefined });
    expect(result.error).toBe('spamd closed after 3 of 100 bytes of its reply');
  });
});

describe('SpamdReplyReader', () => {
  const body = 'A: b\r\n\r\n\n\n\xff\0x';
  const whole = Buffer.from(
    `${HEAD}Content-length: ${body.length}\r\nSpam: True ; 1.0 / 5.0\r\n\r\n${body}`,
    'latin1',
  );

  it('is complete at the last byte, however the reply is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: whole.length }), { maxLength: 12 }), (cuts) => {
        const reader = new SpamdReplyReader(true);
        const places = [...new Set([...cuts, whole.length])].sort((a, b) => a - b);
        let start = 0;
        const answers = places.map((end) => {
          const answer = reader.push(whole.subarray(start, end));
          start = end;
          return answer;
        });
        expect(answers).toEqual(places.map((end) => end === whole.length));
      }),
    );
  });

  it.each([
    [`${HEAD}Spam: True ; 1.0 / 5.0\r\n\r\n`, true, 'CHECK has no body'],
    [`${HEAD}Spam: True ; 1.0 / 5.0\n\n`, true, 'bare line feeds'],
  ])('%j: %s (%s)', (reply, expected) => {
    expect(new SpamdReplyReader(false).push(Buffer.from(reply))).toBe(expected);
  });

  it('waits for the end of the connection without a usable Content-length', () => {
    for (const length of [
      '',
      'Content-length: x\r\n',
      'Content-length: 1\r\nContent-length: 2\r\n',
      'Content-length: -1\r\n',
    ]) {
      const reader = new SpamdReplyReader(true);
      expect(reader.push(Buffer.from(`${HEAD}${length}Spam: True ; 1.0 / 5.0\r\n\r\nabc`))).toBe(false);
    }
  });

  it('takes linear time byte by byte', () => {
    const reader = new SpamdReplyReader(true);
    const started = process.cpuUsage().user;
    for (let i = 0; i < 1_000_000; i++) reader.push(Buffer.from('x'));
    expect((process.cpuUsage().user - started) / 1000).toBeLessThan(5000);
  });
});
