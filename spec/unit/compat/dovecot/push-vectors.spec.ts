// How push and mail scripts were called by Dovecot 2.3.19.1 (spec/vectors/dovecot.json), in the running engine. Where ours is another way,
// recorded-differences has it with the reason.
import { afterAll, describe, expect, it } from 'vitest';
import { type PushStarted, startPush } from '../../../fakes/push-scripts.ts';
import { octets } from '../../../fakes/push-vectors.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed, vectorScripts } from './vector-rows.ts';

const rigs: { close(): void }[] = [];
afterAll(() => {
  for (const rig of rigs) rig.close();
});

async function start(name: string): Promise<PushStarted> {
  // The recording's own mark in front of lines is not in the file.
  const text = octets(vectorScripts[name] ?? '').replaceAll('"NOTE ', '"');
  const isShared = name === 'push-txn/shared-script';
  const isMail = isShared || name.startsWith('push-txn/mail-lua');
  const rig = await startPush(
    { 'script.lua': text },
    { [isMail ? 'mail-lua-script' : 'push-script']: 'script.lua', 'plugin-foo_setting': 'from plugin block' },
  );
  if (!('problem' in rig)) rigs.push(rig);
  return rig;
}

/** Without what the recording has beside: the recipient in front of errors, and calls that led there. */
const lines = (log: readonly string[]): readonly string[] =>
  log
    .map((line) => line.replace(/^error: rcpt bob: /, 'error: '))
    .filter((line) => !/^error: (?:stack traceback:|\t)/.test(line));

const { transactions } = replayed;

describe('transactions as Dovecot tells scripts of them', () => {
  it.each(transactions.map((one) => [one.id, one] as const))('%s', async (id, given) => {
    const rig = await start(given.script ?? '');
    const difference = recordedDifferences[id];
    if ('problem' in rig) {
      expect({ problem: rig.problem }).toEqual(difference?.ours);
      return;
    }
    // The third delivery, over another connection, finds nothing of the first two.
    const isThird = id.endsWith('/third-new-connection');
    if (isThird)
      for (let n = 0; n < 2; n++) await rig.deliver('bob', 'From: a@x.test\n\nb\n', { isFirst: n === 0 });
    await rig.told();
    // The trial at the start calls script_init and script_deinit, too.
    rig.said();
    const result = await rig.deliver('bob', 'From: a@x.test\n\nb\n', { isFirst: !isThird });
    await rig.told();
    const ours = { result, log: lines(rig.said()).filter((line) => !/ in INBOX of bob$/.test(line)) };
    const theirs = { result: /^\['(\d+)/.exec(given.result ?? '')?.[1] ?? '', log: lines(given.log ?? []) };
    if (difference === undefined) expect(ours).toEqual(theirs);
    else {
      expect(ours).toEqual(difference.ours);
      expect(ours, `${id} is no difference any more`).not.toEqual(theirs);
    }
  });
});
