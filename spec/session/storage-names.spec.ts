// Names that a policy gives to module storage: none leads out of the user's mail, is made up, or raises; what the tree of a user may be linked to.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
let mail = '';
beforeAll(async () => {
  mail = await mkdtemp(join(tmpdir(), 'smtpe-storage-'));
  await mkdir(join(mail, 'users/bob'), { recursive: true });
  await writeFile(join(mail, 'message'), 'Subject: x\r\n\r\nbody\r\n');
  server = await WholeServer.start({
    // What is to be run lies in a file, and so does what it returns, a line for each call.
    policy: `
local function answer(...)
  local texts = {}
  for n = 1, 3 do texts[n] = tostring((select(n, ...))) end
  return table.concat(texts, ' | ')
end
function hook.noop()
  local file = io.open('${mail}/lua')
  local f = assert(load('local bob, user, path, long, answer = ... ' .. file:read('*a')))
  file:close()
  local _, text = pcall(f, storage.user('bob'), storage.user, '${mail}/message', ('x'):rep(300), answer)
  file = io.open('${mail}/said', 'w')
  file:write(tostring(text))
  file:close()
end`,
    options: { 'smtp-smart-host': `maildir:${mail}/users/%n` },
  });
});
afterAll(async () => {
  await server.stop();
  await rm(mail, { recursive: true, force: true });
});

async function run(lua: string): Promise<string> {
  await writeFile(join(mail, 'lua'), lua);
  const client = await server.greeted();
  await client.command('NOOP');
  client.destroy();
  return (await readFile(join(mail, 'said'), 'utf8')).replaceAll(mail, 'MAIL');
}
/** The answer of one call. */
const one = (call: string): Promise<string> => run(`return answer(${call})`);
/** Everything that is there, but the message to be put somewhere. */
const everything = async (): Promise<readonly string[]> =>
  (await readdir(mail, { recursive: true })).filter((name) => name.startsWith('users')).sort();

const ofUsers = [
  "'..'",
  "'../users/bob'",
  "'/etc'",
  "'bob/../bob'",
  "'bo\\0b'",
  "'bo\\nb'",
  "'.bob'",
  "''",
  'long',
  "'\\255'",
  `'"../bob"@x.test'`,
];
it('of a user lead nowhere else', async () => {
  const calls = ofUsers.map((name) => `answer(user(${name}))`).join(',\n');
  const said = (await run(`return table.concat({ ${calls} }, '\\n')`)).split('\n');
  expect(said).toEqual(ofUsers.map(() => 'nil | bad_name | no directory of a user can have that name'));
});

it('a user without a directory is missing, and none is made', async () => {
  expect(await one("user('carol'):mailbox('INBOX'):deliver(path)")).toMatch(/^nil \| missing \| /);
  expect(await everything()).toEqual(['users', 'users/bob']);
});

const ofMailboxes: readonly (readonly [string, string])[] = [
  ["'..'", 'begins with .'],
  ["'../carol'", 'begins with .'],
  ["'Work/../../carol'", 'begins with .'],
  ["'/etc'", 'is empty'],
  ["'Work/'", 'is empty'],
  ["''", 'is empty'],
  ["'a.b'", 'has . in it'],
  ["'~root'", 'begins with ~'],
  ["'a\\0b'", 'control character'],
  ["'a\\nb'", 'control character'],
  ['long', 'too long'],
  ["('a/'):rep(16) .. 'a'", 'at most 16 parts'],
  ["'\\255'", 'begins with ~'],
];
/** All that takes the name of a mailbox. */
const calls = [
  'bob:create(name)',
  'bob:delete(name)',
  "bob:rename(name, 'New')",
  'bob:subscribe(name)',
  'bob:unsubscribe(name)',
  'box:deliver(path)',
  'box:save(path)',
  'box:status()',
  'box:messages()',
  "box:flags(1, 'add', 'Seen')",
  'box:expunge(1)',
  "box:copy(1, 'INBOX')",
  "box:move(1, 'INBOX')",
  "box:metadata('/private/a')",
  "box:set_metadata('/private/a', 'b')",
];
it.each(ofMailboxes)('the mailbox %s is bad_name to every call', async (name, why) => {
  const all = calls.map((call) => `answer(${call})`).join(',\n');
  const said = (
    await run(`local name = ${name} local box = bob:mailbox(name) return table.concat({ ${all} }, '\\1')`)
  ).split('\x01');
  expect(said.length).toBe(calls.length);
  for (const [at, line] of said.entries()) {
    expect(line, calls[at]).toMatch(/^nil \| bad_name \| /);
    expect(line, calls[at]).toContain(why);
  }
});

