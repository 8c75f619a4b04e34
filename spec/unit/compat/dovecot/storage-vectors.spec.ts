// What mail_user, mailbox and their methods gave in Dovecot 2.3.19.1 (spec/vectors/dovecot.json), in the running engine. Where ours is another answer,
// recorded-differences has it with the reason.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PushRig, startPush } from '../../../fakes/push-scripts.ts';
import { octets } from '../../../fakes/push-vectors.ts';
import { recordedDifferences } from './recorded-differences.ts';
import { replayed, vectorScripts } from './vector-rows.ts';

/** Instead of the one of the recording, which is not in the file: a value as JSON. */
const SERIALIZER = `
local json = require 'json'
local function ser(v) return json.encode(v) end
`;

/** Every call of the script, in order, by its name; those of both deliveries. */
type Noted = readonly { readonly name: string; readonly ok: boolean; readonly values: readonly string[] }[];

function noted(lines: readonly string[]): Noted {
  return lines.flatMap((line) => {
    const [, name = '', ok, n, rest = ''] = /^info: NOTE (.*?) (true|false) n=(\d+) ?(.*)$/s.exec(line) ?? [];
    if (ok === undefined) return [];
    return [{ name, ok: ok === 'true', values: n === '0' ? [] : rest.split(' | ') }];
  });
}

const MESSAGE = 'From: a@x.test\nSubject: s\n\nb\n';

async function run(script: string): Promise<{ rig: PushRig; first: Noted; second: Noted }> {
  const text = octets(vectorScripts[script] ?? '').replace('local ser = ... (a serializer)', SERIALIZER);
  const started = await startPush(
    { 'script.lua': text },
    { 'push-script': 'script.lua', 'plugin-push_lua_url': 'http://127.0.0.1:1/', 'plugin-foo_setting': 'x' },
  );
  if ('problem' in started) throw new Error(started.problem);
  await started.deliver('bob', MESSAGE);
  await started.told();
  const first = noted(started.said());
  // Between the deliveries somebody has read the first message.
  const box = started.mail.box('/home/bob', 'INBOX');
  for (const message of box.messages.values()) Object.assign(message, { flags: ['\\Seen'], isRecent: false });
  box.keywords = ['$Work'];
  await started.deliver('bob', MESSAGE);
  await started.told();
  return { rig: started, first, second: noted(started.said()) };
}

const runs = new Map<string, Awaited<ReturnType<typeof run>>>();
beforeAll(async () => {
  for (const script of ['objects/mail-user', 'objects/mailbox']) runs.set(script, await run(script));
});
afterAll(() => {
  for (const { rig } of runs.values()) rig.close();
});

const { mailboxes: ofMailbox, users: ofUser } = replayed;

/** What varies by its name; of a modseq only its growth means something. */
function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const table: Record<string, unknown> = { ...value };
  if (typeof table.uidvalidity === 'number' && table.uidvalidity !== 0) table.uidvalidity = 'UIDVALIDITY';
  if (typeof table.highest_modseq === 'number' && table.highest_modseq > 0) table.highest_modseq = 'MODSEQ';
  return table;
}

function shown(value: string): unknown {
  const named = value
    .replace(/^SESS1$/, 'SESSIONID')
    .replace(/^\/home\/bob$/, 'HOME/bob')
    .replace(new RegExp(`^${process.pid}$`), 'PID');
  // Behind a table the recording has nothing.
  const table = /^(?:\{.*\}|\[.*\])/s.exec(named)?.[0];
  return table === undefined ? named : comparable(JSON.parse(table));
}

describe.each([
  ['mail_user', 'objects/mail-user', ofUser],
  ['mailbox', 'objects/mailbox', ofMailbox],
] as const)('%s as Dovecot has it', (_what, script, cases) => {
  it.each(cases.map((one) => [one.id, one] as const))('%s', (id, given) => {
    // Two rows of mailbox are from the other script.
    const its = /^mailbox\/deliver\//.test(id) ? 'objects/mail-user' : script;
    const { first, second } = runs.get(its) ?? { first: [], second: [] };
    const from = id.includes('/deliver-2/') ? second : first;
    const call = from.find(({ name }) => name === id.split('/').slice(2).join('/'));
    if (call === undefined) throw new Error(`${id}: the script has no such call`);
    const ours = { ok: call.ok, values: call.values.map(shown) };
    const theirs = {
      ok: given.ok,
      values: given.values?.map((one) => (/%p$/.test(id) ? 'PID' : comparable(one))),
    };
    const difference = recordedDifferences[id];
    if (difference === undefined) expect(ours).toEqual(theirs);
    else {
      expect(ours).toEqual(difference.ours);
      expect(ours, `${id} is no difference any more`).not.toEqual(theirs);
    }
  });
});

it('a modseq grows', () => {
  const modseq = (calls: Noted): number => {
    const { values } = calls.find(({ name }) => name === 'status-modseq') ?? { values: [] };
    return (JSON.parse(values[0] ?? '{}') as { readonly highest_modseq: number }).highest_modseq;
  };
  const { first, second } = runs.get('objects/mailbox') ?? { first: [], second: [] };
  expect(modseq(second)).toBeGreaterThan(modseq(first));
});
