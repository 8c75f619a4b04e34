// The rules of DKIM verification that the suite of our own does not cover, or not alone: keys, what is too weak, bounds, what is reported.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { lowerAscii } from '../../../src/base/ascii.ts';
import { signOctets } from '../../../src/mail-auth/signing-key.ts';
import {
  makeKey,
  type SignWish,
  signed,
  specTime,
  TxtRecords,
  type TxtTable,
  takeIn,
  verifiedDkim,
} from '../../fakes/mail-auth.ts';

const rsa = makeKey('rsa');
const ed = makeKey('ed25519');
const name = 'sel._domainkey.example.com';
const mail = 'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\nsome text\r\n';
const { material } = { material: rsa.record.slice(rsa.record.indexOf('p=')) };

async function verdicts(text: string, txt: TxtTable, now = specTime): Promise<string[]> {
  return (await verifiedDkim(takeIn(text), { txt, now })).map(({ result, cause }) => `${result} ${cause}`);
}

const withKey = async (record: string | readonly string[], wish: Partial<SignWish> = {}): Promise<string[]> =>
  verdicts(await signed(mail, { key: rsa.key, ...wish }), { [name]: record });

describe('the key record', () => {
  it.each([
    [`v=DKIM1; k=rsa; ${material}`, 'pass ok'],
    [material, 'pass ok'],
    [`v=DKIM1; h=sha1:sha256; s=other:email; t=y:x; n=note; ${material}`, 'pass ok'],
    [`v=DKIM1; h=sha1; ${material}`, 'permerror key_mismatch'],
    [`v=DKIM1; k=ed25519; ${material}`, 'permerror key_mismatch'],
    [`v=DKIM1; k=xxx; ${material}`, 'permerror key_mismatch'],
    [`v=DKIM1; s=other; ${material}`, 'permerror key_not_for_mail'],
    ['v=DKIM1; k=rsa; p=', 'permerror key_revoked'],
    ['v=DKIM1; k=rsa', 'permerror key_syntax'],
    [`v=DKIM0; ${material}`, 'permerror key_syntax'],
    [`k=rsa; v=DKIM1; ${material}`, 'permerror key_syntax'],
    [`v=DKIM1; k=rsa; ${material}; ${material}`, 'permerror key_syntax'],
    [`v=DKIM1; k=rsa; ${material.slice(0, -12)}`, 'permerror key_syntax'],
    ['v=DKIM1; k=rsa; p=AAAA', 'permerror key_syntax'],
    ['v=DKIM1; k=rsa; p=***', 'permerror key_syntax'],
    ['v=spf1 -all', 'permerror key_syntax'],
  ])('%s: %s', async (record, verdict) => {
    expect(await withKey(record)).toEqual([verdict]);
  });

  it('of several records that is taken which is a key, and of several keys the first', async () => {
    const other = makeKey('rsa');
    expect(await withKey(['v=spf1 -all', 'x', rsa.record])).toEqual(['pass ok']);
    expect(await withKey([rsa.record, other.record])).toEqual(['pass ok']);
    expect(await withKey([other.record, rsa.record])).toEqual(['fail bad_signature']);
  });

  it('is missing: no such name, or no TXT record', async () => {
    expect(await verdicts(await signed(mail, { key: rsa.key }), {})).toEqual(['permerror no_key']);
    expect(await withKey([])).toEqual(['permerror no_key']);
  });

  it('cannot be asked for', async () => {
    const lookup = new TxtRecords({}, () => true);
    const message = takeIn(await signed(mail, { key: rsa.key }));
    const throwing = {
      txt: () => {
        throw new Error('no such name');
      },
    };
    const rejecting = { txt: () => Promise.reject(new Error('closed')) };
    for (const txt of [lookup, throwing, rejecting])
      expect(await verifiedDkim(message, { txt })).toMatchObject([{ result: 'temperror', cause: 'dns' }]);
  });

  it('t=s allows no subdomain in i=', async () => {
    const strict = `v=DKIM1; t=s; ${material}`;
    expect(await withKey(strict, { identity: 'x@example.com' })).toEqual(['pass ok']);
    expect(await withKey(strict, { identity: '@sub.example.com' })).toEqual(['permerror key_strict']);
    expect(await withKey(rsa.record, { identity: '@sub.example.com' })).toEqual(['pass ok']);
  });

  it('may hold a bare RSAPublicKey', async () => {
    const spki = Buffer.from(material.slice(2), 'base64');
    expect(await withKey(`p=${spki.subarray(22).toString('base64')}`)).toEqual(['pass ok']);
  });

  it('of ed25519 is 32 octets', async () => {
    const wish = { key: ed.key };
    const raw = ed.record.slice(ed.record.indexOf('p=') + 2);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(raw, 'base64')]);
    expect(await withKey(ed.record, wish)).toEqual(['pass ok']);
    expect(await withKey(`k=ed25519; p=${spki.toString('base64')}`, wish)).toEqual(['permerror key_syntax']);
    expect(await withKey(`k=ed25519; p=${raw.slice(0, 20)}`, wish)).toEqual(['permerror key_syntax']);
  });

  it('says that it is for tests', async () => {
    const results = await verifiedDkim(takeIn(await signed(mail, { key: rsa.key })), {
      txt: { [name]: `v=DKIM1; t=y; ${material}` },
    });
    expect(results).toMatchObject([{ result: 'pass', testing: true }]);
  });
});

