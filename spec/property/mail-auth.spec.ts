// What we sign passes, with us and with mailauth, and nothing that was changed in it does; bodies are canonicalised as the text of the RFC says,
// however they are cut; nothing a stranger sends makes anything throw.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import mailauthArc from 'mailauth/lib/arc/index.js';
import mailauthSign from 'mailauth/lib/dkim/sign.js';
import mailauthVerify from 'mailauth/lib/dkim/verify.js';
import { describe, expect, it } from 'vitest';
import { BodyHashes } from '../../src/mail-auth/body-hash.ts';
import type { Canonicalization } from '../../src/mail-auth/canonical-header.ts';
import { MessageIntake } from '../../src/mail-auth/received.ts';
import { makeKey, sealed, signed, specTime, takeIn, verifiedArc, verifiedDkim } from '../fakes/mail-auth.ts';

const keys = [makeKey('rsa', 1024), makeKey('ed25519')] as const;
const names = ['rsa', 'ed'] as const;
const txt = Object.fromEntries(
  keys.flatMap(({ record }, i) => [
    [`${names[i]}._domainkey.example.com`, record],
    [`${names[i]}._domainkey.example.org`, record],
  ]),
);
const resolver = async (name: string): Promise<string[][]> => {
  const record = txt[name];
  if (record === undefined) throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
  return [[record]];
};

const forms = ['simple', 'relaxed'] as const;
const form = fc.constantFrom(...forms);

/** Pieces of a body in which everything happens that canonicalisation is about. */
const bodyPiece = fc.constantFrom(
  '\r\n',
  ' ',
  '\t',
  '\r',
  '\n',
  'a',
  'bc',
  '\xa0',
  '\xc3\xa0',
  '.',
  '=',
  '\0',
  '\r\n\r\n',
);
const body = fc.array(bodyPiece, { maxLength: 40 }).map((pieces) => pieces.join(''));
/** As mail is: no bare CR or LF. */
const mailBody = fc
  .array(fc.constantFrom('\r\n', ' ', '\t', 'a', 'bc', '\xc3\xa0', '.', '=', 'x y  z'), { maxLength: 40 })
  .map((pieces) => pieces.join(''));

const headerName = fc.constantFrom(
  'From',
  'To',
  'Subject',
  'date',
  'Message-ID',
  'List-Id',
  'X-Other',
  'Cc',
  'cc',
);
const headerValue = fc
  .array(fc.constantFrom(' ', '\t', 'a', 'bc', ':', ';', '\xc3\xa0', '\r\n ', '\r\n\tx', '"', '('), {
    maxLength: 12,
  })
  .map((pieces) => pieces.join(''))
  .map((value) => value.replace(/(\r\n[ \t]+)+$/, '').replace(/\r\n[ \t]*(?=\r\n)/g, ''));
const message = fc
  .tuple(fc.array(fc.tuple(headerName, headerValue), { maxLength: 8 }), mailBody)
  .map(
    ([fields, text]) =>
      `From: a@example.com\r\n${fields.map(([name, value]) => `${name}:${value}\r\n`).join('')}\r\n${text}`,
  );

const wish = (which: number, header: Canonicalization, bodyForm: Canonicalization) => ({
  key: (keys[which] ?? keys[0]).key,
  selector: names[which] ?? 'rsa',
  header,
  body: bodyForm,
});

function inPieces(octets: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, octets.length)).sort((a, b) => a - b), octets.length];
  return places.slice(1).map((end, i) => octets.subarray(places[i], end));
}

/** RFC 6376 3.4.3 and 3.4.4, as a text of the whole. */
function canonical(bodyForm: Canonicalization, text: string): string {
  if (bodyForm === 'simple') return `${text.replace(/(?:\r\n)+$/, '')}\r\n`;
  const lines = text.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const joined = lines.join('\r\n').replace(/(?:\r\n)+$/, '');
  return joined === '' ? '' : `${joined}\r\n`;
}

