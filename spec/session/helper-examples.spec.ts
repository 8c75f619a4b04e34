// The examples made of the helpers (etc/examples), as they stand there, told over SMTP.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import { OpenStores } from '../../src/store/stores.ts';
import { onTheWire } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../etc/examples/${name}.lua`), 'latin1');

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-helper-examples-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Settings {
  readonly policy: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: GivenTexts;
}

let stores = 0;

class Server {
  readonly whole: WholeServer;
  readonly hop: NextHop;
  /** That of the store. */
  readonly #clock: FakeClock;
  #passed = 0;

  private constructor(whole: WholeServer, hop: NextHop, clock: FakeClock) {
    this.whole = whole;
    this.hop = hop;
    this.#clock = clock;
  }

  static async start({ policy, files = {}, options = {} }: Settings): Promise<Server> {
    const clock = new FakeClock();
    const hop = await NextHop.start();
    const place = join(directory, `store${++stores}`);
    const memory = { path: async () => place, close: async () => undefined };
    const parts = { clock, log: new RecordLog(), random: () => 1, options: createOptions(), memory };
    const whole = await WholeServer.start({
      policy,
      files,
      options: { 'smtp-smart-host': hop.target, 'smtp-xclient-hosts': '127.0.0.1', ...options },
      ports: {
        clock: systemClock,
        stores: new OpenStores({ ...parts, resolver: { addresses: async () => [] } }),
      },
    });
    return new Server(whole, hop, clock);
  }

  pass(seconds: number): void {
    this.#passed += seconds * 1000;
    this.#clock.setWall(this.#passed);
  }

  /** The replies to lines of a client at an address; behind a 354 a message is sent. */
  async talk(
    address: string,
    lines: readonly string[],
    message = 'Subject: x\r\n\r\ntext\r\n',
    more = '',
  ): Promise<readonly string[]> {
    const to = await this.whole.greeted();
    await to.command('EHLO proxy.test');
    const replies = [await to.command(`XCLIENT ADDR=${address} NAME=[UNAVAILABLE]${more}`)];
    if (replies[0]?.startsWith('220')) {
      replies[0] = await to.command('EHLO client.test');
      for (const line of lines) replies.push(await to.command(line));
      if (replies.at(-1)?.startsWith('354')) {
        to.write(onTheWire(Buffer.from(message, 'latin1')));
        replies.push(await to.reply());
      }
    }
    to.destroy();
    return replies.slice(1).length === 0 ? replies : replies.slice(1);
  }

  /** The last reply to a mail of one recipient, its line end left out. */
  async mail(
    address: string,
    sender: string,
    recipient: string,
    message?: string,
    more?: string,
  ): Promise<string> {
    const to = await this.talk(
      address,
      [`MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, 'DATA'],
      message,
      more,
    );
    const wrong = to.find((reply) => /^[45]/.test(reply));
    return (wrong ?? to.at(-1) ?? '').trimEnd();
  }

  async stop(): Promise<void> {
    expect(this.whole.said(/^(?:warn|err|crit)/)).toEqual([]);
    await this.whole.stop();
    await this.hop.close();
  }
}

async function at(settings: Settings, story: (server: Server) => Promise<void>): Promise<void> {
  const server = await Server.start(settings);
  try {
    await story(server);
  } finally {
    await server.stop();
  }
}

const wait = (seconds: number): string => `451 4.7.1 greylisted, try again in ${seconds} seconds`;

it('etc/examples/cluster/cluster.lua has strangers come back, and the null sender wait at DATA only', () =>
  at({ policy: example('cluster/cluster') }, async (server) => {
    const [sender, recipient] = ['a@example.org', 'b@example.com'];
    expect(await server.mail('192.0.2.7', sender, recipient)).toBe(wait(300));
    const replies = await server.talk('192.0.2.7', ['MAIL FROM:<>', `RCPT TO:<${recipient}>`, 'DATA']);
    expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['250', '250', '451']);
    server.pass(300);
    expect(await server.mail('192.0.2.7', '', recipient)).toMatch(/^250 /);
    expect(await server.mail('192.0.2.7', sender, recipient)).toMatch(/^250 /);
    expect(await server.mail('192.0.2.7', sender, 'b@example.net')).toBe('550 5.7.1 not our mail');
  }));

it.each(['greylist', 'rate-limits', 'dnsbl-scores'])(
  'etc/examples/%s.lua sends nobody on but who has logged in',
  (name) =>
    at({ policy: example(name) }, async (server) => {
      for (const address of ['127.0.0.1', '10.1.2.3']) {
        expect(await server.mail(address, 'a@example.org', 'b@elsewhere.test')).toBe(
          '550 5.7.1 we do not take mail for elsewhere.test',
        );
        expect(await server.mail(address, 'a@example.org', 'b@EXAMPLE.com')).toMatch(/^250 /);
        const bare = await server.talk(address, ['MAIL FROM:<>', 'RCPT TO:<Postmaster>']);
        expect(bare.at(-1)).toMatch(/^250 /);
        expect(
          await server.mail(address, 'a@example.com', 'b@elsewhere.test', undefined, ' LOGIN=alice'),
        ).toMatch(/^250 /);
      }
    }),
);

