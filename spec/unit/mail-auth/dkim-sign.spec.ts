// What a signature of ours looks like, which headers it names, and which keys sign.
import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { requestFault, type SignRequest, signDkim } from '../../../src/mail-auth/dkim/sign.ts';
import { defaultOversignedNames, defaultSignedNames } from '../../../src/mail-auth/signed-names.ts';
import { publishedKey, readSigningKey } from '../../../src/mail-auth/signing-key.ts';
import { makeKey, type SignWish, signed, specTime, takeIn, verifiedDkim } from '../../fakes/mail-auth.ts';

const rsa = makeKey('rsa');
const ed = makeKey('ed25519');
const txt = { 'sel._domainkey.example.com': rsa.record };

const good: Omit<SignRequest, 'key'> = {
  domain: 'example.com',
  selector: 'sel',
  headers: defaultSignedNames,
  oversign: defaultOversignedNames,
  header: 'relaxed',
  body: 'relaxed',
  identity: undefined,
  expire: undefined,
};

/** The header of ours, unfolded. */
async function headerOf(text: string, wish: Partial<SignWish> = {}): Promise<string> {
  const [header = ''] = (await signed(text, { key: rsa.key, ...wish })).split(/\r\n(?![ \t])/);
  return header.replace(/\r\n\t/g, ' ');
}

const h = async (text: string, wish: Partial<SignWish> = {}): Promise<string | undefined> =>
  /; h=([^;]*);/.exec(await headerOf(text, wish))?.[1]?.replaceAll(' ', '');

describe('the header', () => {
  it('of an RSA key', async () => {
    const header = await headerOf('From: a\r\nTo: b\r\n\r\nx\r\n', {
      expire: 9,
      identity: 'a b@example.com',
    });
    expect(header.replace(/b=[A-Za-z0-9+/= ]*$/, 'b=…')).toBe(
      'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel; ' +
        `i=a=20b@example.com; t=${specTime}; x=${specTime + 9}; h=From:From:Subject:Date:To:To; ` +
        `bh=${createHash('sha256').update('x\r\n').digest('base64')}; b=…`,
    );
  });

  it('of an ed25519 key', async () => {
    expect(await headerOf('From: a\r\n\r\n', { key: ed.key })).toMatch(
      / a=ed25519-sha256;.* b=[A-Za-z0-9+/]{72} [A-Za-z0-9+/]{14}==$/,
    );
  });

  it('has lines of readable length, whatever is in it', async () => {
    const many = Array.from({ length: 200 }, (_, i) => `X-Header-${i}: x\r\n`).join('');
    const names = Array.from({ length: 200 }, (_, i) => `X-Header-${i}`);
    const text = await signed(`From: a\r\n${many}\r\nx\r\n`, { key: rsa.key, headers: names });
    const lines = (text.split(/\r\n(?![ \t])/)[0] ?? '').split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(77);
    expect(lines.slice(1).every((line) => /^\t[^ \t]/.test(line))).toBe(true);
    expect(await verifiedDkim(takeIn(text), { txt })).toMatchObject([{ result: 'pass' }]);
  });
});

describe('h=', () => {
  it('names every header there is of each name, those of List-*, and From in any case', async () => {
    const mail =
      'From: a\r\nReceived: x\r\nTo: b\r\nto: c\r\nList-Id: x\r\nlist-post: y\r\nListing: z\r\n\r\n';
    expect(await h(mail, { oversign: [] })).toBe('From:To:To:list-id:list-post');
    expect(await h(mail, { headers: ['received', 'X'], oversign: [] })).toBe('received:From');
    expect(await h(mail, { headers: ['Listing'], oversign: ['Listing', 'X'] })).toBe(
      'Listing:Listing:X:From',
    );
  });

  it('keeps out what is added: once more than they occur', async () => {
    const text = await signed('From: a\r\nTo: b\r\n\r\n', { key: rsa.key });
    for (const more of ['From: evil', 'Subject: evil', 'to: evil', 'Date: evil'])
      expect(await verifiedDkim(takeIn(`${more}\r\n${text}`), { txt })).toMatchObject([
        { result: 'fail', cause: 'bad_signature' },
      ]);
    expect(await verifiedDkim(takeIn(`Reply-To: x\r\n${text}`), { txt })).toMatchObject([{ result: 'pass' }]);
  });

  it('with more than a thousand names is none', async () => {
    const mail = `From: a\r\n${'To: x\r\n'.repeat(1000)}\r\n`;
    const request = { ...good, key: rsa.key, headers: ['To'], oversign: [] };
    const outcome = await signDkim(takeIn(mail).headers, Buffer.alloc(32), request, specTime);
    expect(outcome).toEqual({ kind: 'failed', cause: 'too many headers to be named' });
  });
});

describe('a request', () => {
  it.each([
    [{}, undefined],
    [{ identity: '@sub.Example.com' }, undefined],
    [{ domain: 'a;b' }, 'domain'],
    [{ domain: 'a\r\nX: y' }, 'domain'],
    [{ selector: '' }, 'selector'],
    [{ domain: `${'a'.repeat(60)}.`.repeat(4).slice(0, -1) }, 'domain and selector'],
    [{ headers: ['From\r\n'] }, 'headers'],
    [{ headers: ['From', 'a;b'] }, 'headers'],
    [{ headers: ['*'] }, 'headers'],
    [{ oversign: ['List-*'] }, 'oversign'],
    [{ identity: 'x' }, 'identity'],
    [{ identity: '@other.example' }, 'identity'],
    [{ identity: '@xexample.com' }, 'identity'],
    [{ domain: 'xn--bcher-kva.example', identity: '@b\xc3\xbccher.example' }, undefined],
    [{ domain: 'b\xc3\xbccher.example', identity: 'x@sub.xn--bcher-kva.EXAMPLE' }, undefined],
    [{ domain: 'b\xc3\xbccher.example', identity: '@b\xfccher.example' }, 'identity'],
    [{ expire: 0 }, 'expire'],
    [{ expire: 1.5 }, 'expire'],
  ])('%j: %s', (change, fault) => {
    const found = requestFault({ ...good, ...change });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});

describe('a key', () => {
  const pem = (type: 'pkcs1' | 'pkcs8', bits: number): string =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type, format: 'pem' }).toString();

  it('is RSA of 1024 bits and more, in PKCS #1 or #8, or ed25519', () => {
    expect(readSigningKey(pem('pkcs1', 1024))).toMatchObject({ kind: 'key', key: { bits: 1024 } });
    expect(readSigningKey(Buffer.from(pem('pkcs8', 2048)))).toMatchObject({
      kind: 'key',
      key: { bits: 2048 },
    });
    expect(readSigningKey(ed.pem)).toMatchObject({ kind: 'key', key: { bits: 256 } });
    expect(publishedKey(ed.key)).toMatch(/^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/);
  });

  it('is nothing else, and what is said of it does not show it', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const encrypted = ec.privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
      .toString();
    const texts = [
      ...['', 'secret', publicPem, encrypted, `${rsa.pem}${' '.repeat(70_000)}`, pem('pkcs1', 768)],
      ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ];
    for (const text of texts) {
      const read = readSigningKey(text);
      expect(read.kind).toBe('unusable');
      if (read.kind === 'unusable')
        expect(read.cause).toMatch(/^(?:is no private key|is of type ec|has 768 bits)/);
    }
  });
});
