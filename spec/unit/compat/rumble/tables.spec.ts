// What Rumble's scripts have in `string`, `file` and `network`: a row for each that doc/rumble.md names.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Resolver } from '../../../../src/dns/resolver-api.ts';
import { allRumbleTables } from '../../../fakes/all-rumble-tables.ts';
import { type RumbleRigSettings, startRumble } from '../../../fakes/rumble-rig.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-rumble-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The values of an expression, each as Lua shows it, separated by blanks. */
async function shownOf(expression: string, settings: RumbleRigSettings = {}): Promise<string> {
  const rig = await startRumble({ 'a.lua': `print('=', ${expression})` }, settings);
  if ('problem' in rig) return rig.problem;
  const line = rig.log.lines.find(({ message }) => message.startsWith('=\t'));
  rig.close();
  return line?.message.slice(2) ?? 'nothing';
}

/** Expressions for one run of a script. */
async function valuesOf(expressions: readonly string[], settings?: RumbleRigSettings): Promise<string[]> {
  const rows = expressions.map((expression) => `{${expression}}`).join(', ');
  const source = `for _, row in ipairs { ${rows} } do
    local texts = {}
    for place, value in ipairs(row) do texts[place] = tostring(value) end
    print('=', table.concat(texts, ' '))
  end`;
  const rig = await startRumble({ 'a.lua': source }, settings);
  if ('problem' in rig) return [rig.problem];
  const said = rig.log.lines.filter(({ message }) => message.startsWith('=\t'));
  rig.close();
  return said.map(({ message }) => message.slice(2));
}

