// AUTH checked by a real Dovecot over its auth socket (option smtp-auth-dovecot), with real clients.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../fakes/daemon.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { describeWith, findProgram } from './needs.ts';

const execute = promisify(execFile);

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const policy = `
function hook.mail() if not client.authenticated then return '530 5.7.0 log in' end end
function hook.noop() return '250 2.0.0 ' .. tostring(client.auth_user) end
function hook.forward() return '250 2.0.0 taken' end
`;

/** In passwd-file format; a password in base64 may hold anything. */
const users: readonly (readonly [string, string, string])[] = [
  ['alice', 'secret', ''],
  ['eight', 'p\xe4ss\xff', ''],
  ['blanks', ' two  words ', ''],
  ['closed', 'secret', 'nologin reason=account_closed'],
  ['local', 'secret', 'allow_nets=10.0.0.0/8'],
  ['moved', 'secret', 'proxy=y host=192.0.2.99'],
];
const settings = `auth_master_user_separator = *
passdb {
  driver = checkpassword
  args = /bin/sh HERE/fails
  username_filter = *@nowhere
}
passdb {
  driver = passwd-file
  args = HERE/masters
  master = yes
}
passdb {
  driver = passwd-file
  args = username_format=%n HERE/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
`;

describeWith(dovecotNeeds, 'AUTH by a real Dovecot', () => {
  let dovecot: Dovecot;
  let server: WholeServer;
  const passwords = users.map(
    ([user, password, extra]) => `${user}:{PLAIN.b64}${base64(password)}::::::${extra}`,
  );

  beforeAll(async () => {
    dovecot = await startRealDovecot({
      // What it exits with says: try again later.
      files: { users: `${passwords.join('\n')}\n`, masters: 'boss:{PLAIN}master\n', fails: 'exit 111\n' },
      settings,
    });
    server = await WholeServer.start({ policy, options: { 'smtp-auth-dovecot': dovecot.path } });
  });
  afterAll(async () => {
    await server?.stop();
    await dovecot?.stop();
  });

  /** The reply to AUTH PLAIN, to AUTH LOGIN (where it has words for it), and client.auth_user behind the first. */
  async function logIn(user: string, password: string, authorize = ''): Promise<readonly string[]> {
    const all: string[] = [];
    const ways = [
      [`AUTH PLAIN ${base64(`${authorize}\0${user}\0${password}`)}`],
      ...(authorize === '' ? [['AUTH LOGIN', base64(user), base64(password)]] : []),
    ];
    for (const lines of ways) {
      const client = server.inMemory();
      await client.reply();
      expect(await client.command('EHLO c.example')).toContain('AUTH PLAIN LOGIN\r\n');
      all.push((await client.commands(...lines)).at(-1) ?? '');
      if (all.length === 1) all.unshift((await client.command('NOOP')).slice(10, -2));
      await client.quit();
    }
    return all;
  }

  const OK = '235 2.7.0 authentication successful\r\n';
  const NO = '535 5.7.8 authentication failed\r\n';
  const LATER = '454 4.7.0 temporary authentication failure\r\n';

  const rows: readonly (readonly [string, readonly [string, string, string?], string, string])[] = [
    ['the right password', ['alice', 'secret'], 'alice', OK],
    ['upper case', ['ALICE', 'secret'], 'alice', OK],
    ['a wrong password', ['alice', 'wrong'], 'nil', NO],
    ['a longer one', ['alice', 'secret '], 'nil', NO],
    ['an unknown user', ['nobody', 'secret'], 'nil', NO],
    ['a user with characters that Dovecot does not take', ['al ice', 'secret'], 'nil', NO],
    ['a user with a tab and a line end', ['alice\tnologin\nOK\t1', 'secret'], 'nil', NO],
    ['octets above 127', ['eight', 'p\xe4ss\xff'], 'eight', OK],
    ['the same in UTF-8', ['eight', 'p\xc3\xa4ss\xc3\xbf'], 'nil', NO],
    ['blanks', ['blanks', ' two  words '], 'blanks', OK],
    ['blanks taken away', ['blanks', 'two words'], 'nil', NO],
    ['a password of 9,000 octets', ['alice', 'x'.repeat(9000)], 'nil', NO],
    ['a user that must not log in', ['closed', 'secret'], 'nil', '535 5.7.8 account_closed\r\n'],
    ['the same with a wrong password', ['closed', 'wrong'], 'nil', NO],
    ['a user that may not from here', ['local', 'secret'], 'nil', NO],
    ['a user that is served elsewhere', ['moved', 'secret'], 'nil', NO],
    ['a passdb that cannot tell', ['nobody@nowhere', 'secret'], 'nil', LATER],
    ['a master user by the separator', ['alice*boss', 'master'], 'alice', OK],
    ['a master user by PLAIN', ['boss', 'master', 'alice'], 'alice', OK],
    ['his wrong password', ['boss', 'wrong', 'alice'], 'nil', NO],
    ['no master user', ['alice', 'secret', 'eight'], 'nil', NO],
    ['the user for himself', ['alice', 'secret', 'alice'], 'alice', OK],
  ];
  // Dovecot answers refusals in batches, twice a second: all of them at once.
  let results: readonly (readonly string[])[];
  beforeAll(async () => {
    results = await Promise.all(rows.map(([, asked]) => logIn(...asked)));
  });
  it.each(rows.map((row, at) => [...row, at] as const))('%s', (_, _asked, known, reply, at) => {
    const [name, ...replies] = results[at] ?? [];
    expect([name, replies]).toEqual([known, replies.map(() => reply)]);
  });

  it('says in the log who could not be asked, and no password', () => {
    expect(server.log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: 'log-in cannot be checked: Dovecot said that it cannot tell now',
      }),
    );
    const all = JSON.stringify(server.log.lines);
    for (const secret of ['secret', base64('secret'), 'two  words', base64('\0alice\0secret')])
      expect(all).not.toContain(secret);
  });

  it('asks over one connection, and again when the auth process is killed under load', async () => {
    let killed = 0;
    const replies = new Map<string, number>();
    const one = async (at: number): Promise<void> => {
      const client = server.inMemory();
      await client.reply();
      await client.command('EHLO c');
      if (at % 40 === 20) {
        killed++;
        await dovecot.killAuth();
      }
      const right = at % 3 > 0;
      const reply = await client.command(`AUTH PLAIN ${base64(`\0alice\0${right ? 'secret' : 'wrong'}`)}`);
      const key = `${right} ${reply.slice(0, 3)}`;
      replies.set(key, (replies.get(key) ?? 0) + 1);
      await client.quit();
    };
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 120) await one(next++);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    // It was asked once more: hardly any had to hear 454, and none anything that is not so.
    const right = replies.get('true 235') ?? 0;
    const wrong = replies.get('false 535') ?? 0;
    const later = (replies.get('true 454') ?? 0) + (replies.get('false 454') ?? 0);
    expect([killed, right + wrong + later]).toEqual([3, 120]);
    expect(later).toBeLessThan(20);
  });

  describe('real clients', () => {
    const clients: readonly (readonly [
      string,
      (mechanism: string, password: string) => readonly string[],
    ])[] = [
      [
        'swaks',
        (mechanism, password) => [
          ...['--server', `127.0.0.1:${server.port}`, '--from', 'a@b.example', '--to', 'c@d.example'],
          ...['--auth', mechanism, '--auth-user', 'alice', '--auth-password', password],
        ],
      ],
      [
        'curl',
        (mechanism, password) => [
          ...['-sS', '--login-options', `AUTH=${mechanism}`, '-u', `alice:${password}`],
          ...[
            '--mail-from',
            'a@b.example',
            '--mail-rcpt',
            'c@d.example',
            '-T',
            join(dovecot.directory, 'mail'),
          ],
          `smtp://127.0.0.1:${server.port}`,
        ],
      ],
      [
        'msmtp',
        (mechanism, password) => [
          ...[
            `--host=127.0.0.1`,
            `--port=${server.port}`,
            `--auth=${mechanism.toLowerCase()}`,
            '--user=alice',
          ],
          ...[`--passwordeval=echo ${password}`, '--tls=off', '--from=a@b.example', 'c@d.example'],
        ],
      ],
      [
        'python3',
        (mechanism, password) => [
          '-c',
          `import smtplib
s = smtplib.SMTP('127.0.0.1', ${server.port})
s.ehlo()
s.user, s.password = 'alice', '${password}'
s.auth('${mechanism}', s.auth_${mechanism.toLowerCase()})
s.sendmail('a@b.example', ['c@d.example'], 'Subject: x\\r\\n\\r\\nx\\r\\n')`,
        ],
      ],
      [
        'node',
        (mechanism, password) => [
          '-e',
          `require('nodemailer').createTransport({ host: '127.0.0.1', port: ${server.port}, ignoreTLS: true,
auth: { user: 'alice', pass: '${password}' }, authMethod: '${mechanism}' }).sendMail({ from: 'a@b.example', to: 'c@d.example', text: 'x' })
.catch((error) => { console.error(error.message); process.exit(1) })`,
        ],
      ],
    ];
    beforeAll(() => writeFile(join(dovecot.directory, 'mail'), 'Subject: x\r\n\r\nx\r\n'));

    const clientRows = clients.flatMap(([name, args]) => {
      const program = name === 'node' ? process.execPath : findProgram(name);
      return program === undefined
        ? []
        : (['PLAIN', 'LOGIN'] as const).map((mechanism) => [name, mechanism, program, args] as const);
    });
    /** `sent`, or what it said. */
    async function run(program: string, args: readonly string[]): Promise<string> {
      const running = execute(program, [...args], { cwd: root });
      running.child.stdin?.end('Subject: x\n\nx\n');
      return running.then(
        () => 'sent',
        ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
      );
    }
    const outcomes = new Map<string, readonly string[]>();
    beforeAll(async () => {
      await writeFile(join(dovecot.directory, 'mail'), 'Subject: x\r\n\r\nx\r\n');
      await Promise.all(
        clientRows.map(async ([name, mechanism, program, args]) => {
          const all = ['secret', 'wrong'].map((password) => run(program, args(mechanism, password)));
          outcomes.set(`${name} ${mechanism}`, await Promise.all(all));
        }),
      );
    });

    it.each(clientRows)(
      '%s by %s: with the right password mail is sent, with a wrong one not',
      (name, mechanism) => {
        const [right, wrong] = outcomes.get(`${name} ${mechanism}`) ?? [];
        expect(right).toBe('sent');
        // msmtp and curl have words of their own for it.
        expect(wrong).toMatch(/535|authentication failed|Login denied/i);
      },
    );

    it('no mail was taken beyond that', () => {
      expect(server.app.counters.messagesAccepted).toBe(clientRows.length);
    });
  });
});