/** A signature with SHA-1, which our own signing does not offer. */
async function signedSha1(text: string): Promise<string> {
  const bodyText = text.slice(text.indexOf('\r\n\r\n') + 4);
  const bh = createHash('sha1').update(bodyText).digest('base64');
  const unsigned = `DKIM-Signature: v=1; a=rsa-sha1; c=simple/simple; d=example.com; s=sel; h=from; bh=${bh}; b=`;
  const key = { ...rsa.key, algorithm: { name: 'rsa-sha1', key: 'rsa', hash: 'sha1' } } as const;
  const b = await signOctets(key, Buffer.from(`${text.slice(0, text.indexOf('\r\n'))}\r\n${unsigned}`));
  return `${unsigned}${b}\r\n${text}`;
}

describe('what is too weak', () => {
  it('a key of fewer than 1024 bits', async () => {
    const weak = makeKey('rsa', 768);
    const text = await signed(mail, { key: weak.key });
    expect(await verifiedDkim(takeIn(text), { txt: { [name]: weak.record } })).toMatchObject([
      { result: 'policy', cause: 'weak_key', bits: 768 },
    ]);
  });

  it('a key of fewer bits than the option says; ed25519 is not counted', async () => {
    const text = await signed(await signed(mail, { key: rsa.key }), { key: ed.key, selector: 'ed' });
    const txt = { [name]: rsa.record, 'ed._domainkey.example.com': ed.record };
    expect(await verifiedDkim(takeIn(text), { txt, minBits: 2048 })).toMatchObject([
      { result: 'pass', bits: 256, algorithm: 'ed25519-sha256' },
      { result: 'policy', cause: 'weak_key', bits: 1024 },
    ]);
  });

  it('rsa-sha1, when it would pass; else it fails', async () => {
    const text = await signedSha1(mail);
    expect(await verdicts(text, { [name]: rsa.record })).toEqual(['policy weak_algorithm']);
    expect(await verdicts(text.replace('some text', 'other'), { [name]: rsa.record })).toEqual([
      'fail body_changed',
    ]);
    expect(await verdicts(text.replace('a@example', 'b@example'), { [name]: rsa.record })).toEqual([
      'fail bad_signature',
    ]);
    expect(await verdicts(text, { [name]: `h=sha256; ${material}` })).toEqual(['permerror key_mismatch']);
  });

  it('a key that would cost too much', async () => {
    // 8,208 bits, never verified with: the octets are no key of anybody.
    const modulus = Buffer.alloc(1026, 0xc5);
    const der = (tag: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 255]), content]);
    const e = Buffer.from('0203010001', 'hex');
    const big = der(0x30, Buffer.concat([der(2, Buffer.concat([Buffer.from([0]), modulus])), e]));
    const longExponent = der(
      0x30,
      Buffer.concat([der(2, Buffer.from(`00${'c5'.repeat(256)}`, 'hex')), der(2, Buffer.alloc(256, 0x55))]),
    );
    for (const key of [big, longExponent, Buffer.alloc(5000, 0x30)]) {
      const record = `p=${key.toString('base64')}`;
      expect(await withKey(record)).toEqual(['policy weak_key']);
    }
  });

  it('a signature of another length than the key', async () => {
    const text = await signed(mail, { key: rsa.key });
    const short = text.replace(/b=[A-Za-z0-9+/]{4}([^;]*?)\r\nFrom/, 'b=$1\r\nFrom');
    expect(short).not.toBe(text);
    expect(await verdicts(short, { [name]: rsa.record })).toEqual(['fail bad_signature']);
  });
});