describe('bodies', () => {
  it('are hashed as the RFC says, however they are cut and wherever l= ends', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(80), { maxLength: 6 }), fc.nat(60), (text, cuts, length) => {
        const hashes = new BodyHashes();
        const wants = forms.flatMap((canonicalization) =>
          [undefined, length].map((l) => ({ canonicalization, hash: 'sha256', length: l }) as const),
        );
        for (const want of wants) hashes.want(want, 4);
        for (const piece of inPieces(Buffer.from(text, 'latin1'), cuts)) hashes.feed(piece);
        hashes.end();
        for (const want of wants) {
          const whole = canonical(want.canonicalization, text);
          const part = whole.slice(0, want.length);
          expect(hashes.digest(want)).toEqual({
            digest: createHash('sha256').update(part, 'latin1').digest(),
            isWhole: want.length === undefined || whole.length >= want.length,
            unsignedBytes: want.length === undefined ? 0 : Math.max(0, whole.length - want.length),
          });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what we sign', () => {
  it('passes with us, however it is cut, and with mailauth', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.nat(1),
        form,
        form,
        fc.array(fc.nat(900), { maxLength: 8 }),
        async (text, which, header, bodyForm, cuts) => {
          const mail = Buffer.from(await signed(text, wish(which, header, bodyForm)), 'latin1');
          const intake = new MessageIntake();
          for (const piece of inPieces(mail, cuts)) intake.feed(piece);
          intake.end();
          if (intake.received === undefined) throw new Error('not taken in');
          const [result] = await verifiedDkim(intake.received, { txt });
          expect(result).toMatchObject({ result: 'pass', cause: 'ok', domain: 'example.com' });
          for (const line of mail.toString('latin1').split('\r\n').slice(0, 8))
            expect(line.length).toBeLessThan(200);
          const { results } = await mailauthVerify.dkimVerify(mail, {
            resolver,
            strict: true,
            curTime: new Date(specTime * 1000),
          });
          expect(results.map(({ status }) => status.result)).toEqual(['pass']);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('does not pass when an octet of it was changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 255 }),
        async (which, place, change) => {
          // Everything counts: simple, no white space that only folds the signature.
          const text = 'From: a@example.com\r\nTo: b\r\nSubject: c\r\nDate: d\r\n\r\nsome text\r\n';
          const mail = Buffer.from(await signed(text, wish(which, 'simple', 'simple')), 'latin1');
          const b = mail.indexOf('\tb=') + 3;
          const at = place % mail.length;
          // The last octets of b= may be white space, or bits that base64 does not use.
          if (at >= b && at < mail.indexOf('\r\nFrom:')) return;
          mail[at] = (mail[at] as number) ^ change;
          const results = await verifiedDkim(takeIn(mail), { txt });
          expect(results.map(({ result }) => result)).not.toContain('pass');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('passes when mailauth has signed it', async () => {
    await fc.assert(
      fc.asyncProperty(message, fc.nat(1), form, form, async (text, which, header, bodyForm) => {
        const { signatures, errors } = await mailauthSign.dkimSign(Buffer.from(text, 'latin1'), {
          signTime: new Date(specTime * 1000),
          signatureData: [
            {
              signingDomain: 'example.com',
              selector: names[which] ?? 'rsa',
              privateKey: keys[which]?.pem ?? '',
              canonicalization: `${header}/${bodyForm}`,
            },
          ],
        });
        expect(errors).toEqual([]);
        const [result] = await verifiedDkim(takeIn(signatures + text), { txt });
        expect(result).toMatchObject({ result: 'pass', cause: 'ok' });
      }),
      { numRuns: 100 },
    );
  });
});

describe('chains', () => {
  const chainOf = async (mail: string) => {
    const { arc } = await mailauthVerify.dkimVerify(Buffer.from(mail, 'latin1'), { resolver, strict: true });
    return (await mailauthArc.arc(arc, { resolver, strict: true })).status.result;
  };

  it('of ours and of mailauth in turn pass with both', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.array(fc.tuple(fc.boolean(), fc.nat(1)), { minLength: 1, maxLength: 4 }),
        async (text, steps) => {
          let mail = text;
          let cv = 'none';
          for (const [ours, which] of steps) {
            const selector = names[which] ?? 'rsa';
            if (ours) mail = await sealed(mail, { key: (keys[which] ?? keys[0]).key, selector }, { txt });
            else {
              const seal = {
                signingDomain: 'example.org',
                selector,
                privateKey: keys[which]?.pem ?? '',
                authResults: 'mx.example.org; spf=pass',
                cv,
                signTime: new Date(specTime * 1000),
              };
              const headers = await mailauthArc.sealMessage(Buffer.from(mail, 'latin1'), seal);
              mail = headers.toString('latin1') + mail;
            }
            cv = 'pass';
            const found = await verifiedArc(takeIn(mail), { txt });
            expect(found).toMatchObject({ result: 'pass', cause: 'ok', oldestPass: 0 });
            expect(await chainOf(mail)).toBe('pass');
          }
          expect((await verifiedArc(takeIn(mail), { txt })).sealers.length).toBe(steps.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('octets of strangers', () => {
  const piece = fc.constantFrom(
    ...[
      'DKIM-Signature:',
      'ARC-Seal:',
      'ARC-Message-Signature:',
      'ARC-Authentication-Results:',
      'From:',
      '\r\n',
    ],
    ...[
      ' v=1',
      ' a=rsa-sha256',
      ' a=ed25519-sha256',
      ' d=example.com',
      ' s=rsa',
      ' h=from',
      ' h=',
      ' b=',
      ' bh=',
      'AAAA',
    ],
    ...[
      ' i=1',
      ' i=@x',
      ' c=simple',
      ' l=3',
      ' l=99999999999999999999',
      ' x=1',
      ' t=2',
      ' cv=none',
      ' cv=pass',
      ' q=x',
    ],
    ...[';', ';', ';', ':', '=', '\0', '\xff', '\r', '\n', ' ', '\t', '%', '..', '@', '\r\n\r\n', '\r\n '],
  );
  const lookups = fc.constantFrom(
    'v=DKIM1; p=',
    'v=DKIM1; p=AAAA',
    'p',
    'p=MIIB',
    ';;;',
    '\0',
    'v=DKIM1; k=ed25519; p=',
    '',
  );

  it('never throw, and never pass', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), lookups, async (pieces, record) => {
        const received = takeIn(pieces.join(''), 7);
        const any = { txt: () => ({ kind: 'records', records: [record, record] }) as const };
        for (const { result } of await verifiedDkim(received, { txt: any })) expect(result).not.toBe('pass');
        expect((await verifiedArc(received, { txt: any })).result).not.toBe('pass');
      }),
      { numRuns: 1000 },
    );
  });
});
