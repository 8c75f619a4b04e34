// MAIL and RCPT against the grammar of RFC 5321 written down a second time, as regular expressions: a line is taken exactly when it matches,
// and what the next hop gets is what the line says.
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/delivery/port/delivery.ts';
import type { SmartHostDelivery } from '../../src/delivery/smart-host.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';

// RFC 5321 section 4.1.2, with underscores in names, which RFC 2181 section 11 allows, and octets above 127, which are looked at afterwards.
const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\x80-\xff]+";
const LOCAL = `(?:${ATOM}(?:\\.${ATOM})*|"(?:[ !#-\\[\\]-~\x80-\xff]|\\\\[ -~])*")`;
const LABEL = '(?:[A-Za-z0-9_\x80-\xff](?:[A-Za-z0-9_\x80-\xff-]*[A-Za-z0-9_\x80-\xff])?)';
const NAME = `${LABEL}(?:\\.${LABEL})*`;
const ROUTE = `(?:(?:@${NAME},)*@${NAME}:)?`;
const MAILBOX = `${LOCAL}(?:@(?:${NAME}|\\[[^\\]]*\\]))?`;
// RFC 3461 section 4.
const XTEXT = '(?:[!-*,-<>-~]|\\+[0-9A-F]{2})+';
const ATYPE = "[A-Za-z0-9!#$%&'*+\\-/?^_`{|}~]+";
const NOTIFY = '(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)';
const MAIL = new RegExp(
  `^MAIL[ \\t]+FROM:[ \\t]*<(?:(${ROUTE})(${MAILBOX}))?>((?:[ \\t]+(?:SIZE=\\d{1,20}|BODY=(?:7BIT|8BITMIME)|SMTPUTF8|RET=(?:FULL|HDRS)|ENVID=${XTEXT}))*)[ \\t]*$`,
  'i',
);
const RCPT = new RegExp(
  `^RCPT[ \\t]+TO:[ \\t]*<(${ROUTE})(${MAILBOX})>((?:[ \\t]+(?:NOTIFY=${NOTIFY}|ORCPT=${ATYPE};${XTEXT}))*)[ \\t]*$`,
  'i',
);

/** A domain that could be one: not longer than 255 bytes, and no IPv4 address. */
function isName(given: string): boolean {
  if (given.length > 255) return false;
  const name = asciiOf(given);
  const labels = name.split('.');
  if (name === '' || labels.some((label) => label.length > 63)) return false;
  const last = labels.at(-1) ?? '';
  const top = labels.length === 1 ? !/^\d+$/.test(last) : /^[a-z-]+$|^xn--[a-z0-9-]+$/i.test(last);
  return name.length <= 255 && top;
}

function isDomain(domain: string): boolean {
  const literal = /^\[(.*)\]$/s.exec(domain)?.[1];
  if (literal === undefined) return isName(domain);
  return isIPv4(literal) || (/^ipv6:/i.test(literal) && isIPv6(literal.slice(5)) && !literal.includes('%'));
}

/** Of the names that are made here this is all: well-formed UTF-8 of letters that stay what they are. */
function isUtf8(text: string): boolean {
  return Buffer.from(Buffer.from(text, 'latin1').toString('utf8')).toString('latin1') === text;
}

/** In A-labels. */
function asciiOf(name: string): string {
  return /^[\0-\x7f]*$/.test(name) ? name : domainToASCII(Buffer.from(name, 'latin1').toString('utf8'));
}

