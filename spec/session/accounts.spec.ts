// smtp-smart-host=accounts: over whole sessions: who is a recipient, where his mail goes and lies, what goes on to other servers, who may log in.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AccountWish } from '../../src/accounts/account.ts';
import type { Accounts } from '../../src/accounts/accounts.ts';
import { digestOf } from '../../src/accounts/password.ts';
import type { Delivery, Mailer, RcptReply } from '../../src/delivery/port/delivery.ts';
import type { GivenTexts } from '../../src/options/option-set.ts';
import { freshDirectory, value } from '../fakes/accounts-rig.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

let directory: string;
let server: WholeServer | undefined;
let sent: Delivery[] = [];
/** What the other next hop says of a recipient. */
let hop: (address: string) => string = () => '250 2.1.5 ok';
/** It answers no sooner. */
let held: Promise<void> | undefined;

beforeAll(async () => {
  directory = await freshDirectory();
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(async () => {
  await server?.stop();
  server = undefined;
  sent = [];
  held = undefined;
  hop = () => '250 2.1.5 ok';
  await rm(join(directory, 'mail'), { recursive: true, force: true });
  await rm(join(directory, 'db'), { recursive: true, force: true });
});

/** The other next hop: it takes what `hop` says. */
const mailer: Mailer = {
  async deliver(delivery) {
    sent.push(delivery);
    await held;
    const rcpts = delivery.recipients.map((recipient): RcptReply => {
      const text = hop(recipient.address);
      return { recipient, code: Number(text.slice(0, 3)), text };
    });
    const host = delivery.hosts.join(' ');
    const taken = rcpts.some(({ code }) => code < 300);
    if (taken) return { kind: 'delivered', host, code: 250, text: '250 2.0.0 taken as 7', rcpts };
    const { code = 451, text = '' } = rcpts[0] ?? {};
    return { kind: 'refused', host, stage: 'rcpt', code, text, rcpts };
  },
  open: () => Promise.reject(new Error('accounts are asked about recipients')),
  close: () => undefined,
};

const wish = (name: string, more: Partial<AccountWish> = {}): AccountWish => ({
  ...{ user: name.slice(0, name.indexOf('@')), domain: name.slice(name.indexOf('@') + 1) },
  ...{ type: 'mbox', password: digestOf('sesame'), arguments: '', ...more },
});

async function serve(
  options: GivenTexts = {},
  policy = 'function hook.noop() return "250 2.0.0 " .. tostring(client.auth_user) end',
): Promise<Accounts> {
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-smart-host': 'accounts:',
      'rumble-database': join(directory, 'db'),
      'rumble-storage': join(directory, 'mail'),
      'smtp-received': '-',
      ...options,
    },
    ports: { mailer },
  });
  const opened = await server.app.ports.accounts.open();
  if (opened.kind !== 'open') throw new Error(JSON.stringify(opened));
  const { accounts } = opened;
  for (const domain of ['box.test', 'quiet.test'])
    value(await accounts.createDomain(domain, '', domain === 'quiet.test' ? 1 : 0));
  for (const one of [
    wish('ann@box.test'),
    wish('carol@box.test'),
    wish('both@box.test', { type: 'alias', arguments: 'ann@box.test, carol@box.test;ann@box.test' }),
    wish('sales-*@box.test', { type: 'alias', arguments: 'both@box.test' }),
    wish('away@box.test', { type: 'alias', arguments: 'ann@box.test x@far.test' }),
    wish('far@box.test', { type: 'relay', arguments: 'mx.far.test:2525' }),
    wish('odd@box.test', { type: 'relay', arguments: 'maildir:/tmp' }),
    wish('loop@box.test', { type: 'alias', arguments: 'pool@box.test' }),
    wish('pool@box.test', { type: 'alias', arguments: 'loop@box.test' }),
    wish('self@box.test', { type: 'alias', arguments: 'self@box.test' }),
    wish('lost@box.test', { type: 'alias', arguments: 'nobody@box.test' }),
    wish('empty@box.test', { type: 'alias', arguments: ' ' }),
    wish('run@box.test', { type: 'feed', arguments: 'rm -rf /' }),
    wish('mod@box.test', { type: 'mod', arguments: 'x.so' }),
    wish('out@quiet.test', { type: 'alias', arguments: 'x@far.test' }),
    wish('quinn@quiet.test'),
    ...Array.from({ length: 12 }, (_, i) =>
      wish(`step${i}@box.test`, { type: 'alias', arguments: `step${i + 1}@box.test` }),
    ),
    wish('step12@box.test'),
  ])
    expect(value(await accounts.save(one))).toBeGreaterThan(0);
  return accounts;
}

