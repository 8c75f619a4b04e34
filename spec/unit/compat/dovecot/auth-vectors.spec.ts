// The log-ins and user look-ups that were recorded from Dovecot 2.3.19.1 (spec/vectors/dovecot.json), in the running engine. Where ours is
// another answer, recorded-differences has it with the reason.
import { afterAll, describe, expect, it } from 'vitest';
import { Hiding } from '../../../../src/base/hiding.ts';
import { type Started, startScripts } from '../../../fakes/dovecot-scripts.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed, requestOf, vectorScripts } from './vector-rows.ts';

const { brokenScripts, logIns, userLookUps } = replayed;

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const open: { close(): void }[] = [];
const started = new Map<string, Promise<Started>>();
afterAll(() => {
  for (const one of open) one.close();
});

/** The scripts of a case, started once; every `script.lua` of the file is one path. */
function start(names: readonly string[]): Promise<Started> {
  const key = names.join(' ');
  let rig = started.get(key);
  if (rig === undefined) {
    const paths = names.map((name, at) => [
      at === 0 ? 'script.lua' : `script${at}.lua`,
      octets(vectorScripts[name] ?? ''),
    ]);
    rig = startScripts(Object.fromEntries(paths) as Record<string, string>, { 'rcpt-userdb': '-' });
    started.set(key, rig);
    void rig.then((one) => {
      if ('close' in one) open.push(one);
    });
  }
  return rig;
}

async function ready(names: readonly string[]) {
  const rig = await start(names);
  if ('problem' in rig) throw new Error(rig.problem);
  return rig;
}

/** Lines as the file has them: without the session's part, doubled ones once, without what follows a traceback. */
function lines(log: readonly string[]): readonly string[] {
  const kept = log.filter((line) => !/^error: (?:stack traceback:|\t)/.test(line));
  return [...new Set(kept)];
}

/** What the recorded program said only where it was told to say more. */
const quiet = /^debug: |(?:Password mismatch|No password returned \(and no nopassword\))$/;
/** Lines with addresses and numbers of their own, looked at below or elsewhere. */
const varies: Readonly<Record<string, RegExp>> = {
  'auth/flags-and-consts/1-u': /^info: (?:PASSDB_|Lua )/,
  'auth/response-template/1-Bob@Example.test': /true table: 0x[0-9a-f]+$/,
};
const levels: Readonly<Record<string, string>> = { err: 'error' };

describe('log-ins as Dovecot answers them', () => {
  it.each(logIns.map((one) => [one.id, one] as const))('%s', async (id, given) => {
    const rig = await ready(given.scripts ?? [given.script ?? '']);
    const request = requestOf(given);
    const { reply } = given;
    const from = rig.log.lines.length;
    // Any password is right there, and a short one would hide the lines that vary.
    const password = id === 'auth/flags-and-consts/1-u' ? 'a longer one' : octets(request.password ?? '');
    const answer = await rig.verify(octets(request.user ?? ''), password, {
      address: request.rip ?? '192.0.2.7',
      realAddress: request.rip ?? '192.0.2.7',
      secure: false,
    });
    const { user, original_user: _, auth_user: __, ...fields } = reply?.fields ?? {};
    const shown =
      answer.kind === 'accepted'
        ? {
            result: 'OK',
            user: answer.user,
            ...Object.fromEntries(
              Object.entries(answer.fields ?? {}).map(([k, v]) => [k, v === '' ? true : v]),
            ),
          }
        : {
            result: 'FAIL',
            ...(answer.kind === 'unavailable' && { code: 'temp_fail' }),
            ...(answer.kind === 'refused' && answer.why === 'disabled' && { code: 'user_disabled' }),
            ...(answer.kind === 'refused' && answer.why === 'expired' && { code: 'pass_expired' }),
            ...(answer.kind === 'refused' && answer.reason !== undefined && { reason: answer.reason }),
          };
    const theirs = { result: reply?.result, ...(reply?.result === 'OK' && { user }), ...fields };
    const { changes = [], lines: more = [], ours } = recordedDifferences[id] ?? {};
    if (ours === undefined) expect(shown).toEqual(theirs);
    else {
      expect(shown).toEqual(ours);
      expect(shown, `${id} is no difference any more`).not.toEqual(theirs);
    }
    if (given.oracle_crashed === true) return;
    const change = (line: string): string =>
      changes.reduce((text, [from, to]) => text.replace(from, to), line);
    const recorded = (given.log ?? []).map(octets).join('\n');
    for (const [from] of changes)
      expect(
        recorded.split('\n').some((line) => line.search(from) >= 0),
        `${from} is not there any more`,
      ).toBe(true);
    const wanted = [
      ...lines(given.log ?? [])
        .map(octets)
        .map(change)
        .filter((line) => line !== ''),
      ...more,
    ];
    const said = rig.log.lines
      .slice(from)
      .map(({ level, message }) => `${levels[level] ?? level}: ${message}`)
      .filter((line) => wanted.includes(line) || !quiet.test(line))
      .filter((line) => varies[id]?.test(line) !== true);
    // Where the password of the recording stands in a line, it is hidden, or the line is.
    const hiding = new Hiding().add(octets(request.user ?? ''), password);
    const hidden = wanted.map((line, at) => {
      const [, level = '', text = ''] = /^(\w+: )(.*)$/s.exec(line) ?? [];
      return (
        [hiding.inLine(text), hiding.in(text)].map((one) => level + one).find((one) => one === said[at]) ??
        line
      );
    });
    expect(said).toEqual(hidden);
  });
});

describe('user look-ups as Dovecot answers them', () => {
  it.each(userLookUps.map((one) => [one.id, one] as const))('%s', async (id, given) => {
    const rig = await ready([given.script ?? '']);
    const from = rig.log.lines.length;
    const { lookup = '', exit_code: code, stdout = '' } = given;
    if (lookup === '*') {
      const users = await rig.scripts.users(new AbortController().signal);
      const wanted =
        code === 0 ? stdout.split('\n').filter((line) => line !== '') : { problem: expect.any(String) };
      expect('problem' in users ? users : [...users].sort()).toEqual(wanted);
      return;
    }
    const answer = await rig.look(lookup);
    // A user without a home is there all the same: it is no business of RCPT where the mail goes.
    const kind = id.endsWith('/nohome')
      ? 'known'
      : { 0: 'known', 67: 'unknown', 75: 'unavailable' }[code ?? -1];
    expect(answer.kind).toBe(kind);
    const said = rig.log.lines
      .slice(from)
      .map(({ level, message }) => `${levels[level] ?? level}: ${message}`);
    const change = (line: string): string =>
      line
        .replace('service=doveadm', 'service=smtp')
        .replace(/^(\w+): (?=(?:user)?db-lua)/, `$1: lua(${lookup},192.0.2.7,<SESS1>): `);
    expect(said).toEqual(lines(given.log ?? []).map(change));
  });
});

describe('scripts that do not start', () => {
  it.each(brokenScripts.map((one) => [one.id, one] as const))('%s', async (id, given) => {
    const rig = await start([given.script ?? '']);
    const ours = 'problem' in rig ? rig.problem : 'starts';
    const theirs = (given.log?.[0] ?? '').replace('fatal: passdb-lua: initialization failed: ', '');
    const difference = recordedDifferences[id];
    expect(ours).toBe(difference?.ours ?? theirs);
    if (difference !== undefined) expect(ours, `${id} is no difference any more`).not.toBe(theirs);
  });
});