/** The mailbox that a line names; undefined when it is to be refused. `utf8`: the transaction has said SMTPUTF8. */
function named(line: string, utf8 = false): string | undefined {
  const match = MAIL.exec(line) ?? RCPT.exec(line);
  if (match === null) return undefined;
  const [, route = '', mailbox = '', parameters = ''] = match;
  const names = parameters
    .split(/[ \t]+/)
    .filter(Boolean)
    .map((word) => word.slice(0, 4).toUpperCase());
  if (new Set(names).size !== names.length) return undefined;
  const notify = /NOTIFY=(\S*)/i.exec(parameters)?.[1]?.toUpperCase().split(',') ?? [];
  if (new Set(notify).size !== notify.length) return undefined;
  const saidUtf8 = utf8 || names.includes('SMTP');
  if (/[\x80-\xff]/.test(mailbox) && !saidUtf8) return undefined;
  if (!isUtf8(mailbox) || !isUtf8(route)) return undefined;
  // What MAIL takes is known when its path is read, what RCPT takes before.
  if (/[\x80-\xff]/.test(route) && /^r/i.test(line) && !saidUtf8) return undefined;
  if (!route.split(/[,:]/).every((hop) => hop === '' || isName(hop.slice(1)))) return undefined;
  const domain = new RegExp(`^${LOCAL}@(.*)$`, 's').exec(mailbox)?.[1];
  return domain === undefined || isDomain(domain) ? mailbox : undefined;
}

const pick = (...all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all);
const some = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const join = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((all) => all.join(''));

const UE = '\xc3\xbc';
const local = fc.oneof(
  some("abZ09!#$%&'*+-/=?^_`{|}~", 1, 8),
  join(some('abZ09-', 1, 4), pick('.'), some('abZ09-', 1, 4)),
  join(pick('"'), some('ab <>@,.:[]', 0, 6), pick('', '\\"', '\\\\', '\\>', UE), pick('"')),
  join(pick(UE, 'a'), some('ab09', 0, 3), pick(UE, '.', '')),
);
const label = join(some('abZ09_', 1, 2), some('abZ09-_', 0, 4), some('abZ09_', 1, 1));
const name = fc.oneof(
  join(label, pick('.'), some('abcXYZ', 1, 5)),
  join(label, pick('.'), label, pick('.com', '.xn--p1ai', '.c0m', '.1')),
  some('abZ09', 1, 5),
  join(pick('b\xc3\xa4', 'b'), label, pick('.'), pick('com', 'ex\xc3\xa4m')),
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
    pick(
      ...[
        'SIZE=1',
        'size=99',
        'BODY=7BIT',
        'body=8bitmime',
        'SIZE=x',
        'REQUIRETLS',
        'NOTIFY=NEVER',
        'BODY=x',
      ],
      ...['SMTPUTF8', 'SMTPUTF8', 'smtputf8', 'RET=FULL', 'ENVID=a+2Bb', 'ENVID=+0D+0A', 'ENVID=+x', 'RET=x'],
    ),
    { maxLength: 3 },
  )
  .map((words) => words.map((word) => ` ${word}`).join(''));
const rcptParameters = fc
  .array(
    pick(
      'NOTIFY=NEVER',
      'NOTIFY=success,DELAY',
      'NOTIFY=DELAY,DELAY',
      'ORCPT=rfc822;a+0Ab',
      'ORCPT=rfc822',
      'RET=FULL',
    ),
    { maxLength: 2 },
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
const rcptLine = join(
  pick('RCPT TO:', 'rcpt to:'),
  blank,
  pick('<'),
  route,
  mailbox,
  pick('>'),
  rcptParameters,
  blank,
);
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
            options: { 'smtp-utf8': '+', 'smtp-dsn': '+' },
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
          const utf8 = sender !== undefined && / SMTPUTF8\b/i.test(mail.slice(mail.lastIndexOf('>')));
          const wanted: string[] = [];
          for (const line of rcpts) {
            const recipient = named(line, utf8);
            expect((await client.command(line)).slice(0, 1), line).toBe(recipient === undefined ? '5' : '2');
            if (recipient === undefined) bad++;
            else wanted.push(recipient);
          }
          good += wanted.length;
          expect(seen).toEqual([sender ?? '', ...wanted]);
          if (wanted.length > 0) {
            await client.command('DATA');
            expect(await client.command('A: 1\r\n\r\n.')).toMatch(/^250/);
            expect([delivered?.sender, delivered?.recipients.map(({ address }) => address)]).toEqual([
              sender ?? '',
              wanted,
            ]);
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
