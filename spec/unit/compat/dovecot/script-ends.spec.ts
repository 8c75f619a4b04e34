// How scripts end: script_deinit at the end of each run of a mail or push script, whatever came before; at a reload and at the end of an
// authentication script, once nobody is asked by it any more. As tried with Dovecot 2.3.19.1 (doveadm and the auth service).
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startScripts } from '../../../fakes/dovecot-scripts.ts';
import { startPush } from '../../../fakes/push-scripts.ts';
import { waitUntil } from '../../../fakes/wait-until.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const MAIL = `
local calls = 0
function script_init() dovecot.i_info('init') return 0 end
function script_deinit() dovecot.i_info('script_deinit') end
function mail_user_created(user) dovecot.i_info('created') CREATED end
function mail_user_deinit_pre(user) dovecot.i_info('pre') PRE end
function mail_user_deinit(user) dovecot.i_info('deinit') end`;
const PUSH = `
function script_init() dovecot.i_info('init') return 0 end
function script_deinit() dovecot.i_info('script_deinit') DEINIT end
function dovecot_lua_notify_begin_txn() BEGIN end
function dovecot_lua_notify_event_message_new() NEW end
function dovecot_lua_notify_end_txn() dovecot.i_info('end') END end`;

/** \`what\` in place of one word of the script; the others are left out. */
const rows: readonly (readonly [
  option: 'mail-lua-script' | 'push-script',
  word: string,
  what: string,
  result: string,
  said: readonly (string | RegExp)[],
])[] = [
  ['mail-lua-script', 'CREATED', '', '250', ['init', 'created', 'pre', 'deinit', 'script_deinit']],
  [
    'mail-lua-script',
    'CREATED',
    "return -1, 'no'",
    '451',
    ['init', 'created', 'script_deinit', /mail_user_created\(user\) failed: no$/],
  ],
  [
    'mail-lua-script',
    'CREATED',
    "error('boom')",
    '451',
    ['init', 'created', 'script_deinit', /mail_user_created\(user\) failed: .*boom$/],
  ],
  ['mail-lua-script', 'CREATED', 'while true do end', '451', ['init', 'created', /was stopped/]],
  [
    'mail-lua-script',
    'PRE',
    "error('boom')",
    '250',
    ['init', 'created', 'pre', /mail_user_deinit_pre.* failed: .*boom$/, 'deinit', 'script_deinit'],
  ],
  ['push-script', 'NEW', '', '250', ['init', 'end', 'script_deinit']],
  ['push-script', 'NEW', "error('boom')", '250', ['init', /boom$/, 'end', 'script_deinit']],
  ['push-script', 'BEGIN', "error('boom')", '250', ['init', /boom$/, 'script_deinit']],
  ['push-script', 'END', "error('boom')", '250', ['init', 'end', /boom$/, 'script_deinit']],
  ['push-script', 'NEW', 'while true do end', '250', ['init', /was stopped/]],
  [
    'push-script',
    'DEINIT',
    "if started then error('boom') end",
    '250',
    ['init', 'end', 'script_deinit', /script_deinit\(\) failed: .*boom$/],
  ],
];
it.each(rows)('%s, %s is "%s": %s', async (option, word, what, result, wanted) => {
  const body = (option === 'push-script' ? PUSH : MAIL)
    .replace(word, what)
    .replace(/ (?:CREATED|PRE|DEINIT|BEGIN|NEW|END) end/g, ' end')
    // Only the trial at the start ends without an error.
    .replace(
      'function dovecot_lua_notify_begin_txn()',
      'function dovecot_lua_notify_begin_txn() started = true',
    );
  const rig = await startPush({ 'script.lua': body }, { [option]: 'script.lua', 'hook-cpu-limit': '500' });
  if ('problem' in rig) throw new Error(rig.problem);
  open.push(rig);
  rig.said();
  expect(await rig.deliver('bob', 'From: a@x.test\n\nb\n')).toBe(result);
  await rig.told();
  const said = rig.said().map((line) => line.replace(/^\w+: /, ''));
  const shown = said.filter((line) => !/ in INBOX of bob$/.test(line));
  expect(shown).toEqual(wanted.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
});

it.each([
  ['1', 'Script init failed'],
  ["'x'", 'script_init() returned non-number'],
  ["error('boom')", 'lua_pcall(script_init, 0, 1) failed: script.lua:5: boom'],
])(
  'a push script whose script_init gives %s at a message ends with script_deinit',
  async (value, problem) => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-ends-'));
    try {
      const script = `
function script_init()
  local file = io.open('${directory}/fail')
  if not file then return 0 end
  return ${value}
end
function script_deinit() dovecot.i_info('script_deinit') end
function dovecot_lua_notify_begin_txn() dovecot.i_info('begin') end
function dovecot_lua_notify_event_message_new() end
function dovecot_lua_notify_end_txn() end`;
      const rig = await startPush({ 'script.lua': script }, { 'push-script': 'script.lua' });
      if ('problem' in rig) throw new Error(rig.problem);
      open.push(rig);
      rig.said();
      await writeFile(join(directory, 'fail'), '');
      expect(await rig.deliver('bob', 'From: a@x.test\n\nb\n')).toBe('250');
      await rig.told();
      expect(rig.said().slice(1)).toEqual(['info: script_deinit', `error: rcpt bob: lua: ${problem}`]);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);

const AUTH = (name: string): string => `
function script_deinit() dovecot.i_info('deinit ${name}') DEINIT end
function auth_password_verify(req, password)
  if password == 'slow' then dovecot.http.client({}):request({ url = 'http://127.0.0.1:9/' }):submit() end
  return dovecot.auth.PASSDB_RESULT_OK, { by = '${name}' }
end`;

it('an authentication script ends when the last log-in by it has its answer, and once', async () => {
  const rig = await startScripts({ 'a.lua': AUTH('first').replace('DEINIT', '') });
  if ('problem' in rig) throw new Error(rig.problem);
  open.push(rig);
  const ended = (): readonly string[] =>
    rig.log.lines.map(({ message }) => message).filter((line) => /deinit/.test(line));
  const slow = rig.verify('u', 'slow');
  const next = await rig.scripts.prepare(rig.options, [
    { path: 'a.lua', text: AUTH('second').replace('DEINIT', "error('boom')"), files: [], missing: [] },
  ]);
  if (next.kind === 'failed') throw new Error(next.message);
  next.take();
  expect(await rig.verify('u', 'x')).toMatchObject({ fields: { by: 'second' } });
  expect(await slow).toMatchObject({ kind: 'accepted', fields: { by: 'first' } });
  await waitUntil(() => expect(ended()).toEqual(['deinit first']));
  // One that is broken is never asked, and the other one stays.
  const broken = await rig.scripts.prepare(rig.options, [
    {
      path: 'a.lua',
      text: `${AUTH('third').replace('DEINIT', '')} function script_init() return 1 end`,
      files: [],
      missing: [],
    },
  ]);
  expect(broken.kind).toBe('failed');
  expect(await rig.verify('u', 'x')).toMatchObject({ fields: { by: 'second' } });
  rig.close();
  await waitUntil(() =>
    expect(ended()).toEqual([
      'deinit first',
      'deinit second',
      expect.stringMatching(/^script_deinit\(\) failed: a\.lua:2: boom$/),
    ]),
  );
});