describe('times', () => {
  it.each([
    [0, 'pass ok'],
    [100, 'pass ok'],
    [101, 'policy expired'],
    // A clock that is behind the signer's.
    [-1000, 'pass ok'],
  ])('x= %i seconds behind t=: %s', async (later, verdict) => {
    const text = await signed(mail, { key: rsa.key, expire: 100 });
    expect(await verdicts(text, { [name]: rsa.record }, specTime + later)).toEqual([verdict]);
  });

  it('x= not after t= is an error', async () => {
    const text =
      'DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; t=5; x=5; bh=AAAA; b=AAAA\r\n\r\n';
    expect(await verdicts(text, {})).toEqual(['permerror expired']);
  });
});

describe('what a signature says', () => {
  const field = (tags: string): string => `DKIM-Signature: ${tags}\r\nFrom: a\r\n\r\n`;
  const good = 'v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=AAAA; b=AAAA';
  it.each([
    ['v=2; a=rsa-sha256; d=x.example; s=s; h=from; bh=AAAA; b=AAAA', 'permerror version'],
    ['', 'permerror syntax'],
    [good.replace('AAAA', '*'), 'permerror syntax'],
    [good.replace('b=AAAA', 'b='), 'permerror syntax'],
    [good.replace('rsa-sha256', 'RSA-SHA256'), 'permerror algorithm'],
    [`${good}; c=`, 'permerror canonicalisation'],
    [`${good}; c=relaxed/relaxed/relaxed`, 'permerror canonicalisation'],
    [`${good}; c=Relaxed`, 'permerror canonicalisation'],
    [`${good}; q=dns/txt/x`, 'permerror query'],
    [`${good}; q=x:dns/txt`, 'permerror no_key'],
    [`${good}; l=`, 'permerror syntax'],
    [`${good}; l=-1`, 'permerror syntax'],
    [`${good}; l=1.5`, 'permerror syntax'],
    [`${good}; t=x`, 'permerror syntax'],
    [good.replace('h=from', 'h='), 'permerror from_not_signed'],
    [good.replace('h=from', 'h=from:'), 'permerror syntax'],
    [good.replace('h=from', 'h=to'), 'permerror from_not_signed'],
    [good.replace('h=from', 'h= To : FROM'), 'permerror no_key'],
    [`${good}; i=x`, 'permerror syntax'],
    [`${good}; i=@y.example`, 'permerror identity'],
    [`${good}; i=@yx.example`, 'permerror identity'],
    [`${good}; i=@.x.example`, 'permerror identity'],
    [`${good}; i=@X.Example`, 'permerror no_key'],
    [good.replace('x.example', '***'), 'permerror syntax'],
    [good.replace('s=s', 's=a..b'), 'permerror syntax'],
    [good, 'permerror no_key'],
  ])('%s: %s', async (tags, verdict) => {
    expect(await verdicts(field(tags), {})).toEqual([verdict]);
  });

  it('is reported, also when it is of no use', async () => {
    const text = await signed(mail, {
      key: rsa.key,
      identity: 'j=;\xc3\xa0x@Sub.example.com',
      expire: 60,
      oversign: [],
      headers: ['To'],
    });
    const [result] = await verifiedDkim(takeIn(text), { txt: { [name]: rsa.record } });
    const bValue = /\tb=(.{8})/.exec(text)?.[1];
    expect(result).toEqual({
      ...{ result: 'pass', cause: 'ok', domain: 'example.com', selector: 'sel', algorithm: 'rsa-sha256' },
      ...{
        identity: 'j=;\xc3\xa0x@sub.example.com',
        bits: 1024,
        testing: false,
        unsignedBytes: 0,
        b: bValue,
      },
      ...{ signedHeaders: ['to', 'from'], time: specTime, expires: specTime + 60 },
    });
    const [faulty] = await verifiedDkim(takeIn(field(`${good}; t=7; q=x`)), { txt: {} });
    expect(faulty).toMatchObject({
      result: 'permerror',
      domain: 'x.example',
      identity: '@x.example',
      time: 7,
      b: 'AAAA',
    });
  });
});

