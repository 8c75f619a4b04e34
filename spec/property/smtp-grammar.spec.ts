// MAIL and RCPT against the grammar of RFC 5321 written down a second time, as regular expressions: a line is taken exactly when it matches,
// and what the next hop gets is what the line says.
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/forward/delivery.ts';
import type { SmartHostDelivery } from '../../src/forward/smart-host.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';

// RFC 5321 section 4.1.2, with underscores in names, which RFC 2181 section 11 allows.
const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]+";
const LOCAL = `(?:${ATOM}(?:\\.${ATOM})*|"(?:[ !#-\\[\\]-~]|\\\\[ -~])*")`;
const LABEL = '(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)';
const NAME = `${LABEL}(?:\\.${LABEL})*`;
const ROUTE = `(?:(?:@${NAME},)*@${NAME}:)?`;
const MAILBOX = `${LOCAL}(?:@(?:${NAME}|\\[[^\\]]*\\]))?`;
const MAIL = new RegExp(
  `^MAIL[ \\t]+FROM:[ \\t]*<(?:(${ROUTE})(${MAILBOX}))?>((?:[ \\t]+(?:SIZE=\\d{1,20}|BODY=(?:7BIT|8BITMIME)))*)[ \\t]*$`,
  'i',
);
const RCPT = new RegExp(`^RCPT[ \\t]+TO:[ \\t]*<(${ROUTE})(${MAILBOX})>()[ \\t]*$`, 'i');

/** A domain that could be one: not longer than 255 bytes, and no IPv4 address. */
function isName(name: string): boolean {
  const labels = name.split('.');
  const last = labels.at(-1) ?? '';
  const top = labels.length === 1 ? !/^\d+$/.test(last) : /^[a-z-]+$|^xn--[a-z0-9-]+$/i.test(last);
  return name.length <= 255 && top;
}

function isDomain(domain: string): boolean {
  const literal = /^\[(.*)\]$/s.exec(domain)?.[1];
  if (literal === undefined) return isName(domain);
  return isIPv4(literal) || (/^ipv6:/i.test(literal) && isIPv6(literal.slice(5)) && !literal.includes('%'));
}

/** The mailbox that a line names; undefined when it is to be refused. */
function named(line: string): string | undefined {
  const match = MAIL.exec(line) ?? RCPT.exec(line);
  if (match === null) return undefined;
  const [, route = '', mailbox = '', parameters = ''] = match;
  const names = parameters
    .split(/[ \t]+/)
    .filter(Boolean)
    .map((word) => word.slice(0, 4).toUpperCase());
  if (new Set(names).size !== names.length) return undefined;
  if (!route.split(/[,:]/).every((hop) => hop === '' || isName(hop.slice(1)))) return undefined;
  const domain = new RegExp(`^${LOCAL}@(.*)$`, 's').exec(mailbox)?.[1];
  return domain === undefined || isDomain(domain) ? mailbox : undefined;
}

const pick = (...all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all);
const some = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const join = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((all) => all.join(''));

const local = fc.oneof(
  some("abZ09!#$%&'*+-/=?^_`{|}~", 1, 8),
  join(some('abZ09-', 1, 4), pick('.'), some('abZ09-', 1, 4)),
  join(pick('"'), some('ab <>@,.:[]', 0, 6), pick('', '\\"', '\\\\', '\\>'), pick('"')),
);
const label = join(some('abZ09_', 1, 2), some('abZ09-_', 0, 4), some('abZ09_', 1, 1));
const name = fc.oneof(
  join(label, pick('.'), some('abcXYZ', 1, 5)),
  join(label, pick('.'), label, pick('.com', '.xn--p1ai', '.c0m', '.1')),
  some('abZ09', 1, 5),
);
const domain = fc.oneof(
  { weight: 6, arbitrary: name },
  {
    weight: 1,
    arbitrary: pick('[127.0.0.1]', '[IPv6:2001:db8::1]', '[ipv6:::]', '[1.2.3]', '[]', '[IPv6:fe80::1%a]'),
  },
);
const mailbox = fc.oneof(
  { weight: 8, arbitrary: join(local, pick('@'), domain) },
  { weight: 1, arbitrary: local },
);
const route = fc.oneof(
  { weight: 4, arbitrary: pick('') },
  { weight: 1, arbitrary: join(pick('@'), name, pick(':')) },
  { weight: 1, arbitrary: join(pick('@'), name, pick(',@'), name, pick(':')) },
);
const parameters = fc
  .array(
    pick('SIZE=1', 'size=99', 'BODY=7BIT', 'body=8bitmime', 'SIZE=x', 'REQUIRETLS', 'NOTIFY=NEVER', 'BODY=x'),
    {
      maxLength: 2,
    },
  )
  .map((words) => words.map((word) => ` ${word}`).join(''));