describe('etc/examples/greylist.lua', () => {
  it('has strangers come back', () =>
    at({ policy: example('greylist') }, async (server) => {
      const mail = (): Promise<string> => server.mail('192.0.2.7', 'a@example.com', 'b@example.net');
      expect(await mail()).toBe(wait(300));
      server.pass(299);
      expect(await mail()).toBe(wait(1));
      server.pass(1);
      expect(await mail()).toMatch(/^250 /);
      expect(await server.mail('192.0.2.200', 'a@example.com', 'b@example.net')).toMatch(/^250 /);
      expect(await server.mail('192.0.2.200', 'a@example.com', 'c@example.net')).toBe(wait(300));
    }));

  it('has the null sender wait at DATA only', () =>
    at({ policy: example('greylist') }, async (server) => {
      const replies = await server.talk('192.0.2.7', ['MAIL FROM:<>', 'RCPT TO:<b@example.net>', 'DATA']);
      expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['250', '250', '451']);
      server.pass(300);
      expect(await server.mail('192.0.2.7', '', 'b@example.net')).toMatch(/^250 /);
    }));

  it('leaves out who is ours, who has logged in, and whom the list names', async () => {
    const list = join(directory, 'greylist.list');
    await writeFile(list, '203.0.113.0/24 OK\npostmaster@ OK\n198.51.100.66 REJECT we know you\n');
    const policy = example('greylist').replace("os.getenv('GREYLIST_LIST')", `'${list}'`);
    await at({ policy }, async (server) => {
      expect(await server.mail('10.1.2.3', 'a@example.com', 'b@example.net')).toMatch(/^250 /);
      expect(
        await server.mail('192.0.2.7', 'a@example.com', 'b@example.net', undefined, ' LOGIN=alice'),
      ).toMatch(/^250 /);
      expect(await server.mail('203.0.113.9', 'a@example.com', 'b@example.net')).toMatch(/^250 /);
      expect(await server.mail('192.0.2.7', 'a@example.com', 'postmaster@example.net')).toMatch(/^250 /);
      expect(await server.mail('198.51.100.66', 'a@example.com', 'b@example.net')).toBe(
        '550 5.7.1 we know you',
      );
      expect(await server.mail('192.0.2.7', 'a@example.com', 'b@example.net')).toBe(wait(300));
    });
  });
});

describe('etc/examples/rate-limits.lua', () => {
  const limited = (name: string, text: string): string =>
    example('rate-limits').replace(new RegExp(`local ${name} = .*`), `local ${name} = ${text}`);
  const mail = (server: Server, address: string, sender: string, more = ''): Promise<string> =>
    server.mail(address, sender, 'b@example.net', undefined, more);

  it('limits connections of a network', () =>
    at({ policy: limited('CONNECTIONS', "'2/h'") }, async (server) => {
      for (const address of ['192.0.2.1', '192.0.2.2'])
        expect(await mail(server, address, 'a@example.com')).toMatch(/^250 /);
      expect(await mail(server, '192.0.2.3', 'a@example.com')).toMatch(
        /^421 4\.7\.0 too many connections, try again in 1800 seconds/,
      );
      expect(await mail(server, '198.51.100.1', 'a@example.com')).toMatch(/^250 /);
      server.pass(1800);
      expect(await mail(server, '192.0.2.3', 'a@example.com')).toMatch(/^250 /);
    }));

  it('limits recipients of a network, and of a user wherever he is', async () => {
    await at({ policy: limited('STRANGER', "'1/h'") }, async (server) => {
      expect(await mail(server, '192.0.2.1', 'a@example.com')).toMatch(/^250 /);
      expect(await mail(server, '192.0.2.9', 'c@example.com')).toBe(
        '451 4.7.1 too much, try again in 3600 seconds',
      );
      expect(await mail(server, '192.0.2.9', 'c@example.com', ' LOGIN=alice')).toMatch(/^250 /);
    });
    await at({ policy: limited('USER', "'1/h'") }, async (server) => {
      expect(await mail(server, '192.0.2.1', 'a@example.com', ' LOGIN=alice')).toMatch(/^250 /);
      expect(await mail(server, '198.51.100.1', 'c@example.com', ' LOGIN=Alice')).toMatch(
        /^451 4\.7\.1 too much/,
      );
      expect(await mail(server, '198.51.100.1', 'c@example.com', ' LOGIN=bob')).toMatch(/^250 /);
    });
  });

  it('limits a sender, but no bounces, and different recipients of a user', async () => {
    await at({ policy: limited('SENDER', "'1/h'") }, async (server) => {
      expect(await mail(server, '192.0.2.1', 'a@example.com')).toMatch(/^250 /);
      expect(await mail(server, '198.51.100.1', 'A@example.com')).toMatch(/^451 4\.7\.1 too much/);
      for (let i = 0; i < 3; i++) expect(await mail(server, '198.51.100.1', '')).toMatch(/^250 /);
    });
    await at({ policy: limited('DIFFERENT', "{ limit = 2, per = 'day' }") }, async (server) => {
      const to = async (user: string): Promise<string> =>
        server.mail('192.0.2.1', 'a@example.com', `${user}@example.net`, undefined, ' LOGIN=alice');
      for (const user of ['b', 'c', 'b', 'c']) expect(await to(user)).toMatch(/^250 /);
      expect(await to('d')).toBe('451 4.7.1 too much, try again in 86400 seconds');
    });
  });
});

