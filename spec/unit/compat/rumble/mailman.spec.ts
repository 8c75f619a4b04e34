// The table Mailman: accounts, letters and mail that scripts send, row by row as doc/rumble.md has it.
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AccountsPort } from '../../../../src/accounts/place.ts';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import type { SmartHostDelivery } from '../../../../src/delivery/smart-host.ts';
import { type AccountsRig, openAccounts, value } from '../../../fakes/accounts-rig.ts';
import { console3 } from '../../../fakes/rumble-console.ts';
import { startRumble } from '../../../fakes/rumble-rig.ts';

let rig: AccountsRig | undefined;
let sent: SmartHostDelivery[] = [];
let answer: (delivery: SmartHostDelivery) => Promise<DeliveryOutcome> = delivered;
let clock = new FakeClock();
afterEach(async () => {
  await rig?.close();
  rig = undefined;
  sent = [];
  answer = delivered;
  clock = new FakeClock();
});

function delivered({ recipients }: SmartHostDelivery): Promise<DeliveryOutcome> {
  const text = '250 2.0.0 1700000000.M1P2Q3R4.mx,S=1,W=1';
  const rcpts = recipients.map((recipient) => ({ recipient, code: 250, text }));
  return Promise.resolve({ kind: 'delivered', host: 'accounts:', code: 250, text, rcpts });
}

const ALL = {
  'rumble-allow': 'accounts mail send',
  'rumble-relay': '+',
  'smtp-smart-host': 'accounts: hop.test',
};

async function accountsOf(): Promise<AccountsPort> {
  rig ??= await openAccounts();
  const { accounts } = rig;
  const port = {
    isNamed: true,
    open: async () => ({ kind: 'open', accounts }) as const,
    close: async () => undefined,
  };
  return { ...port, current: accounts };
}

/** What a script prints, a line for each call; or why it did not start. */
async function run(
  script: string,
  options: Readonly<Record<string, string>> = ALL,
): Promise<readonly string[]> {
  const mailman = {
    ...{ accounts: await accountsOf(), clock },
    forward: (delivery: SmartHostDelivery) => {
      sent.push(delivery);
      return answer(delivery);
    },
  };
  const started = await startRumble({ 'a.lua': script }, { mailman, options });
  if ('problem' in started) return [started.problem];
  const said = started.log.lines
    .filter(({ message }) => message.startsWith('=\t'))
    .map(({ message }) => message.slice(2));
  started.close();
  return said;
}

/** Each expression on a line of its own. */
const shown = (expressions: readonly string[], options = ALL): Promise<readonly string[]> =>
  run(expressions.map((one) => `print('=', ${one})`).join('\n'), options);

/** The console of the acceptance script, without its service. */
const [CONSOLE_COMMANDS = ''] = readFileSync(
  join(import.meta.dirname, '../../../session/rumble-cases/03-accounts.lua'),
  'latin1',
).split('local function console(');
const CONSOLE = `${CONSOLE_COMMANDS}
local function say(line)
  local words = {}
  for word in line:gmatch("%S+") do words[#words + 1] = word end
  local command = commands[table.remove(words, 1)]
  print('=', (command and command(unpack(words)) or "?"))
end
`;

