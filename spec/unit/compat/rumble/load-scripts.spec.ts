// How scripts of option load-script are loaded: one environment for each, which lives as long as the process; what is wrong with one stops the
// start.
import { describe, expect, it } from 'vitest';
import { startRumble } from '../../../fakes/rumble-rig.ts';
import { WholeServer } from '../../../fakes/whole-server.ts';

async function problemOf(source: string, options = {}): Promise<string | undefined> {
  const rig = await startRumble({ 'dir/a.lua': source }, { options });
  if ('problem' in rig) return rig.problem;
  rig.close();
  return undefined;
}

describe('a script', () => {
  it.each([
    ['an error at its file level', 'local x = 1\nerror("no good")', 'load-script: dir/a.lua:2: no good'],
    ['a mistake of syntax', 'x = = 1', 'load-script: dir/a.lua:1: unexpected symbol near '],
    ['a loop at its file level', 'while true do end', 'load-script: stopped: dir/a.lua:1: '],
    [
      'a module that is not there',
      'require "nothing.there"',
      "load-script: dir/a.lua:1: module 'nothing.there' not found",
    ],
  ])('with %s stops the start, with file and line', async (_what, source, message) => {
    expect(await problemOf(source, { 'hook-cpu-limit': '100' })).toContain(message);
  });

  it('that is not there stops the start', async () => {
    const server = WholeServer.start({ options: { 'load-script': '/nonexistent/a.lua' } });
    await expect(server).rejects.toThrow(
      'load-script: /nonexistent/a.lua: cannot read the script: ENOENT: no such file or directory',
    );
  });

  it('has a chunk name that is its path as given, Lua 5.1, and the tables as globals', async () => {
    const rig = await startRumble({
      'dir/a.lua': `print(debug.getinfo(1).short_src, (unpack({ 1 })), type(loadstring), type(setfenv))
        print(type(Rumble.setHook), type(file), type(network), type(hook), type(client), type(dns))`,
    });
    if ('problem' in rig) throw new Error(rig.problem);
    rig.close();
    expect(rig.log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info dir/a.lua\t1\tfunction\tfunction',
      'info function\ttable\ttable\tnil\tnil\tnil',
    ]);
  });

  it('has globals of its own, and no other script sees what it changes', async () => {
    const rig = await startRumble({
      'a.lua': 'mine = 1 function string.shout(s) return s:upper() end print(("x"):shout())',
      'b.lua': 'print(tostring(mine), tostring(string.shout), ("a"):SHA256():sub(1, 4))',
    });
    if ('problem' in rig) throw new Error(rig.problem);
    rig.close();
    expect(rig.log.lines.map(({ message }) => message)).toEqual(['X', 'nil\tnil\tca97']);
  });
});

describe('Rumble.setHook', () => {
  it.each([
    ['smtp', 'accept', '', true],
    ['SMTP', 'Close', '', true],
    ['smtp', 'command', ', "RCPT"', true],
    ['smtp', 'command', ', "noop"', true],
    ['smtp', 'command', '', true],
    ['pop3', 'accept', '', false],
    ['imap4', 'command', ', "login"', false],
    ['Mailman', 'close', '', false],
  ])('takes a function for %s, %s%s: %s', async (service, when, command, isFirst) => {
    const source = `print(Rumble.setHook(function() end, '${service}', '${when}'${command}))`;
    const rig = await startRumble({ 'a.lua': source });
    if ('problem' in rig) throw new Error(rig.problem);
    rig.close();
    const said = rig.log.lines.map(({ message }) => message);
    expect(said.at(-1)).toBe(String(isFirst));
    expect(said.length).toBe(isFirst ? 1 : 2);
  });

  it.each([
    ["function() end, 'http', 'accept'", 'there is no service "http"; right would be: smtp'],
    [
      "function() end, 'smtp', 'before'",
      'there is no moment "before"; right would be: accept, command, close',
    ],
    ["nil, 'smtp', 'accept'", "bad argument #1 to 'Rumble.setHook' (function expected, got nil)"],
    ["12, 'smtp', 'accept'", "bad argument #1 to 'Rumble.setHook' (function expected, got number)"],
    ["{}, 'smtp', 'accept'", "bad argument #1 to 'Rumble.setHook' (function expected, got table)"],
  ])('says of %s what is wrong', async (args, message) => {
    expect(await problemOf(`Rumble.setHook(${args})`)).toContain(message);
  });

  it('says false to the scripts of another process than the first', async () => {
    const rig = await startRumble(
      { 'a.lua': 'print(Rumble.setHook(function() end, "smtp", "accept"))' },
      { isSecond: true },
    );
    if ('problem' in rig) throw new Error(rig.problem);
    rig.close();
    expect(rig.log.lines.map(({ message }) => message)).toEqual(['false']);
  });
});

it.each(['accounts mail send control', '', 'control'])('rumble-allow=%s is right', async (words) => {
  expect(await problemOf('', { 'rumble-allow': words })).toBeUndefined();
});

it('a word of rumble-allow that means nothing stops the start', async () => {
  expect(await problemOf('', { 'rumble-allow': 'accounts everything' })).toBe(
    'rumble-allow: everything is no word of it; right would be: accounts, mail, send, control',
  );
});

describe("require 'rumble' in a policy", () => {
  it('gives the tables; hooks and services are not for it', async () => {
    const server = await WholeServer.start({
      policy: `local tables = require 'rumble'
        function hook.ehlo()
          local ok, message = pcall(Rumble.setHook, function() end, 'smtp', 'accept')
          return '550 ' .. ('abc'):SHA256():sub(1, 4) .. ' ' .. tostring(file.exists('/etc')) .. ' ' ..
            network.getHostByName('192.0.2.1') .. ' ' .. tostring(tables.file == file) .. ' ' .. tostring(ok) .. ' ' .. message
        end`,
    });
    const client = await server.greeted();
    const reply = await client.command('EHLO x');
    expect(reply).toContain('550 ba78 true 192.0.2.1 true false ');
    expect(reply).toContain(
      'Rumble.setHook is for scripts of option load-script; a policy has hook.* instead',
    );
    client.destroy();
    await server.stop();
  });

  it('changes nothing for a policy without it', async () => {
    const server = await WholeServer.start({
      policy: `function hook.ehlo() return '550 ' .. type(Rumble) .. type(file) .. type(network) .. type(string.SHA256) end`,
    });
    const client = await server.greeted();
    expect(await client.command('EHLO x')).toBe('550 nilnilnilnil\r\n');
    client.destroy();
    await server.stop();
  });
});
