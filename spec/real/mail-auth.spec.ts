// DKIM and ARC beside dkimpy and OpenDKIM: each verifies what the other has signed.
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forwardedBy } from '../fakes/forwarded.ts';
import { makeKey, sealed, signed, takeIn, verifiedArc, verifiedDkim } from '../fakes/mail-auth.ts';
import { describeWith } from './needs.ts';

const rsa = makeKey('rsa', 2048);
const ed = makeKey('ed25519');
const txt = {
  'rsa._domainkey.example.com': rsa.record,
  'ed._domainkey.example.com': ed.record,
  'rsa._domainkey.example.org': rsa.record,
};
const keys = [
  { selector: 'rsa', algorithm: 'rsa-sha256', pair: rsa },
  { selector: 'ed', algorithm: 'ed25519-sha256', pair: ed },
] as const;
const forms = ['simple', 'relaxed'] as const;

const bodies = [
  '',
  '\r\n',
  'x',
  'some text  here\t \r\n\r\n  more \r\n\r\n\r\n',
  '.\r\n..\r\n',
  'gr\xc3\xbc\xc3\x9fe \xa0\r\n',
];
const mailOf = (body: string): string =>
  `Received: one\r\nReceived: two\r\nFrom:  A <a@example.com>\r\nTo: b@example.net,\r\n\tc@example.net\r\nSubject: \xc3\xa0 la carte \xc3\xa0\r\nDate: today\r\nmessage-id: <1@example.com>\r\n\r\n${body}`;

/** Every body, both canonicalisations of head and body, in the mail of a spec. */
const cases = bodies.flatMap((body) =>
  forms.flatMap((header) => forms.map((form) => ({ mail: mailOf(body), header, body: form }))),
);

type Task = Readonly<Record<string, unknown>> & { readonly op: string; readonly message: string };

function ask<T>(tasks: readonly Task[]): T[] {
  // Debian's own Python: only that has its packages.
  const script = join(import.meta.dirname, 'peers/dkim_opinions.py');
  const out = execFileSync('/usr/bin/python3', [script], {
    input: JSON.stringify({ txt, tasks }),
    maxBuffer: 1e8,
    timeout: 50_000,
  });
  return JSON.parse(out.toString('utf8'));
}

/** As dkimpy takes it: the seed of ed25519 in base64. */
function dkimpyKey({ pem }: { readonly pem: string }, algorithm: string): string {
  if (algorithm === 'rsa-sha256') return pem;
  return createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64');
}

describeWith(['dkimsign'], 'dkimpy', () => {
  it.each(keys)('verifies what we sign with $algorithm', async ({ selector, pair }) => {
    const tasks: Task[] = [];
    for (const { mail, header, body } of cases) {
      const message = await signed(mail, { key: pair.key, selector, header, body });
      tasks.push({ op: 'dkimpy-verify', message });
      // And sees what we see.
      tasks.push({ op: 'dkimpy-verify', message: message.replace('Subject: ', 'Subject: x') });
    }
    expect(ask<boolean>(tasks)).toEqual(tasks.map((_, i) => i % 2 === 0));
  });

  it.each(keys)('signs with $algorithm what we verify', async ({ selector, algorithm, pair }) => {
    const tasks = cases.map(({ mail, header, body }) => ({
      ...{ op: 'dkimpy-sign', message: mail, domain: 'example.com', selector, algorithm },
      ...{ forms: [header, body], key: dkimpyKey(pair, algorithm) },
    }));
    for (const [i, header] of ask<string>(tasks).entries()) {
      const results = await verifiedDkim(takeIn(header + cases[i]?.mail), { txt });
      expect(results).toMatchObject([{ result: 'pass', cause: 'ok', algorithm }]);
    }
  });

  it('passes a chain of ours, and we one of theirs, in turn', async () => {
    for (const body of bodies) {
      const seal = (message: string) => sealed(message, { key: rsa.key, selector: 'rsa' }, { txt });
      const theirs = (message: string): string => {
        // dkimpy makes its results of an Authentication-Results header with its own name.
        const named = `Authentication-Results: mx.example.org; arc=pass\r\n${message}`;
        const task = { op: 'dkimpy-seal', message: named, domain: 'example.org', selector: 'rsa' };
        const [headers = ''] = ask<string>([{ ...task, algorithm: 'rsa-sha256', key: rsa.pem }]);
        return headers + named;
      };
      const three = await seal(theirs(await seal(mailOf(body))));
      expect(await verifiedArc(takeIn(three), { txt })).toMatchObject({
        result: 'pass',
        instance: 3,
        oldestPass: 0,
      });
      expect(ask<string>([{ op: 'dkimpy-arc', message: three }])).toEqual(['pass']);
      const broken = three.replace('Subject: ', 'Subject: x');
      expect(await verifiedArc(takeIn(broken), { txt })).toMatchObject({ result: 'fail' });
      expect(ask<string>([{ op: 'dkimpy-arc', message: broken }])).toEqual(['fail']);
    }
  });

  it('passes what a policy has signed and sealed', async () => {
    const names = "domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem'";
    for (const body of bodies) {
      const dot = `auth.add{ dkim = dkim.verify(), iprev = true } dkim.sign{ ${names} } arc.seal{ ${names} }`;
      const { file } = await forwardedBy(dot, mailOf(`x${body}\r\n`), { files: { 'rsa.pem': rsa.pem } });
      expect(ask<unknown>([{ op: 'dkimpy-arc', message: file }])).toEqual(['pass']);
      expect(ask<unknown>([{ op: 'dkimpy-verify', message: file }])).toEqual([true]);
    }
  });
});