describe('accounts', () => {
  it('are what a console of scripts sees', async () => {
    const dialogue = [
      ...console3,
      // An id is never given twice; nobody is taken away in the place of whoever gets his mail.
      ['domain shop.test', 'true'],
      ['add zoe shop.test mbox a', 'true'],
      ['list shop.test', '1 4=zoe'],
      ['add * shop.test alias - zoe@shop.test', 'true'],
      ['exists * shop.test', 'true true'],
      ['remove nobody shop.test', 'done'],
      ['who anybody shop.test', '5 *@shop.test alias [zoe@shop.test]'],
    ] as const;
    const said = await run(CONSOLE + dialogue.map(([line]) => `say(${JSON.stringify(line)})`).join('\n'));
    expect(dialogue.map(([line], at) => [line, said[at]])).toEqual(dialogue);
  });

  it('come back as they were listed, by all words for their type', async () => {
    const script = `
Mailman.createDomain('a.test')
local function saved(word) return Mailman.saveAccount{ name = word .. '1', domain = 'a.test', type = word, password = 'p', arguments = 'x' } end
for _, word in ipairs{ 'mbox', 'mailbox', 'alias', 'mod', 'module', 'feed', 'relay', 'what', 'Mbox' } do print('=', word, saved(word)) end
for _, account in ipairs(Mailman.listAccounts('a.test')) do
  assert(Mailman.saveAccount(account))
  print('=', account.id, account.name, account.type, Mailman.readAccount(account.id).type, account.password, account.arguments)
end`;
    expect(await run(script)).toEqual([
      ...[
        'mbox\ttrue',
        'mailbox\ttrue',
        'alias\ttrue',
        'mod\ttrue',
        'module\ttrue',
        'feed\ttrue',
        'relay\ttrue',
        'what\tfalse',
        'Mbox\tfalse',
      ],
      ...[
        '1\tmbox1\tmailbox\tmbox\tp\tx',
        '2\tmailbox1\tmailbox\tmbox\tp\tx',
        '3\talias1\talias\talias\tp\tx',
      ],
      ...[
        '4\tmod1\tmodule\tmodule\tp\tx',
        '5\tmodule1\tmodule\tmodule\tp\tx',
        '6\tfeed1\tfeed\tfeed\tp\tx',
        '7\trelay1\trelay\trelay\tp\tx',
      ],
    ]);
  });

  it('that are none give false, and what is no account raises', async () => {
    const save = (fields: string): string => `Mailman.saveAccount{ ${fields} }`;
    const whole = "name='b', domain='a.test', type='mbox', password='', arguments=''";
    const rows: readonly (readonly [string, string | RegExp])[] = [
      ["Mailman.createDomain('a.test')", 'true'],
      ['Mailman.readAccount()', 'false'],
      ['Mailman.readAccount(1)', 'false'],
      ["Mailman.readAccount('a.test')", 'false'],
      ["Mailman.readAccount('a.test', 'b')", 'false'],
      [save(`id=7, ${whole}`), 'false'],
      [save(`id=0, ${whole}`), 'true'],
      [
        "Mailman.readAccount('1').name, Mailman.readAccount(1, 'x').name, Mailman.readAccount('a.test', 'B').id",
        'b\tb\t1',
      ],
      [save(whole.replace("'b'", "'../b'")), 'false'],
      [save(whole.replace("'b'", "('x'):rep(300)")), 'false'],
      [save(whole.replace("'b'", "'a\\0b'")), 'false'],
      [save(whole.replace("'b'", '12')), 'true'],
      ["Mailman.accountExists('a.test', '12')", 'true'],
      [
        `pcall(function() return ${save(whole.replace("password='', ", ''))} end)`,
        /false\t.*Mailman\.saveAccount: field 'password' has to be a string, and is nil/,
      ],
      [
        "pcall(Mailman.saveAccount, 'x')",
        /bad argument #1 to 'Mailman\.saveAccount' \(table expected, got string\)/,
      ],
      ["Mailman.createDomain('b.test', '../out')", 'false'],
      ["Mailman.createDomain('b.test', 'x', 1)", 'true'],
      ["Mailman.listDomains()['b.test'].path, Mailman.listDomains()['b.test'].flags", 'x\t1'],
      ["select('#', Mailman.updateDomain('b.test', 'c.test'))", '0'],
      [
        "Mailman.listDomains()['c.test'].path, Mailman.listDomains()['c.test'].flags, Mailman.listDomains()['b.test'] == nil",
        '\t1\ttrue',
      ],
      [
        "Mailman.deleteAccount(99), Mailman.deleteAccount('a.test', '*'), Mailman.deleteAccount()",
        'false\tfalse\tfalse',
      ],
      ["Mailman.deleteAccount('a.test', 'B'), Mailman.deleteAccount(2)", 'true\ttrue'],
    ];
    const said = await shown(rows.map(([expression]) => expression));
    for (const [at, [expression, wanted]] of rows.entries()) {
      if (typeof wanted === 'string') expect([expression, said[at]]).toEqual([expression, wanted]);
      else expect(said[at]).toMatch(wanted);
    }
  });

  it('are checked by their password', async () => {
    expect(
      await run(`
Mailman.createDomain('a.test')
Mailman.saveAccount{ name = 'ann', domain = 'a.test', type = 'mbox', password = ('sesame'):SHA256(), arguments = '' }
print('=', Mailman.checkPassword('a.test', 'Ann', 'sesame'), Mailman.checkPassword('a.test', 'ann', 'x'), Mailman.checkPassword('b.test', 'ann', 'sesame'))`),
    ).toEqual(['true\tfalse\tfalse']);
  });
});

