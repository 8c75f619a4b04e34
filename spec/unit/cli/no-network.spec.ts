// What `smtpe check` lets a policy, an authentication script and a push script do while they are only looked at: nothing of mail and dicts is changed.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../../src/app.ts';
import { silentWriter } from '../../../src/base/log.ts';
import { noNetwork } from '../../../src/cli/no-network.ts';
import { openEventLog } from '../../../src/observe/event-log.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { checkPolicy } from '../../../src/policy/check-policy.ts';

let directory: string;
let app: App;
const options = createOptions({});
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-check-'));
  await mkdir(join(directory, 'mail', 'bob'), { recursive: true });
  await writeFile(join(directory, 'message'), 'Subject: x\r\n\r\nx\r\n');
  await writeFile(join(directory, 'dict'), 'shared/there\nyes\n');
  options.set('smtp-smart-host', `maildir:${directory}/mail/%n`, 'spec');
  app = await createApp(
    { options, log: openEventLog(silentWriter), onBroken: () => undefined },
    noNetwork(options),
  );
});
afterAll(async () => {
  app.close();
  await rm(directory, { recursive: true, force: true });
});

const there = async (): Promise<readonly string[]> =>
  (await readdir(directory, { recursive: true })).filter((name) => !name.endsWith('.lua')).sort();

const written = async (text: string): Promise<string> => {
  const path = join(directory, 'a.lua');
  await writeFile(path, text.replaceAll('DIR', directory));
  return path;
};

/** What the file level has raised. */
async function raised(text: string): Promise<string> {
  const [file] = await checkPolicy(app.place(await written(text)));
  return file?.refused[0] ?? 'nothing was raised';
}

const BOX = "local user = storage.user('bob@x.test')\nlocal box = user:mailbox('inbox')\n";

describe('smtpe check changes nothing', () => {
  it.each([
    "box:deliver('DIR/message')",
    "box:save('DIR/message')",
    'box:status()',
    'box:messages()',
    "box:flags(1, 'add', { 'Seen' })",
    'box:expunge(1)',
    "box:copy(1, 'Work')",
    "box:move(1, 'Work')",
    "box:metadata('/private/comment')",
    "box:set_metadata('/private/comment', 'x')",
    "user:create('Work')",
    "user:delete('Work')",
    "user:rename('Work', 'Play')",
    "user:subscribe('INBOX')",
    "user:unsubscribe('INBOX')",
    'user:list()',
  ])('storage: %s', async (call) => {
    const before = await there();
    const text = await raised(
      `${BOX}local done, cause, text = ${call}\nerror(tostring(done) .. ' ' .. cause .. ' ' .. text)`,
    );
    expect(text).toContain('nil refused ');
    expect(text).toContain('smtpe check opens no mailbox');
    expect(await there()).toEqual(before);
  });

  it.each(['file:DIR/dict', 'file:DIR/new/dict'])('dict %s is read, and not written', async (name) => {
    const before = await there();
    const text = await raised(`local d = dovecot.dict('${name}')
local was = d:lookup('shared/there')
local t = d:transaction_begin() t:set('shared/a', 'x')
local ok, why = pcall(t.commit, t)
error(tostring(was and was[1]) .. ' ' .. tostring(ok) .. ' ' .. tostring(why))`);
    expect(text).toContain(name.includes('new') ? 'nil false' : 'yes false');
    expect(text).toContain('dict transaction commit failed: smtpe check writes no dict');
    expect(await there()).toEqual(before);
  });

  it('what a push script does in script_init', async () => {
    const path = await written(`function script_init()
  local d = dovecot.dict('file:DIR/new')
  local t = d:transaction_begin() t:set('shared/a', 'x') t:commit()
end`);
    const before = await there();
    const its = options.fork();
    its.set('push-script', path, 'spec');
    expect(await app.pushScripts.prepare(its)).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('smtpe check writes no dict'),
    });
    expect(await there()).toEqual(before);
  });
});
