// What verifying costs at worst: processor time of the whole, and the longest that the event loop stands still.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { verifyArc } from '../../src/mail-auth/arc/verify.ts';
import { verifyDkim } from '../../src/mail-auth/dkim/verify.ts';
import { KeyFinder } from '../../src/mail-auth/key-finder.ts';
import { KeyCache } from '../../src/mail-auth/public-key.ts';
import { MessageIntake } from '../../src/mail-auth/received.ts';
import { makeKey, sealed, signed, specTime, TxtRecords } from '../fakes/mail-auth.ts';
import { beyond } from '../fakes/pace.ts';
import { standstill } from '../fakes/standstill.ts';

const rsa = makeKey('rsa', 2048);
const records = new TxtRecords({
  'sel._domainkey.example.com': rsa.record,
  'sel._domainkey.example.org': rsa.record,
});
const cache = new KeyCache();
const head =
  'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\nMessage-ID: <1@example.com>\r\n';
const piece = 65_536;

async function verify(message: Buffer): Promise<string[]> {
  const intake = new MessageIntake();
  for (let at = 0; at < message.length; at += piece) {
    intake.feed(message.subarray(at, at + piece));
    // As it comes from a socket.
    if (message.length > piece) await nextTurn();
  }
  intake.end();
  const { received } = intake;
  if (received === undefined) throw new Error('not taken in');
  const setup = { keys: new KeyFinder(records, cache), now: specTime, minBits: 1024 };
  const results = (await verifyDkim(received, setup)).map(({ result }) => result);
  return [...results, (await verifyArc(received, setup)).result];
}

function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What verifying costs beyond so many milliseconds of processor time, and of standing still; nothing when it does not. */
async function costs(
  message: Buffer,
  most: { readonly time: number; readonly still: number },
): Promise<string[]> {
  const time = await beyond(most.time, async () => {
    const before = used();
    await verify(message);
    return used() - before;
  });
  const still = await beyond(most.still, () => standstill(() => verify(message).then(() => undefined)));
  return [time, still].filter((text) => text !== '');
}

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

test('2 KB with a signature of 2048 bits, its key known: at most 0.15 ms', async () => {
  const message = octets(
    await signed(`${head}\r\n${'some words in a line\r\n'.repeat(80)}`, { key: rsa.key }),
  );
  expect(message.length).toBeGreaterThan(2000);
  expect(await verify(message)).toEqual(['pass', 'none']);
  const many = 500;
  const one = async (): Promise<number> => {
    const before = used();
    for (let i = 0; i < many; i++) await verify(message);
    return (used() - before) / many;
  };
  expect(await beyond(0.15, one)).toBe('');
});

const line = 'The quick brown fox jumps over the lazy dog, again and again and again.\r\n';
const bodies: Readonly<Record<string, string>> = {
  '10 MB of text': line.repeat(Math.ceil(1e7 / line.length)),
  '8 MB in one line': `${'x'.repeat(8e6)}\r\n`,
  '10 MB of blanks': `${' '.repeat(1e7)}x\r\n`,
  '10 MB of blanks and letters': 'x '.repeat(5e6),
  '10 MB of empty lines': '\r\n'.repeat(5e6),
  '10 MB of empty lines before a letter': `${'\r\n'.repeat(5e6)}x`,
  '2 MB of bare LF': '\n'.repeat(2e6),
  '10 MB of CR': '\r'.repeat(1e7),
};

describe.each(['relaxed', 'simple'] as const)('%s', (form) => {
  test.each(Object.entries(bodies))('%s: at most 100 ms, no standstill above 5 ms', async (_, body) => {
    const message = octets(await signed(`${head}\r\n${body}`, { key: rsa.key, body: form }));
    expect(await verify(message)).toEqual(['pass', 'none']);
    expect(await costs(message, { time: 100, still: 5 })).toEqual([]);
  });
});