type Client = Awaited<ReturnType<WholeServer['greeted']>>;

async function begin(sender = 's@far.test', login = ''): Promise<Client> {
  const client = await (server as WholeServer).greeted();
  await client.command('EHLO c.test');
  if (login !== '')
    expect(await client.command(`AUTH PLAIN ${base64(`\0${login}\0sesame`)}`)).toMatch(/^235 /);
  expect(await client.command(`MAIL FROM:<${sender}>`)).toMatch(/^250 /);
  return client;
}

const rcpt = async (client: Client, address: string): Promise<string> =>
  (await client.command(`RCPT TO:<${address}>`)).slice(0, 9);

async function content(client: Client, text = 'Subject: x\r\n\r\nHello\r\n'): Promise<string> {
  expect(await client.command('DATA')).toMatch(/^354 /);
  return client.command(`${text}.`);
}

/** All files of mail, by their place, with what is in them. */
async function mail(): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, string[]> = {};
  for (const path of await readdir(join(directory, 'mail'), { recursive: true })) {
    const match = /^([^/]+\/[^/]+)\/new\/([^/]+)$/.exec(path);
    const place = match?.[1];
    if (place !== undefined)
      (found[place] ??= []).push(await readFile(join(directory, 'mail', path), 'latin1'));
  }
  return found;
}

const lying = (address: string, text = 'Subject: x\r\n\r\nHello\r\n', sender = 's@far.test'): string =>
  `Return-Path: <${sender}>\r\nDelivered-To: ${address}\r\n${text}`;