const blank = pick('', '', '', ' ', '\t');
const mailLine = fc.oneof(
  {
    weight: 9,
    arbitrary: join(
      pick('MAIL FROM:', 'mail from:'),
      blank,
      pick('<'),
      route,
      mailbox,
      pick('>'),
      parameters,
      blank,
    ),
  },
  { weight: 1, arbitrary: join(pick('MAIL FROM:<>'), parameters) },
);
const rcptLine = join(pick('RCPT TO:', 'rcpt to:'), blank, pick('<'), route, mailbox, pick('>'), blank);
/** Up to three octets of a line gone, others in their place; no line end and no NUL among them. */
const spoilt = (line: fc.Arbitrary<string>): fc.Arbitrary<string> => {
  const octet = fc.constantFrom(...'<>@"\\.,: \t[]-()a1;=_+\x01\x7f\x80\xff');
  const edit = fc.tuple(fc.nat(), fc.nat(2), fc.oneof(octet, pick('')));
  return fc.tuple(line, fc.array(edit, { maxLength: 2 })).map(([text, edits]) =>
    edits.reduce((changed, [at, drop, put]) => {
      const place = 5 + (at % (changed.length - 4));
      return changed.slice(0, place) + put + changed.slice(place + drop);
    }, text),
  );
};

const taken: DeliveryOutcome = { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };

describe('MAIL and RCPT', () => {
  it('are taken exactly when the grammar has them, and go on as they were said', async () => {
    let good = 0;
    let bad = 0;
    await fc.assert(
      fc.asyncProperty(
        spoilt(mailLine),
        fc.array(spoilt(rcptLine), { maxLength: 6 }),
        async (mail, rcpts) => {
          const seen: unknown[] = [];
          let delivered: SmartHostDelivery | undefined;
          const look = (_: unknown, address: unknown): undefined => {
            seen.push(address);
          };
          const rig = new SmtpRig({
            hooks: { mail: look, rcpt: look },
            smartHost: async (delivery) => {
              delivered = delivery;
              return taken;
            },
          });
          const client = await rig.greeted();
          await client.command('EHLO c.example');
          const sender = named(mail);
          expect((await client.command(mail)).slice(0, 1), mail).toBe(sender === undefined ? '5' : '2');
          if (sender === undefined) await client.command('MAIL FROM:<>');
          const wanted: string[] = [];
          for (const line of rcpts) {
            const recipient = named(line);
            expect((await client.command(line)).slice(0, 1), line).toBe(recipient === undefined ? '5' : '2');
            if (recipient === undefined) bad++;
            else wanted.push(recipient);
          }
          good += wanted.length;
          expect(seen).toEqual([sender ?? '', ...wanted]);
          if (wanted.length > 0) {
            await client.command('DATA');
            expect(await client.command('A: 1\r\n\r\n.')).toMatch(/^250/);
            expect([delivered?.sender, delivered?.recipients]).toEqual([sender ?? '', wanted]);
          }
          await client.quit();
        },
      ),
      { numRuns: 1000 },
    );
    // Both kinds were tried.
    expect(Math.min(good, bad)).toBeGreaterThan(300);
  });
});
