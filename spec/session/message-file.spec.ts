// What a policy may do to the file of a message, and what becomes of it: forwarded as it then is, with the headers as edited, or 451 and a log line that
// says why. Never half of one message and half of another.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const HEADERS = 'From: a@x.example\r\nSubject: hi\r\n';
const BODY = 'hello\r\n';
const NEW =
  'Subject: changed\\r\\nX-New: 1\\r\\n\\r\\nnew body that is a lot longer than the old one was, line one\\r\\n';

/** Lua functions that the cases put together; `change` is kept for the message in `what`. */
const policy = `
local function rewrite(path, content) local f = assert(io.open(path, 'wb')) f:write(content) f:close() end
local function append(path, content) local f = assert(io.open(path, 'ab')) f:write(content) f:close() end
local function read(path) local f = assert(io.open(path, 'rb')) local all = f:read('*a') f:close() return all end
local actions = {
  rewrite = function(path) rewrite(path, '${NEW}') end,
  same_length = function(path) local all = read(path) rewrite(path, 'X' .. all:sub(2)) end,
  same_headers = function(path) rewrite(path, read(path):gsub('hello', 'another text')) end,
  shorter = function(path) rewrite(path, 'A: 1\\r\\n\\r\\n') end,
  append = function(path) append(path, 'disclaimer\\r\\n') end,
  empty = function(path) rewrite(path, '') end,
  remove = function(path) os.remove(path) end,
  rename = function(path) os.rename(path, path .. '.away') end,
  put = function(path) os.rename(path, path .. '.away') rewrite(path, '${NEW}') end,
  symlink = function(path) os.remove(path) os.execute('ln -s /etc/passwd ' .. path) end,
  directory = function(path) os.remove(path) os.execute('mkdir ' .. path) end,
  look = read,
  copy = function(path) rewrite(path .. '.away', read(path)) end,
  header = function() header.add('X-A: 1') end,
  delete = function() header.delete('Subject', 1) end,
}
local todo = {}
local function run(at, path) for _, name in ipairs(todo[at] or {}) do actions[name](path) end end
-- MAIL FROM:<hook.action.action_hook.action@x.example>
function hook.mail(sender)
  todo = {}
  for part in sender:match('^[^@]*'):gmatch('[^+]+') do
    local at, names = part:match('^(%l+)%.(.*)$')
    todo[at] = {}
    for name in names:gmatch('[%l_]+') do table.insert(todo[at], name) end
  end
end
function hook.header() run('header', client.msg_file) end
function hook.eoh() run('eoh', client.msg_file) end
function hook.dot(path) run('dot', path) end
function hook.forward(path) run('forward', path) end
function hook.reset()
  os.remove((client.msg_file or '') .. '.away')
  if todo.dot and todo.dot[1] == 'directory' then os.execute('rmdir ' .. client.msg_file) end
end
`;

let hop: NextHop;
let server: WholeServer;
let client: RigClient;

async function begin(memory: string): Promise<void> {
  hop = await NextHop.start();
  server = await WholeServer.start({
    policy,
    options: { 'smtp-smart-host': hop.target, 'spool-memory': memory },
  });
  client = server.inMemory();
  await client.reply();
  await client.command('EHLO client.example');
}

async function send(todo: string, content = `${HEADERS}\r\n${BODY}`): Promise<string> {
  expect(await client.command(`MAIL FROM:<${todo}@x.example>`)).toMatch(/^250/);
  expect(await client.command('RCPT TO:<b@example.net>')).toMatch(/^250/);
  expect(await client.command('DATA')).toMatch(/^354/);
  client.send(`${content}.\r\n`);
  return client.reply();
}

const contents = (): string[] => hop.connections.flatMap((connection) => connection.contents).map(String);
const changed = NEW.replaceAll('\\r\\n', '\r\n');