describe('without leave', () => {
  const calls: readonly (readonly [string, string])[] = [
    ["createDomain('a.test')", 'accounts'],
    ["deleteDomain('a.test')", 'accounts'],
    ["updateDomain('a.test', 'b.test')", 'accounts'],
    ['listDomains()', 'accounts'],
    ["listAccounts('a.test')", 'accounts'],
    ['readAccount(1)', 'accounts'],
    ['saveAccount({})', 'accounts'],
    ['deleteAccount(1)', 'accounts'],
    ["accountExists('a.test', 'x')", 'accounts'],
    ["addressExists('a.test', 'x')", 'accounts'],
    ["checkPassword('a.test', 'x', 'y')", 'accounts'],
    ['listFolders(1)', 'mail'],
    ['listHeaders(1)', 'mail'],
    ['readMail(1, 1)', 'mail'],
    ['deleteMail(1, 1)', 'mail'],
    ["sendMail('<a@a.test>', '<a@a.test>', 'x')", 'send'],
    ['getQueue()', 'send'],
  ];
  const script = calls.map(([call]) => `print('=', pcall(function() return Mailman.${call} end))`).join('\n');

  it('every function raises an error that names the word', async () => {
    const said = await run(script, {});
    for (const [at, [call, word]] of calls.entries())
      expect(said[at]).toMatch(
        new RegExp(`^false\\t.*Mailman\\.${call.split('(')[0]} is not allowed; .*rumble-allow with ${word}$`),
      );
    expect(said.length).toBe(calls.length);
  });

  it('or the option, when there is no database', async () => {
    const started = await startRumble({ 'a.lua': script }, { options: ALL });
    if ('problem' in started) throw new Error(started.problem);
    const said = started.log.lines.filter(({ message }) => message.startsWith('=\t'));
    started.close();
    expect(said.length).toBe(calls.length);
    for (const { message } of said)
      expect(message).toMatch(
        /^=\tfalse\t.*there are no accounts; name their database in option rumble-database$/,
      );
  });
});