/** Signatures that look right and are not, with the bodies of `l` octets. */
const wrong = (l: string): string =>
  `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; h=from:to:subject; ${l} bh=${'A'.repeat(43)}=; b=${'A'.repeat(342)}==\r\n`;

describe('headers', () => {
  test.each([
    ['1 MB in one header', `X: ${'x y '.repeat(250_000)}\r\n`],
    ['1 MB of small ones', 'a:\r\n'.repeat(250_000)],
    ['1 MB of folds', `X: x${'\r\n x'.repeat(250_000)}\r\n`],
    ['1 MB of To, all signed ten times', 'To: x\r\n'.repeat(140_000)],
  ])('%s, and ten signatures: no standstill above 10 ms', async (_, more) => {
    const h = `h=from:x:a:to${':to'.repeat(990)}`;
    const ten = Array.from({ length: 10 }, (_, i) =>
      wrong(`i=@x${i}.example.com; t=1;`).replace('h=from:to:subject', h),
    ).join('');
    const message = octets(`${ten}${more}${head}\r\nx\r\n`);
    expect((await verify(message)).length).toBe(11);
    expect(await costs(message, { time: 400, still: 10 })).toEqual([]);
  });

  test('1,000 signatures: ten are looked at', async () => {
    const message = octets(`${wrong('').repeat(1000)}${head}\r\n${line.repeat(1000)}`);
    expect((await verify(message)).filter((result) => result === 'policy').length).toBe(990);
    expect(await costs(message, { time: 40, still: 10 })).toEqual([]);
  });

  test('100 signatures with different l=, 1 MB: four bodies at most', async () => {
    const many = Array.from({ length: 100 }, (_, i) => wrong(`l=${1_000_000 - i};`)).join('');
    const message = octets(`${many}${head}\r\n${line.repeat(15_000)}`);
    expect((await verify(message)).filter((result) => result === 'policy').length).toBe(96);
    expect(await costs(message, { time: 60, still: 10 })).toEqual([]);
  });

  const tagNames = Array.from({ length: 7000 }, (_, i) => `t${i.toString(36)}=;`).join('');
  const manyNames = `from${':to'.repeat(998)}`;
  test.each([
    ['ten signatures of 7,000 tags', wrong(tagNames).slice(0, 32_000).concat('\r\n').repeat(10)],
    [
      'ten signatures of 10,000 names',
      wrong('')
        .replace('from:to:subject', `from${':to'.repeat(9999)}`)
        .repeat(10),
    ],
    [
      '50 ARC sets, each with 999 names',
      Array.from(
        { length: 50 },
        (_, i) =>
          `ARC-Seal: i=${i + 1}; a=rsa-sha256; cv=${i === 0 ? 'none' : 'pass'}; d=x.example; s=s; b=AAAA\r\n` +
          `ARC-Message-Signature: i=${i + 1}; a=rsa-sha256; d=x.example; s=s; h=${manyNames}; bh=AAAA; b=AAAA\r\n` +
          `ARC-Authentication-Results: i=${i + 1}; x\r\n`,
      ).join(''),
    ],
    ['50 ARC seals of 7,000 tags', `ARC-Seal: i=1; ${tagNames.slice(0, 19_000)}\r\n`.repeat(50)],
  ])('%s', async (_, more) => {
    const message = octets(`${more}${head}\r\nx\r\n`);
    expect(await verify(message)).not.toContain('pass');
    expect(await costs(message, { time: 40, still: 10 })).toEqual([]);
  });

  test('50 ARC sets', async () => {
    let text = `${head}\r\nx\r\n`;
    const txt = { 'sel._domainkey.example.org': rsa.record };
    for (let i = 0; i < 50; i++)
      text = await sealed(text, { key: rsa.key, results: `x;${' spf=pass'.repeat(700)}` }, { txt });
    const message = octets(text);
    expect(await verify(message)).toEqual(['pass']);
    expect(await costs(message, { time: 60, still: 10 })).toEqual([]);
  });
});