describe('l=', () => {
  const l = async (length: number, text: string): Promise<string> => {
    const end = text.indexOf('\r\n\r\n') + 4;
    const bh = createHash('sha256')
      .update(text.slice(end, end + length))
      .digest('base64');
    const unsigned = `DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=sel; h=from; l=${length}; bh=${bh}; b=`;
    const b = await signOctets(rsa.key, Buffer.from(`${text.slice(0, text.indexOf('\r\n'))}\r\n${unsigned}`));
    return `${unsigned}${b}\r\n${text}`;
  };

  it.each([
    [0, 'pass ok', 11],
    [4, 'pass ok', 7],
    [11, 'pass ok', 0],
    [12, 'permerror length', 0],
  ])('%i of 11 octets: %s, %i unsigned', async (length, verdict, unsignedBytes) => {
    const [result] = await verifiedDkim(takeIn(await l(length, mail)), { txt: { [name]: rsa.record } });
    expect(`${result?.result} ${result?.cause}`).toBe(verdict);
    expect(result?.unsignedBytes).toBe(unsignedBytes);
  });

  it('of a fifth kind is not hashed', async () => {
    let text = mail;
    for (const length of [1, 2, 3, 4, 5, 1]) text = `${(await l(length, mail)).split('\r\n')[0]}\r\n${text}`;
    // From the top: 1, 5, 4, 3, 2, 1.
    expect(await verdicts(text, { [name]: rsa.record })).toEqual([
      ...['pass ok', 'pass ok', 'pass ok', 'pass ok', 'policy limit', 'pass ok'],
    ]);
  });
});

describe('bounds', () => {
  it('further signatures than ten are not looked at, and no key of theirs is asked for', async () => {
    let text = mail;
    for (let i = 0; i < 12; i++) text = await signed(text, { key: rsa.key, selector: `s${i}` });
    const lookup = new TxtRecords({ 's11._domainkey.example.com': rsa.record });
    const results = await verifiedDkim(takeIn(text), { txt: lookup });
    expect(results.map(({ result, cause }) => `${result} ${cause}`)).toEqual([
      'pass ok',
      ...Array.from({ length: 9 }, () => 'permerror no_key'),
      ...['policy limit', 'policy limit'],
    ]);
    expect(lookup.asked).toEqual(Array.from({ length: 10 }, (_, i) => `s${11 - i}._domainkey.example.com`));
  });

  it('a name is asked for once, all names before the first answer', async () => {
    let text = mail;
    for (const selector of ['a', 'b', 'a']) text = await signed(text, { key: rsa.key, selector });
    const asked: string[] = [];
    let answer: (() => void) | undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const txt = {
      txt: async (key: string) => {
        asked.push(key);
        await answered;
        return { kind: 'records', records: [rsa.record] } as const;
      },
    };
    const results = verifiedDkim(takeIn(text), { txt });
    expect(asked).toEqual(['a._domainkey.example.com', 'b._domainkey.example.com']);
    answer?.();
    expect((await results).map(({ result }) => result)).toEqual(['pass', 'pass', 'pass']);
  });

  it('a signature header that is longer than any is not read', async () => {
    const text = await signed(mail, { key: rsa.key });
    const long = text.replace('v=1;', `v=1; z=${'x'.repeat(33_000)};`);
    expect(await verdicts(long, { [name]: rsa.record })).toEqual(['policy limit']);
  });

  it('more than 100 tags are no tag list, more than 1,000 names are not looked for', async () => {
    const text = await signed(mail, { key: rsa.key });
    const tags = (count: number): string => Array.from({ length: count }, (_, i) => `x${i}=;`).join('');
    expect(await verdicts(text.replace('v=1;', `v=1;${tags(101)}`), {})).toEqual(['permerror syntax']);
    expect(await verdicts(text.replace('v=1;', `v=1;${tags(50)}`), {})).toEqual(['permerror no_key']);
    const names = (count: number): string => text.replace('h=From:', `h=From:${'x:'.repeat(count)}`);
    expect(await verdicts(names(1001), {})).toEqual(['policy limit']);
    expect(await verdicts(names(900), {})).toEqual(['permerror no_key']);
  });

  it('a header block that is longer than is kept has no signatures', async () => {
    const text = await signed(mail, { key: rsa.key });
    const limits = { maxSignatures: 10, maxHeaderOctets: 600 };
    const padded = text.replace('Date:', `X: ${'x'.repeat(600)}\r\nDate:`);
    for (const size of [1, 3, 65_536])
      expect(await verifiedDkim(takeIn(padded, size, { limits }), { txt: {} })).toMatchObject([
        { result: 'policy', cause: 'limit' },
      ]);
  });

  it('a header block that is just as long as is kept has all of them: the empty line is none of it', async () => {
    const text = await signed(mail, { key: rsa.key });
    const octets = text.indexOf('\r\n\r\n') + 2;
    for (const [more, cause] of [
      [0, 'ok'],
      [-1, 'limit'],
    ] as const)
      for (const size of [1, 3, 65_536]) {
        const limits = { maxSignatures: 10, maxHeaderOctets: octets + more };
        expect(
          await verifiedDkim(takeIn(text, size, { limits }), { txt: { [name]: rsa.record } }),
        ).toMatchObject([{ cause }]);
      }
  });
});