describe('string', () => {
  const cases: readonly (readonly [expression: string, value: string])[] = [
    ["('some text'):SHA256()", 'b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2'],
    ["string.SHA256('')", 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ["string.SHA256('abc')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ["('a\\0b'):SHA256() ~= ('a'):SHA256()", 'true'],
    ["('This is a test!'):encode64()", 'VGhpcyBpcyBhIHRlc3Qh'],
    ["('a'):encode64()", 'YQ=='],
    ["'[' .. (''):encode64() .. ']'", '[]'],
    ["#('x'):rep(54):encode64()", '72'],
    ["(('x'):rep(100):encode64():gsub('\\n', '|'))", `${'eHh4'.repeat(18)}|${'eHh4'.repeat(15)}eA==`],
    ["('VGhpcyBpcyBhIHRlc3Qh'):decode64()", 'This is a test!'],
    ["('YW!Jj'):decode64()", 'a'],
    ["('YQ'):decode64()", 'a'],
    ["#('Y'):decode64()", '0'],
    ["#('===='):decode64()", '0'],
    ["('Y W\\r\\n\\tJj'):decode64()", 'abc'],
    ["('YWJj=YWJj'):decode64()", 'abc'],
    ["string.SHA256(12) == ('12'):SHA256()", 'true'],
  ];
  it('has three functions more, which are methods of strings', async () => {
    expect(await valuesOf(cases.map(([expression]) => expression))).toEqual(cases.map(([, value]) => value));
  });

  it('gives back by decode64 what encode64 was given, whatever octets', async () => {
    const source = `(function()
      for length = 0, 200 do
        local octets = {}
        for place = 1, length do octets[place] = string.char((place * 37 + length) % 256) end
        local text = table.concat(octets)
        if text:encode64():decode64() ~= text then return length end
      end
      return 'same'
    end)()`;
    expect(await shownOf(source)).toBe('same');
  });

  it.each(['SHA256', 'encode64', 'decode64'])('%s says what is wrong with its argument', async (name) => {
    expect(await shownOf(`pcall(string.${name}, nil)`)).toContain(
      `bad argument #1 to 'string.${name}' (string expected, got nil)`,
    );
  });
});

describe('file', () => {
  const path = join(directory, 'here');
  writeFileSync(path, 'hello world', { mode: 0o644 });
  symlinkSync(path, join(directory, 'link'));
  symlinkSync(join(directory, 'nothing'), join(directory, 'dangling'));

  it('tells what is known of a file, through links', async () => {
    const link = join(directory, 'link');
    expect(
      await valuesOf([
        `file.stat('${path}').size, file.stat('${path}').mode, os.time() - file.stat('${path}').modified < 3600`,
        `file.stat('${link}').size, math.type(file.stat('${link}').created), math.type(file.stat('${link}').accessed)`,
        `file.stat('/tmp').mode // 4096, file.stat('/etc').mode`,
        `file.stat('${directory}/dangling') == nil, file.stat('/nonexistent/x') == nil, file.stat('a\\0b') == nil`,
      ]),
    ).toEqual(['11 33188 true', '11 integer integer', '4 16877', 'true true true']);
  });

  it('says whether a file is there', async () => {
    const names = [path, '/etc', '/nonexistent/x', join(directory, 'dangling'), '/dev/null'];
    const expressions = names.map((name) => `file.exists('${name}')`);
    expect(await valuesOf([expressions.join(', ')])).toEqual(['true true false false true']);
  });

  it('names the function whose argument is wrong', async () => {
    expect(await shownOf('pcall(file.stat)')).toContain("bad argument #1 to 'file.stat' (string expected");
  });
});

describe('network', () => {
  const zone: Readonly<Record<string, readonly { preference: number; value: string }[]>> = {
    'mx.test': [
      { preference: 20, value: 'B.mx.test.' },
      { preference: 10, value: 'a.MX.test.' },
    ],
    'null.test': [{ preference: 0, value: '.' }],
  };
  const addresses: Readonly<Record<string, readonly string[]>> = {
    'only-a.test': ['192.0.2.7'],
    'both.test': ['192.0.2.8', '2001:db8::8'],
    'six.test': ['2001:db8::6'],
  };
  const resolver = {
    query: async ({ name }: { readonly name: string }) => ({
      answer: (zone[name] ?? []).map((fields) => ({ type: 15, fields })),
    }),
    addresses: async (host: string) => addresses[host] ?? [],
  } as unknown as Resolver;

  it('gives the first IPv4 address of a host', async () => {
    const hosts = ['only-a.test', 'both.test', 'six.test', 'nothing.test', '192.0.2.99', '2001:db8::1', ''];
    const shown = hosts.map((host) => `tostring(network.getHostByName('${host}'))`).join(', ');
    expect(await shownOf(shown, { resolver })).toBe(
      ['192.0.2.7', '192.0.2.8', 'nil', 'nil', '192.0.2.99', 'nil', 'nil'].join('\t'),
    );
  });

  it.each([
    ['mx.test', '10 a.mx.test|20 b.mx.test'],
    ['only-a.test', '10 192.0.2.7'],
    ['null.test', '0 .'],
    ['nothing.test', ''],
    ['', ''],
  ])('gives the exchangers of %s', async (domain, expected) => {
    const expression = `(function()
      local texts = {}
      for place, entry in ipairs(network.getMX('${domain}')) do
        texts[place] = entry.preference .. ' ' .. entry.host
      end
      return '[' .. table.concat(texts, '|') .. ']'
    end)()`;
    expect(await shownOf(expression, { resolver })).toBe(`[${expected}]`);
  });
});

describe('the examples of the reference', () => {
  const examples = allRumbleTables().flatMap((table) =>
    table.functions.flatMap(({ name, examples: its }) =>
      its.map((example): readonly [string, string] => [`${table.name}.${name}`, example]),
    ),
  );
  it.each(examples)('that of %s runs', async (_name, example) => {
    const rig = await startRumble({ 'example.lua': example });
    expect('problem' in rig ? rig.problem : undefined).toBeUndefined();
    if (!('problem' in rig)) rig.close();
  });
});

describe('Rumble.readConfig', () => {
  // Whoever writes a script is not told where secrets lie, or what may have some in it.
  it.each([
    ['admin-token-file', undefined],
    ['store-password-file', undefined],
    ['smtp-forward-password-file', undefined],
    ['Auth-Script-Settings', undefined],
    ['smtp-error-url', 'https://mail.test/errors'],
  ])('%s: %s', async (option, value) => {
    const settings = { options: { [option.toLowerCase()]: value ?? '/etc/hidden' } };
    const read = `Rumble.readConfig('${option}'), Rumble.readConfig('${option.toUpperCase()}')`;
    expect(await shownOf(read, settings)).toBe(`${value ?? 'nil'}\t${value ?? 'nil'}`);
  });
});

describe('a wrong argument', () => {
  const names = [
    ...['SHA256', 'encode64', 'decode64'].map((name) => `string.${name}`),
    ...allRumbleTables().flatMap(({ name, functions }) => functions.map((one) => `${name}.${one.name}`)),
  ].filter((name) => !/^Rumble\.(?:dprint|reload|getLog|serverInfo|listModules)/.test(name));

  it('is told with the name that the author wrote, and where, of every function that wants one', async () => {
    const calls = names.map(
      (name) => `select(2, pcall(function() local one = ${name}(print, print, print, print) return one end))`,
    );
    const said = await valuesOf(calls, { options: { 'rumble-allow': 'accounts mail send control' } });
    const wrong = names
      .map((name, at) => [name, said[at] ?? ''] as const)
      .filter(([, message]) => /bad argument|library|rumble_/.test(message));
    expect(wrong.length).toBeGreaterThan(15);
    for (const [name, message] of wrong) {
      expect([name, message]).toEqual([name, expect.stringContaining(`'${name}'`)]);
      expect([name, message]).toEqual([name, expect.stringMatching(/^(?!.*lib-lua)[^ ]+:\d+: /)]);
    }
  });
});