describe('etc/examples/dnsbl-scores.lua', () => {
  let dns: FakeDnsServer;
  beforeAll(async () => {
    dns = await FakeDnsServer.start([
      '1.2.0.192.zen.example A 60 127.0.0.4',
      '1.2.0.192.zen.example TXT 60 see https://zen.example/',
      '2.2.0.192.bl.example A 60 127.0.0.2',
      '3.2.0.192.zen.example A 60 127.0.0.4',
      '3.2.0.192.white.example A 60 127.0.0.2',
      '4.2.0.192.zen.example FAIL 2',
      'bad.com.dbl.example A 60 127.0.1.2',
    ]);
  });
  afterAll(() => dns.close());
  const story = (tell: (server: Server) => Promise<void>): Promise<void> =>
    at(
      { policy: example('dnsbl-scores'), options: { 'dns-servers': dns.address, 'dns-max-timeout': '5' } },
      tell,
    );

  it('refuses by the score of all, and marks what is below', () =>
    story(async (server) => {
      expect(await server.mail('192.0.2.1', 'a@example.com', 'b@example.net')).toBe(
        '554 5.7.1 192.0.2.1 is on zen.example (see https://zen.example/)',
      );
      expect(await server.mail('192.0.2.1', 'a@example.com', 'postmaster@example.net')).toMatch(/^250 /);
      expect(
        await server.mail(
          '192.0.2.2',
          'a@example.com',
          'b@example.net',
          'X-Listed: no\r\nSubject: x\r\n\r\ntext\r\n',
        ),
      ).toMatch(/^250 /);
      expect(await server.mail('192.0.2.3', 'a@example.com', 'b@example.net')).toMatch(/^250 /);
      expect(await server.mail('192.0.2.4', 'a@example.com', 'b@example.net')).toMatch(/^250 /);
      const contents = server.hop.connections.flatMap((each) => each.contents.map(String));
      expect(contents.map((text) => /^X-Listed: .*$/m.exec(text)?.[0].trimEnd())).toEqual([
        'X-Listed: score 5: zen.example (see https://zen.example/)',
        'X-Listed: score 3: bl.example',
        undefined,
        undefined,
      ]);
    }));

  it('refuses a message with a link to a listed domain', () =>
    story(async (server) => {
      const message = (host: string): string =>
        `Subject: x\r\n\r\nsee http://${host}/ or http://192.0.2.77/\r\n`;
      expect(
        await server.mail('198.51.100.1', 'a@example.com', 'b@example.net', message('www.bad.com')),
      ).toBe('554 5.7.1 a link in this message is on dbl.example');
      expect(
        await server.mail('198.51.100.1', 'a@example.com', 'b@example.net', message('www.good.com')),
      ).toMatch(/^250 /);
    }));
});

describe('etc/examples/recipients.lua', () => {
  it('knows recipients from a file and from the next hop', async () => {
    const known = await NextHop.start({
      rcpt: ['250 2.1.5 ok\r\n', '550 5.1.1 no\r\n', '550 5.1.1 unknown here\r\n', '450 4.2.0 busy\r\n'],
    });
    const policy = example('recipients').replace(
      "os.getenv('RECIPIENTS_HOST') or '10.0.0.5'",
      `'${known.target}'`,
    );
    const files = {
      recipients: 'bob@example.com\ncarol@example.com OK\ndave@example.com REJECT moved to example.net\n',
    };
    try {
      await at({ policy, files }, async (server) => {
        const rcpt = async (recipient: string): Promise<string> =>
          (
            await server.talk('192.0.2.1', ['MAIL FROM:<a@example.com>', `RCPT TO:<${recipient}>`])
          )[1]?.trimEnd() ?? '';
        for (const taken of ['bob@example.com', 'Carol@Example.com', 'Postmaster', 'al@example.net'])
          expect(await rcpt(taken)).toMatch(/^250 /);
        expect(await rcpt('al@example.com')).toBe('550 5.1.1 there is no such user here');
        expect(await rcpt('dave@example.com')).toBe('550 5.7.1 moved to example.net');
        expect(await rcpt('eve@example.net')).toBe('550 5.1.1 unknown here');
        // Nobody can say: the message itself will tell.
        expect(await rcpt('busy@example.net')).toMatch(/^250 /);
        expect(await rcpt('x@elsewhere.test')).toBe('550 5.7.1 we do not take mail for elsewhere.test');
      });
    } finally {
      await known.close();
    }
  });
});