describe('RCPT', () => {
  it.each(['rcpt', 'auto'])('says who there is (smtp-forward-at=%s)', async (at) => {
    await serve({ 'smtp-forward-at': at });
    const client = await begin();
    const rows: readonly (readonly [string, string])[] = [
      ['ann@box.test', '250 2.1.0'],
      ['ANN@Box.TEST', '250 2.1.0'],
      ['"ann"@box.test', '250 2.1.0'],
      ['sales-eu@box.test', '250 2.1.0'],
      ['nobody@box.test', '550 5.1.1'],
      ['sales@box.test', '550 5.1.1'],
      [`${'x'.repeat(64)}@box.test`, '550 5.1.1'],
      ['"../ann"@box.test', '550 5.1.1'],
      ['stranger@far.test', '550 5.7.1'],
      ['away@box.test', '550 5.7.1'],
      ['far@box.test', '550 5.7.1'],
      ['loop@box.test', '550 5.4.6'],
      ['self@box.test', '550 5.4.6'],
      ['step0@box.test', '550 5.4.6'],
      ['step3@box.test', '250 2.1.0'],
      ['lost@box.test', '550 5.1.1'],
      ['empty@box.test', '550 5.2.0'],
      ['run@box.test', '550 5.2.0'],
      ['mod@box.test', '550 5.2.0'],
    ];
    for (const [address, reply] of rows)
      expect([address, await rcpt(client, address)]).toEqual([address, reply]);
    client.destroy();
  });

  it('is answered with relaying by who has logged in, and by what leaves', async () => {
    await serve({ 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' });
    const rows: readonly (readonly [sender: string, login: string, address: string, reply: string])[] = [
      ['s@far.test', '', 'stranger@far.test', '550 5.7.1'],
      ['s@far.test', '', 'away@box.test', '250 2.1.0'],
      ['s@far.test', '', 'far@box.test', '250 2.1.0'],
      ['s@far.test', '', 'odd@box.test', '550 5.2.0'],
      ['s@far.test', '', 'out@quiet.test', '550 5.7.1'],
      ['ann@box.test', 'ann@box.test', 'stranger@far.test', '250 2.1.0'],
      ['ann@box.test', 'quinn@quiet.test', 'stranger@far.test', '550 5.7.1'],
      ['quinn@quiet.test', 'ann@box.test', 'stranger@far.test', '550 5.7.1'],
      ['quinn@quiet.test', 'quinn@quiet.test', 'ann@box.test', '250 2.1.0'],
    ];
    for (const [sender, login, address, reply] of rows) {
      const client = await begin(sender, login);
      expect([address, login, await rcpt(client, address)]).toEqual([address, login, reply]);
      client.destroy();
    }
  });

  it('takes <postmaster> when a domain has one (RFC 5321 section 4.5.1)', async () => {
    const accounts = await serve();
    const client = await begin();
    const lies: string[] = [];
    expect(await rcpt(client, 'postmaster')).toBe('550 5.7.1');
    for (const [made, whose] of [
      ['*@quiet.test', 'quiet.test/%2A'],
      ['p*@box.test', 'box.test/p%2A'],
      ['postmaster@quiet.test', 'quiet.test/postmaster'],
      ['postmaster@box.test', 'box.test/postmaster'],
    ] as const) {
      expect(value(await accounts.save(wish(made)))).toBeGreaterThan(0);
      expect(await rcpt(client, 'PostMaster')).toBe('250 2.1.0');
      expect(await rcpt(client, 'postmaster2')).toBe('550 5.7.1');
      expect(await content(client)).toMatch(/^250 /);
      lies.push(whose);
      const found = await mail();
      expect(Object.keys(found).sort()).toEqual([...lies].sort());
      expect(found[whose]).toEqual([lying('PostMaster')]);
      expect(await client.command('MAIL FROM:<s@far.test>')).toMatch(/^250 /);
    }
    expect(value(await accounts.deleteDomain('box.test'))).toBe(true);
    expect(await rcpt(client, 'postmaster')).toBe('250 2.1.0');
    expect(value(await accounts.deleteDomain('quiet.test'))).toBe(true);
    expect(await rcpt(client, 'postmaster')).toBe('550 5.7.1');
    client.destroy();
  });

  it('takes U-labels for the A-labels that they are, also of domains whose mail stays here', async () => {
    const more = { 'smtp-utf8': '+', 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' };
    const accounts = await serve(more);
    const [named, stays] = ['b\xc3\xbccher.test', 'stra\xc3\x9fe.test'];
    expect(value(await accounts.createDomain(named))).toBe(true);
    expect(value(await accounts.createDomain('xn--bcher-kva.test'))).toBe(false);
    expect(value(await accounts.createDomain(stays, '', 1))).toBe(true);
    expect(value(await accounts.save(wish('ann@xn--bcher-kva.test')))).toBeGreaterThan(0);
    const client = await begin();
    for (const [sender, address, reply] of [
      ['s@far.test', `ann@${named}`, '250 2.1.0'],
      ['s@far.test', 'ann@B\xc3\x9cCHER.test', '250 2.1.0'],
      ['s@far.test', 'ann@xn--bcher-kva.test', '250 2.1.0'],
      ['s@far.test', `bob@${named}`, '550 5.1.1'],
      ['s@far.test', 'ann@b\xc3\xbcche.test', '550 5.7.1'],
    ] as const) {
      expect(await client.command('RSET')).toMatch(/^250 /);
      expect(await client.command(`MAIL FROM:<${sender}> SMTPUTF8`)).toMatch(/^250 /);
      expect([address, await rcpt(client, address)]).toEqual([address, reply]);
    }
    client.destroy();
    const own = await begin('ann@box.test', 'ann@box.test');
    for (const [sender, reply] of [
      ['ann@box.test', '250 2.1.0'],
      [`x@${stays}`, '550 5.7.1'],
      ['x@xn--strae-oqa.test', '550 5.7.1'],
    ] as const) {
      expect(await own.command('RSET')).toMatch(/^250 /);
      expect(await own.command(`MAIL FROM:<${sender}> SMTPUTF8`)).toMatch(/^250 /);
      expect([sender, await rcpt(own, 'stranger@far.test')]).toEqual([sender, reply]);
    }
    own.destroy();
  });

  it('is 451 while accounts cannot be read', async () => {
    const accounts = await serve();
    const { tables } = accounts.book;
    await accounts.parts.database.write(() =>
      tables.domains.put(Buffer.from('box.test'), Buffer.from('damaged')),
    );
    const client = await begin();
    expect(await rcpt(client, 'ann@box.test')).toBe('451 4.3.0');
    expect(await rcpt(client, 'x@quiet.test')).toBe('550 5.1.1');
    client.destroy();
  });
});

describe('a message', () => {
  it('lies in the Maildir of each who gets it, once, with what is put in front', async () => {
    await serve();
    const client = await begin();
    for (const address of ['both@box.test', 'carol@box.test', 'sales-eu@box.test'])
      expect(await rcpt(client, address)).toBe('250 2.1.0');
    const text = 'Subject: x\r\n\r\n..dot\r\n\xff\r\n';
    expect(await content(client, text)).toMatch(/^250 /);
    const unstuffed = text.replace('..', '.');
    expect(await mail()).toEqual({
      'box.test/ann': [lying('ann@box.test', unstuffed)],
      'box.test/carol': [lying('carol@box.test', unstuffed)],
    });
    expect((await stat(join(directory, 'mail/box.test/ann'))).mode & 0o777).toBe(0o700);
    client.destroy();
  });

  it('comes to a wildcard account by the address that was named', async () => {
    const accounts = await serve();
    await accounts.save(wish('*@box.test'));
    const client = await begin('');
    expect(await rcpt(client, 'Any.Body@box.test')).toBe('250 2.1.0');
    expect(await content(client)).toMatch(/^250 /);
    expect(await mail()).toEqual({ 'box.test/%2A': [lying('Any.Body@box.test', undefined, '')] });
    client.destroy();
  });

  it('for others goes to the other next hops, first', async () => {
    await serve({ 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' });
    const client = await begin('ann@box.test', 'ann@box.test');
    for (const address of ['carol@box.test', 'x@far.test', 'away@box.test', 'far@box.test'])
      expect(await rcpt(client, address)).toBe('250 2.1.0');
    expect(await content(client)).toMatch(/^250 /);
    expect(sent.map(({ hosts, recipients }) => [hosts, recipients.map(({ address }) => address)])).toEqual([
      [['hop.test'], ['x@far.test']],
      [['mx.far.test:2525'], ['far@box.test']],
    ]);
    expect(Object.keys(await mail()).sort()).toEqual(['box.test/ann', 'box.test/carol']);
    client.destroy();
  });

  it('is refused for one of whose destinations one refuses, and lies nowhere because of him', async () => {
    await serve({ 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' });
    hop = () => '550 5.1.1 <x@far.test> is gone';
    const client = await begin();
    expect(await rcpt(client, 'away@box.test')).toBe('250 2.1.0');
    expect(await content(client)).toBe('550 5.1.1 an address behind this one was refused\r\n');
    expect(await mail()).toEqual({});
    client.destroy();
  });

  it.each([
    ['451', /^451-/],
    ['550', /^550-/],
    ['250', /^250 /],
  ])('with smtp-partial=%s that only some take', async (partial, reply) => {
    await serve({ 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test', 'smtp-partial': partial });
    hop = () => '450 4.2.1 not now';
    const client = await begin();
    for (const address of ['carol@box.test', 'away@box.test'])
      expect(await rcpt(client, address)).toBe('250 2.1.0');
    expect(await content(client)).toMatch(reply);
    expect(Object.keys(await mail())).toEqual(['box.test/carol']);
    client.destroy();
  });

  it('that comes again goes only where it has not been', async () => {
    await serve({ 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' });
    const again = async (): Promise<string> => {
      const client = await begin();
      for (const address of ['carol@box.test', 'away@box.test', 'far@box.test']) await rcpt(client, address);
      const reply = await content(client);
      client.destroy();
      return reply.slice(0, 3);
    };
    hop = (address) => (address === 'x@far.test' ? '450 4.2.1 not now' : '250 2.1.5 ok');
    expect(await again()).toBe('451');
    expect(await again()).toBe('451');
    hop = () => '250 2.1.5 ok';
    expect(await again()).toBe('250');
    expect(sent.map(({ recipients }) => recipients.map(({ address }) => address).join())).toEqual([
      ...['x@far.test', 'far@box.test', 'x@far.test', 'x@far.test'],
    ]);
    expect(await mail()).toEqual({
      'box.test/ann': [lying('ann@box.test')],
      'box.test/carol': [lying('carol@box.test')],
    });
  });

  it('for an unknown one is refused at the dot when nobody was asked before', async () => {
    await serve({ 'smtp-forward-at': 'dot' });
    const client = await begin();
    expect(await rcpt(client, 'nobody@box.test')).toMatch(/^250 /);
    expect(await content(client)).toMatch(/^550 5\.1\.1 /);
    client.destroy();
  });

  it('is not taken, but for now, while the directory cannot be written', async () => {
    await serve();
    await mkdir(join(directory, 'mail/box.test'), { recursive: true });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(directory, 'mail/box.test/ann'), 'a file');
    const client = await begin();
    expect(await rcpt(client, 'ann@box.test')).toBe('250 2.1.0');
    expect(await content(client)).toMatch(/^451 /);
    client.destroy();
  });
});

describe('a script', () => {
  it('sends to accounts and, with leave, to others, and sees what came', async () => {
    const policy = `
require 'rumble'
function hook.helo(name)
  local user, domain = name:match('^(%w+)%.(%w+)$')
  local to = user and ('<%s@%s.test>'):format(user, domain)
  if name == 'queue' then
    local queue = Mailman.getQueue()
    return '250 2.0.0 ' .. #queue .. ' ' .. Rumble.serviceInfo('mailman').busy .. ' ' .. (queue[1] and queue[1].sender .. ' ' .. queue[1].recipient .. ' ' .. queue[1].loops or '')
  end
  if to then return '250 2.0.0 ' .. tostring(Mailman.sendMail('<ann@box.test>', to, 'Subject: Note\\n\\nThis is a note.\\n')):sub(1, 5) end
  local lines = {}
  for place, letter in ipairs(Mailman.listHeaders(2)) do lines[place] = letter.subject .. '/' .. letter['delivered-to'] .. '/' .. tostring(letter.read) end
  return '250 2.0.0 ' .. #lines .. ' ' .. table.concat(lines, ' ')
end`;
    await serve({ 'rumble-allow': 'mail send' }, policy);
    const client = await (server as WholeServer).greeted();
    expect(await client.command('HELO carol.box')).toMatch(/^250 2\.0\.0 \d{5}\r\n$/);
    expect(await client.command('HELO list')).toBe('250 2.0.0 1 Note/carol@box.test/false\r\n');
    expect(await mail()).toEqual({
      'box.test/carol': [lying('carol@box.test', 'Subject: Note\r\n\r\nThis is a note.\r\n', 'ann@box.test')],
    });
    expect(await client.command('HELO x.far')).toBe('250 2.0.0 false\r\n');
    expect(await client.command('HELO nobody.box')).toBe('250 2.0.0 false\r\n');
    expect(sent).toEqual([]);
    await server?.stop();
    server = undefined;
    await rm(join(directory, 'db'), { recursive: true, force: true });
    await serve(
      { 'rumble-allow': 'mail send', 'rumble-relay': '+', 'smtp-smart-host': 'accounts: hop.test' },
      policy,
    );
    const other = await (server as unknown as WholeServer).greeted();
    expect(await other.command('HELO x.far')).not.toContain('false');
    expect(sent.map(({ hosts, sender }) => [hosts, sender])).toEqual([[['hop.test'], 'ann@box.test']]);
    // What is under way is in the queue.
    let letGo = (): void => undefined;
    held = new Promise((resolve) => {
      letGo = resolve;
    });
    const waiting = other.command('HELO x.far');
    await waitUntil(() => sent.length === 2);
    const third = await (server as unknown as WholeServer).greeted();
    expect(await third.command('HELO queue')).toBe('250 2.0.0 1 1 ann@box.test x@far.test 0\r\n');
    letGo();
    expect(await waiting).toMatch(/^250 2\.0\.0 /);
    expect(await third.command('HELO queue')).toMatch(/^250 2\.0\.0 0 0/);
    third.destroy();
    other.destroy();
  });
});

describe('AUTH', () => {
  it.each(['sha256', 'scrypt'])('is for mailboxes with their password (%s)', async (scheme) => {
    const accounts = await serve({ 'rumble-password': scheme });
    expect(value(await accounts.save(wish('q*@box.test')))).toBeGreaterThan(0);
    const rows: readonly (readonly [string, string, string])[] = [
      ['ann@box.test', 'sesame', '235'],
      ['ANN@BOX.test', 'sesame', '235'],
      ['ann@box.test', 'Sesame', '535'],
      ['ann@box.test', digestOf('sesame'), '535'],
      ['ann', 'sesame', '535'],
      ['nobody@box.test', 'sesame', '535'],
      ['sales-eu@box.test', 'sesame', '535'],
      ['both@box.test', 'sesame', '535'],
      ['q*@box.test', 'sesame', '535'],
      ['qx@box.test', 'sesame', '535'],
      ['ann@far.test', 'sesame', '535'],
    ];
    for (const [user, password, reply] of rows) {
      const client = await (server as WholeServer).greeted();
      expect(await client.command('EHLO c.test')).toMatch(/AUTH PLAIN/);
      const said = await client.command(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`);
      expect([user, password, said.slice(0, 3)]).toEqual([user, password, reply]);
      if (reply === '235') expect(await client.command('NOOP')).toBe('250 2.0.0 ann@box.test\r\n');
      client.destroy();
    }
    const other = await (server as WholeServer).greeted();
    await other.command('EHLO c.test');
    expect(await other.command(`AUTH PLAIN ${base64('carol@box.test\0ann@box.test\0sesame')}`)).toMatch(
      /^535 /,
    );
    other.destroy();
    expect(JSON.stringify(server?.log.lines)).not.toContain('sesame');
  });

  it('is not offered without accounts', async () => {
    server = await WholeServer.start({ policy: 'function hook.noop() end' });
    const client = await server.greeted();
    expect(await client.command('EHLO c.test')).not.toMatch(/AUTH/);
    client.destroy();
  });
});