/** What a footer, a notice and another part make of each of them; header, body. */
const changeable: readonly (readonly [string, string])[] = [
  ['X: y', 'text\r\n\r\n\r\n'],
  ['X: y', ''],
  [
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit',
    'gr\xc3\xbc\xc3\x9fe \t\r\n',
  ],
  ['Content-Type: text/html; charset=iso-8859-1', '<body>x  y</body>\r\n<!-- </body> -->\r\n \r\n'],
  ['Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable', 'soft=\r\n'],
  ['Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64', 'aAB1AA==\r\n'],
  [
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b',
    '--b\r\n\r\ntext  \r\n--b\r\nContent-Type: a/b; name=a.exe\r\n\r\nx\r\n--b--\r\n\r\n\r\n',
  ],
];

describeWith(['dkimsign'], 'a message that a policy changes', () => {
  it.each(['1000000', '0'])('is signed and sealed as it goes on, spool-memory=%s', async (memory) => {
    const names = "domain = 'example.com', selector = 'rsa', key = keys .. 'rsa.pem'";
    const dot = `for i, part in ipairs(mime.parts) do if part.filename then mime.remove(i) end end
      mime.add_footer { text = 'footer \\u{20ac} .' } header.modify('Subject', 1, 'other') client.set_sender('other@example.com')
      dkim.sign{ ${names} } arc.seal{ ${names} }`;
    const tasks: Task[] = [];
    for (const [header, body] of changeable) {
      const mail = mailOf(body).replace('\r\n\r\n', `\r\n${header}\r\n\r\n`);
      const setup = { files: { 'rsa.pem': rsa.pem }, options: { 'spool-memory': memory } };
      const { file, reply } = await forwardedBy(
        dot,
        await signed(mail, { key: rsa.key, selector: 'rsa' }),
        setup,
      );
      expect(reply).toBe('ok');
      expect(file.length).toBeGreaterThan(mail.length);
      // Ours stands above the one that came, which is broken now.
      tasks.push({ op: 'dkimpy-verify', message: file }, { op: 'dkimpy-arc', message: file });
      const results = await verifiedDkim(takeIn(file), { txt });
      expect(results.map(({ result }) => result)).toEqual(['pass', 'fail']);
    }
    expect(ask<unknown>(tasks)).toEqual(changeable.flatMap(() => [true, 'pass']));
  });
});

/** opendkim-testmsg asks the system's name server: it gets a network of its own, which only root can make. */
const isRoot = process.getuid?.() === 0;

describeWith(isRoot ? ['opendkim-testmsg', 'ip'] : ['root'], 'OpenDKIM', () => {
  it('verifies what we sign', async () => {
    const tasks: Task[] = [];
    for (const { mail, header, body } of cases) {
      const message = await signed(mail, { key: rsa.key, selector: 'rsa', header, body });
      tasks.push({ op: 'opendkim-verify', message });
      tasks.push({ op: 'opendkim-verify', message: message.replace('Subject: ', 'Subject: x') });
    }
    const answers = ask<{ code: number; error: string }>(tasks);
    expect(answers.map(({ code }) => code === 0)).toEqual(tasks.map((_, i) => i % 2 === 0));
  });

  it('signs with rsa-sha1 what we find right, and too weak', async () => {
    const tasks = bodies.map((body) => ({
      ...{ op: 'opendkim-sign', message: mailOf(body), domain: 'example.com', selector: 'rsa' },
      key: rsa.pem,
    }));
    for (const { code, out, error } of ask<{ code: number; out: string; error: string }>(tasks)) {
      expect([code, error]).toEqual([0, '']);
      expect(await verifiedDkim(takeIn(out), { txt })).toMatchObject([
        { result: 'policy', cause: 'weak_algorithm' },
      ]);
    }
  });
});