describe.each([
  ['in memory until somebody looks', '1000000'],
  ['on disk at once', '0'],
])('a message %s', (_title, memory) => {
  beforeAll(() => begin(memory));
  afterAll(async () => {
    await client.quit();
    await server.stop();
    await hop.close();
  });
  let before: number;
  beforeEach(() => {
    before = contents().length;
  });

  test.each([
    ['dot.look', `${HEADERS}\r\n${BODY}`],
    ['dot.copy', `${HEADERS}\r\n${BODY}`],
    ['dot.rewrite', changed],
    ['dot.put', changed],
    ['dot.shorter', 'A: 1\r\n\r\n'],
    ['dot.same_length', `X${HEADERS.slice(1)}\r\n${BODY}`],
    ['dot.append', `${HEADERS}\r\n${BODY}disclaimer\r\n`],
    ['dot.append.header', `${HEADERS}X-A: 1\r\n\r\n${BODY}disclaimer\r\n`],
    ['dot.header.append', `${HEADERS}X-A: 1\r\n\r\n${BODY}disclaimer\r\n`],
    ['dot.same_headers.delete', 'From: a@x.example\r\n\r\nanother text\r\n'],
    ['dot.delete.same_headers.header', 'From: a@x.example\r\nX-A: 1\r\n\r\nanother text\r\n'],
    ['eoh.header+dot.append', `${HEADERS}X-A: 1\r\n\r\n${BODY}disclaimer\r\n`],
    ['eoh.look+dot.header', `${HEADERS}X-A: 1\r\n\r\n${BODY}`],
    ['forward.append', `${HEADERS}\r\n${BODY}disclaimer\r\n`],
    ['dot.header+forward.append', `${HEADERS}X-A: 1\r\n\r\n${BODY}disclaimer\r\n`],
  ])('%s is forwarded as it then is', async (todo, content) => {
    expect(await send(todo)).toMatch(/^250 /);
    expect(contents().slice(before)).toEqual([content]);
  });

  test.each([
    ['dot.rewrite.header', 'its headers were changed'],
    ['dot.header.rewrite', 'its headers were changed'],
    ['dot.put.header', 'its headers were changed'],
    ['dot.same_length.header', 'its headers were changed'],
    ['dot.shorter.header', 'its headers were changed'],
    ['eoh.header+dot.rewrite', 'its headers were changed'],
    ['dot.empty', 'it is empty'],
    ['dot.empty.header', 'it is empty'],
    ['dot.remove', 'it is gone'],
    ['dot.remove.header', 'it is gone'],
    ['dot.rename', 'it is gone'],
    ['dot.symlink', 'no regular file'],
    ['dot.symlink.header', 'no regular file'],
    ['dot.directory', 'no regular file'],
    ['forward.remove', 'it is gone'],
    ['forward.symlink', 'no regular file'],
    ['eoh.rewrite', 'changed before hook.dot'],
    ['eoh.same_length', 'changed before hook.dot'],
    ['header.append', 'changed before hook.dot'],
    ['eoh.remove', 'it is gone'],
    ['eoh.put+dot.header', 'changed before hook.dot'],
  ])('%s is refused', async (todo, why) => {
    const lines = server.said(/^err the file of the message was changed/).length;
    expect(await send(todo)).toMatch(/^451 4\.3\.0 /);
    const said = server.said(/^err the file of the message was changed/).slice(lines);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(why);
    expect(contents()).toHaveLength(before);
    expect(await send('dot.look')).toMatch(/^250 /);
  });

  test('a message without body takes no text behind its headers when these were edited', async () => {
    expect(await send('dot.append.header', 'Subject: x\r\n')).toMatch(/^451 /);
    expect(await send('dot.header', 'Subject: x\r\n')).toMatch(/^250 /);
    expect(contents().at(-1)).toBe('Subject: x\r\nX-A: 1\r\n\r\n');
  });

  test('and nothing is left behind', async () => {
    expect((await server.holdings()).files).toEqual([]);
  });
});