describe('letters', () => {
  const put = async (name: string, text: string, place = 'new', user = 'ann'): Promise<void> => {
    const box = join((rig as AccountsRig).accounts.storage, 'a.test', user);
    for (const part of ['tmp', 'new', 'cur'])
      await mkdir(join(box, place === 'new' || place === 'cur' ? part : `${place}/${part}`), {
        recursive: true,
      });
    await writeFile(
      join(box, place === 'new' || place === 'cur' ? place : `${place}/new`, name),
      text,
      'latin1',
    );
  };
  const begin = async (): Promise<void> => {
    rig = await openAccounts();
    await rig.accounts.createDomain('a.test');
    for (const user of ['ann', 'bob'])
      await rig.accounts.save({ user, domain: 'a.test', type: 'mbox', password: '', arguments: '' });
  };
  const LIST = `
local function list(uid, folder)
  for _, letter in ipairs(Mailman.listHeaders(uid, folder)) do
    print('=', letter.id, letter.from or '-', letter.subject or '-', letter.read, letter.size, letter.sent, letter.file)
  end
end
`;

  it('are listed in the order of delivery, with what the server knows and their header fields', async () => {
    await begin();
    await put('1700000002.M2.x', 'From: b\r\nSubject: Second\r\n\r\nHello\r\n');
    await put(
      '1700000001.M9.x',
      'Id: 4711\r\nRead: yes\r\nSize: 0\r\nSent: 0\r\nFile: /etc\r\nFrom:\r\nSubject: one\r\nSUBJECT:  long\r\n\tand folded\r\n\r\n',
    );
    await put('1700000001.M8.x:2,S', 'From: a\nSubject: LF\n\nx\n', 'cur');
    expect(await run(`${LIST}list(1)\nlist(1, 0)\nlist(1, 'inbox')\nlist(2)\nlist(99)`)).toEqual(
      [0, 1, 2].flatMap(() => [
        '1\ta\tLF\ttrue\t23\t1700000001\t1700000001.M8.x',
        expect.stringMatching(/^2\t-\tlong\tand folded\tfalse\t\d+\t1700000001\t1700000001\.M9\.x$/),
        '3\tb\tSecond\tfalse\t35\t1700000002\t1700000002.M2.x',
      ]),
    );
    // Ids stay when another program moves it, and come never again.
    await run('Mailman.deleteMail(1, 3) Mailman.deleteMail(2, 2) Mailman.deleteMail(1, 99)');
    await put('1700000003.M1.x', 'Subject: new\r\n\r\n');
    expect((await run(`${LIST}list(1)`)).map((line) => line.split('\t')[0])).toEqual(['1', '2', '4']);
    expect(
      await shown([
        "select('#', Mailman.listHeaders())",
        "select('#', Mailman.listHeaders(0))",
        "#Mailman.listHeaders(1, 'none')",
        '#Mailman.listHeaders(1, 77)',
      ]),
    ).toEqual(['0', '0', '0', '0']);
  });

  it('are read as a tree, which is what transmitted them', async () => {
    await begin();
    const nested = [
      ...[
        'From: s@x.test',
        'Subject: Nested',
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=outer',
        '',
        'preamble',
        '--outer',
      ],
      ...[
        'Content-Type: multipart/alternative; boundary="inner"',
        '',
        '--inner',
        'Content-Type: text/plain',
        '',
        'plain',
        '--inner',
        'Content-Type: text/html',
        '',
      ],
      ...[
        '<p>html</p>',
        '--inner--',
        '--outer',
        'Content-Type: application/pdf;',
        ' name="a.pdf"',
        'Content-Transfer-Encoding: base64',
        '',
        'AAEC',
        '--outer',
      ],
      ...[
        'Content-Type: message/rfc822',
        '',
        'Subject: in',
        '',
        'inside',
        '--outer',
        '',
        '--outer--',
        'epilogue',
        '',
      ],
    ].join('\r\n');
    await put('1700000001.M1.x', nested);
    await put('1700000002.M1.x', 'Subject: First\r\n\r\nHello Carol\r\nbye\r\n');
    await put('1700000003.M1.x', 'Subject: empty\r\n\r\n');
    await put('1700000004.M1.x', `Subject: long\r\n\r\n${'x'.repeat(5000)}`);
    const outline = `
local function outline(part, depth)
  local kind = (part.headers["content-type"] or "text/plain"):match("^[^;%s]+")
  if part.parts then
    print('=', (" "):rep(depth) .. kind .. " (" .. #part.parts .. ")", part.body == nil)
    for _, child in ipairs(part.parts) do outline(child, depth + 1) end
  else print('=', (" "):rep(depth) .. kind .. " " .. #part.body, part.body:sub(1, 30)) end
end
local ids = {}
for place, letter in ipairs(Mailman.listHeaders(1)) do ids[place] = letter.id end
`;
    expect(
      await run(
        `${outline}local letter = Mailman.readMail(1, ids[1]) outline(letter, 0) print('=', letter.headers.subject, letter.sent, letter.file, letter.size == ${nested.length}, letter.truncated) print('=', letter.parts[2].headers['content-type'])`,
      ),
    ).toEqual([
      'multipart/mixed (4)\ttrue',
      ' multipart/alternative (2)\ttrue',
      '  text/plain 5\tplain',
      '  text/html 11\t<p>html</p>',
      ' application/pdf 4\tAAEC',
      ' message/rfc822 21\tSubject: in\r\n\r\ninside',
      ' text/plain 0\t',
      'Nested\t1700000001\t1700000001.M1.x\ttrue\tnil',
      'application/pdf; name="a.pdf"',
    ]);
    const limited = { ...ALL, 'rumble-read-max': '2000' };
    expect(
      await run(
        `${outline}
for at = 2, 4 do local letter = Mailman.readMail(1, ids[at]) outline(letter, 0) print('=', letter.truncated) end
for _, letter in ipairs(Mailman.listHeaders(1)) do print('=', letter.read) end
print('=', Mailman.readMail(2, ids[1]), Mailman.readMail(1, 999), Mailman.readMail(1), Mailman.readMail())`,
        limited,
      ),
    ).toEqual([
      ...[
        'text/plain 18\tHello Carol\r\nbye\r\n',
        'nil',
        'text/plain 0\t',
        'nil',
        `text/plain 2000\t${'x'.repeat(30)}`,
        'true',
      ],
      ...['true', 'true', 'true', 'true', 'nil\tnil\tnil'],
    ]);
  });

  // What a stranger sends must not be what a script cannot read.
  it.each([
    ['multiparts in multiparts', 60, 1, 0],
    ['many parts', 1, 120, 0],
    ['parts with many header fields', 2, 40, 300],
  ])('are read whatever they are made of: %s', async (_what, deep, wide, fields) => {
    await begin();
    const lines = ['Subject: x'];
    for (let level = 0; level < deep; level++)
      lines.push(`Content-Type: multipart/mixed; boundary=b${level}.`, '', `--b${level}.`);
    for (let part = 0; part < wide; part++) {
      if (part > 0) lines.push(`--b${deep - 1}.`);
      for (let field = 0; field < fields; field++) lines.push(`X-${field}: ${part}`);
      lines.push('', `part ${part}`);
    }
    for (let level = deep - 1; level >= 0; level--) lines.push(`--b${level}.--`);
    await put('1700000001.M1.x', [...lines, ''].join('\r\n'));
    const script = `
local part, depth = Mailman.readMail(1, Mailman.listHeaders(1)[1].id), 0
while part.parts and #part.parts == 1 do part, depth = part.parts[1], depth + 1 end
print('=', depth, part.parts and #part.parts)
for place, one in ipairs(part.parts or {}) do
  local count = 0
  for name, value in pairs(one.headers) do if value == tostring(place - 1) then count = count + 1 end end
  assert(one.body == 'part ' .. place - 1 and one.depth == nil and count == ${fields}, place)
end`;
    // limit-mime-depth of them.
    expect(await run(script)).toEqual([wide === 1 ? '50\tnil' : `${deep - 1}\t${wide}`]);
  });

  it('are many in one list, all of them once and in order', async () => {
    await begin();
    for (let at = 0; at < 120; at++) await put(`${1_700_000_000 + at}.M1.x,S=14,W=14`, 'Subject: x\r\n\r\n');
    const script = `
local letters = Mailman.listHeaders(1)
local isRight = #letters == 120
for place, letter in ipairs(letters) do isRight = isRight and letter.id == place and letter.sent == 1699999999 + place end
print('=', isRight)`;
    expect(await run(script)).toEqual(['true']);
  });

  it('lie in folders, which have names and ids', async () => {
    await begin();
    await put('1700000001.M1.x', 'Subject: in folder\r\n\r\n', '.Entw&APw-rfe');
    await put('1700000001.M2.x', 'Subject: in another\r\n\r\n', '.Work.Deep');
    const names = `local names = {} for id, name in pairs(Mailman.listFolders(1)) do names[#names + 1] = id .. '=' .. name end table.sort(names) print('=', table.concat(names, ' '))\n`;
    expect(
      await run(
        `${names}${LIST}list(1, 1) list(1, 'Work/Deep') list(1)\nprint('=', next(Mailman.listFolders(99)))`,
      ),
    ).toEqual([
      '0=INBOX 1=Entw\xc3\xbcrfe 2=Work/Deep',
      expect.stringMatching(/^1\t-\tin folder\t/),
      expect.stringMatching(/^2\t-\tin another\t/),
      'nil',
    ]);
  });

  it('of a directory that cannot be read raise', async () => {
    await begin();
    const { storage } = (rig as AccountsRig).accounts;
    await writeFile(join(storage, 'a.test/ann'), 'a file');
    expect((await shown(['pcall(Mailman.listHeaders, 1)']))[0]).toMatch(/^false\t.*Mailman\.listHeaders: /);
  });
});