describe('the header block', () => {
  it('ends where the reader of the message says', async () => {
    const text = await signed(mail, { key: rsa.key });
    const odd = `Subject: outer\r\n--x\r\n${text}`;
    expect((await verifiedDkim(takeIn(odd), { txt: {} })).length).toBe(1);
    const blockEnd = (block: Buffer): number => block.indexOf('--x');
    for (const size of [1, 3, 65_536])
      expect(await verifiedDkim(takeIn(odd, size, { blockEnd }), { txt: {} })).toEqual([]);
  });

  it('has names without regard to case, with blanks before the colon, and nothing else', async () => {
    const text = await signed(mail, { key: rsa.key, headers: ['Subject'], oversign: [] });
    const txt = { [name]: rsa.record };
    expect(await verdicts(text.replace('\r\nSubject:', '\r\nsUBJECT \t:'), txt)).toEqual(['pass ok']);
    expect(await verdicts(text.replace('\r\nSubject:', '\r\nSubject(x):'), txt)).toEqual([
      'fail bad_signature',
    ]);
    expect(await verdicts(text.replace('\r\nFrom:', '\r\nX\r\n:x\r\nFrom:'), txt)).toEqual(['pass ok']);
  });

  // RFC 8616 section 5: a name in two forms is one name. Octets, as they come.
  const u = 'b\xc3\xbccher.example';
  const capitals = 'B\xc3\x9cCHER.example';
  const a = 'xn--bcher-kva.example';
  it.each([
    [u, `@${a}`, '', 'pass ok'],
    [a, `@${u}`, '', 'pass ok'],
    [u, `@${capitals}`, '', 'pass ok'],
    [capitals, `x@sub.${u}`, '', 'pass ok'],
    [capitals, `x@sub.${a}`, '', 'pass ok'],
    ['EXAMPLE.com', '@example.COM', '', 'pass ok'],
    // Of a key for d= itself.
    [u, `@${a}`, 't=s; ', 'pass ok'],
    [a, `@${capitals}`, 't=s; ', 'pass ok'],
    [a, `@sub.${u}`, 't=s; ', 'permerror key_strict'],
  ])('d=%s and i=%s with %s: %s', async (domain, identity, flags, verdict) => {
    const text = await signed(mail, { key: rsa.key, domain, identity });
    const records = { [`sel._domainkey.${lowerAscii(domain)}`]: `v=DKIM1; ${flags}${material}` };
    expect(await verdicts(text, records)).toEqual([verdict]);
  });

  it.each([
    [a, `@x${u}`],
    [u, `@x${a}`],
    [u, '@example'],
    [u, '@b\xfccher.example'],
    [a, '@b\xc3.example'],
    ['b\xfccher.example', `@${u}`],
  ])('d=%s and i=%s are two domains', async (d, i) => {
    const text = `DKIM-Signature: v=1; a=rsa-sha256; d=${d}; s=s; h=from; bh=AAAA; b=AAAA; i=${i}\r\n${mail}`;
    expect(await verdicts(text, {})).toEqual(['permerror identity']);
  });

  it('an octet A0 is no blank, a form feed neither', async () => {
    const text = await signed(mail.replace('hello', 'hello\xa0'), { key: rsa.key });
    const txt = { [name]: rsa.record };
    expect(await verdicts(text, txt)).toEqual(['pass ok']);
    expect(await verdicts(text.replace('hello\xa0', 'hello'), txt)).toEqual(['fail bad_signature']);
    expect(await verdicts(text.replace('hello\xa0', 'hello \xa0'), txt)).toEqual(['fail bad_signature']);
    expect(await verdicts(text.replace('hello\xa0', 'hello\f'), txt)).toEqual(['fail bad_signature']);
  });

  it('h= that names the signature itself means no field', async () => {
    const text = await signed(mail, {
      key: rsa.key,
      headers: ['DKIM-Signature'],
      oversign: ['DKIM-Signature'],
    });
    expect(text).toContain('h=DKIM-Signature:From');
    expect(await verdicts(text, { [name]: rsa.record })).toEqual(['pass ok']);
    // Another one above it is what was said not to be there.
    expect(await verdicts(`DKIM-Signature: x\r\n${text}`, { [name]: rsa.record })).toEqual([
      ...['permerror syntax', 'fail bad_signature'],
    ]);
  });
});