it('nothing of all that was made', async () => {
  expect(await everything()).toEqual(['users', 'users/bob']);
});

describe('links', () => {
  it('of a folder, and of its new and cur, lead where the owner has put them', async () => {
    expect(await one("bob:create('Work')")).toMatch(/^true/);
    const away = join(mail, 'away');
    await mkdir(join(away, 'Linked/new'), { recursive: true });
    for (const part of ['tmp', 'cur']) await mkdir(join(away, 'Linked', part));
    await symlink(join(away, 'Linked'), join(mail, 'users/bob/.Linked'));
    const work = join(mail, 'users/bob/.Work');
    for (const part of ['new', 'cur']) {
      await rm(join(work, part), { recursive: true });
      await mkdir(join(away, `work-${part}`));
      await symlink(join(away, `work-${part}`), join(work, part));
    }
    for (const box of ['Linked', 'Work']) {
      expect(await one(`bob:mailbox('${box}'):deliver(path)`)).toMatch(/^1 /);
      expect(await one(`bob:mailbox('${box}'):save(path, 'Seen')`)).toMatch(/^2 /);
      expect(await one(`#bob:mailbox('${box}'):messages()`)).toMatch(/^2 /);
      expect(await one(`bob:mailbox('${box}'):flags(1, 'add', 'Seen')`)).toMatch(/^1 /);
      expect(await one(`bob:mailbox('${box}'):expunge({ 1, 2 })`)).toMatch(/^2 /);
    }
    expect((await readdir(join(away, 'work-cur'))).length).toBe(0);
    expect(
      await run(
        'local t = {} for _, b in ipairs(bob:list()) do t[#t + 1] = b.name end return table.concat(t, ",")',
      ),
    ).toBe('INBOX,Linked,Work');
    // What is deleted is the link, and nothing behind it.
    expect(await one("bob:delete('Linked')")).toMatch(/^true/);
    expect(await readdir(join(away, 'Linked'))).toContain('cur');
  });

  it('that are files of messages are none, and stay', async () => {
    await symlink('/etc/hostname', join(mail, 'users/bob/.Work/new/1700000000.link.x'));
    expect(await one("#bob:mailbox('Work'):messages()")).toMatch(/^0 /);
    expect(await readFile(join(mail, 'users/bob/.Work/new/1700000000.link.x'), 'utf8')).not.toBe('');
  });

  it('that lead in a ring are an error, and no more', async () => {
    await symlink('.Ring', join(mail, 'users/bob/.Ring'));
    expect(await one("bob:mailbox('Ring'):deliver(path)")).toMatch(/^nil \| failed \| .*ELOOP/);
    expect(await one("bob:create('Ring')")).toMatch(/^nil \| failed \| .*ELOOP/);
    expect(await one('#bob:list()')).not.toMatch(/raised|nil \|/);
  });
});

it('a folder that is a file is refused, and stays', async () => {
  await writeFile(join(mail, 'users/bob/.File'), 'mine');
  expect(await one("bob:create('File')")).toMatch(/^nil \| refused \| .*there is a file of that name/);
  expect(await one("bob:mailbox('File'):deliver(path)")).toMatch(/^nil \| (missing|refused) \| /);
  expect(await one("bob:rename('File', 'Other')")).toMatch(/^nil \| missing \| /);
  expect(await one("bob:rename('Work', 'File')")).toMatch(/^nil \| /);
  expect(await one("bob:delete('File')")).toMatch(/^nil \| missing \| /);
  expect(await readFile(join(mail, 'users/bob/.File'), 'utf8')).toBe('mine');
});