describe('mail that is sent', () => {
  it.each([
    ['<ann@a.test>', 'ann@a.test'],
    ['Sam <ann@a.test>', 'ann@a.test'],
    ['ann@a.test', 'ann@a.test'],
    ['"a b"@a.test', '"a b"@a.test'],
    ['<>', ''],
    ['', ''],
    ['x', undefined],
    ['<x>', undefined],
    ['<a@b', undefined],
    ['a@b c', undefined],
    ['<a@b.test>\r\nX', undefined],
    ['a\0@b.test', undefined],
    ['a@..', undefined],
  ])('from %j', async (from, sender) => {
    const script = `print('=', Mailman.sendMail(${JSON.stringify(from).replace('\\u0000', '\\0')}, '<bob@a.test>', 'Subject: x\\n\\nbody'))`;
    const [said] = await run(script);
    if (sender === undefined) expect(said).toBe('false\tthe sender is no address');
    else expect([said, sent.map((one) => one.sender)]).toEqual(['1700000000.M1P2Q3R4.mx', [sender]]);
  });

  it.each([
    ['postmaster', 'postmaster'],
    ['<Postmaster>', 'postmaster'],
    ['The one <POSTMASTER>', 'postmaster'],
    ['<postmaster>\r\n', undefined],
    ['postmasters', undefined],
    ['<postmaster> x', undefined],
  ])('to %j: the postmaster needs no domain', async (to, recipient) => {
    const [said] = await run(`print('=', Mailman.sendMail('<ann@a.test>', ${JSON.stringify(to)}, 'x'))`);
    if (recipient === undefined) expect(said).toBe('false\tthe recipient is no address');
    else expect(sent.map((one) => one.recipients.map(({ address }) => address))).toEqual([[recipient]]);
  });

  it('goes to accounts, and to the next hops, as it is, and says so', async () => {
    expect(
      await shown(["Mailman.sendMail('<>', '<bob@far.test>', 'Subject: x\\n\\n.body\\r\\n\\255')"]),
    ).toEqual(['1700000000.M1P2Q3R4.mx']);
    const [one] = sent;
    expect(one).toMatchObject({
      sender: '',
      route: ['accounts:', 'hop.test'],
      onBehalf: { kind: 'server' },
      allRecipients: true,
      eightBit: true,
    });
    expect(Buffer.concat([...(one?.message?.pieces ?? [])]).toString('latin1')).toBe(
      'Subject: x\r\n\r\n.body\r\n\xff',
    );
    expect(one?.recipients.map(({ address }) => address)).toEqual(['bob@far.test']);
    answer = async (delivery) => ({
      ...(await delivered(delivery)),
      kind: 'refused',
      stage: 'rcpt',
      code: 550,
      text: '550 5.7.1 no',
      rcpts: [],
    });
    expect(
      await shown([
        "Mailman.sendMail('a@a.test', 'b@far.test', 'x')",
        "Mailman.sendMail('a@a.test', '<>', 'x')",
      ]),
    ).toEqual(['false\t550 5.7.1 no', 'false\tthe recipient is no address']);
  });

  it('is not sent round in circles, or too often', async () => {
    const loops = `('Received: x\\n'):rep(25) .. 'Subject: x\\n\\n'`;
    expect((await shown([`Mailman.sendMail('a@a.test', 'b@a.test', ${loops})`]))[0]).toMatch(
      /^false\tit has 25 Received fields/,
    );
    const script = "for _ = 1, 4 do print('=', (Mailman.sendMail('a@a.test', 'b@a.test', 'x')) and true) end";
    expect(await run(script, { ...ALL, 'rumble-send-rate': '3' })).toEqual(['true', 'true', 'true', 'false']);
    expect(sent.length).toBe(3);
  });

  it('is in the queue while it is under way', async () => {
    const script = `
print('=', #Mailman.getQueue())
Mailman.sendMail('a@a.test', 'b@a.test', 'x')
print('=', #Mailman.getQueue())`;
    expect(await run(script)).toEqual(['0', '0']);
  });
});

it('deleted letters leave no file', async () => {
  rig = await openAccounts();
  value(await rig.accounts.createDomain('a.test'));
  value(
    await rig.accounts.save({ user: 'ann', domain: 'a.test', type: 'mbox', password: '', arguments: '' }),
  );
  const account = value(rig.accounts.byId(1));
  if (account === undefined) throw new Error('no account');
  const content = { pieces: [Buffer.from('Subject: x\r\n\r\n')], read: async function* () {} };
  expect((await rig.accounts.store(account, content, new AbortController().signal)).kind).toBe('stored');
  const [name = ''] = await readdir(join(account.maildir, 'new'));
  expect(await readFile(join(account.maildir, 'new', name), 'latin1')).toBe('Subject: x\r\n\r\n');
  await run(
    "for _, letter in ipairs(Mailman.listHeaders(1)) do Mailman.deleteMail(1, letter.id) end print('=', #Mailman.listHeaders(1))",
  );
  expect([
    ...(await readdir(join(account.maildir, 'new'))),
    ...(await readdir(join(account.maildir, 'cur'))),
  ]).toEqual([]);
});
