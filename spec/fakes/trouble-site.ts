// A machine as doc/trouble.md has it, in a directory: smtpe with its option file and policy, its log, its next hop, clients. Commands of
// the page run in a shell, with `smtpe` in its PATH; paths and ports of the page stand for those here, and those here for those of the page.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { Program } from './program.ts';
import { SmtpClient } from './smtp-client.ts';
import { difference, type Trouble, type TroubleStep } from './trouble-page.ts';
import { waitUntil } from './wait-until.ts';

const root = join(import.meta.dirname, '../..');
const directories = ['etc/smtpe', 'var/log/smtpe', 'run/smtpe', 'var/lib/smtpe', 'bin'] as const;

/** As the page has it. */
export const HOP = { banner: '220 mail.example.com ESMTP\r\n' } as const;

/** What the spec does where the page tells in words what happens. */
export type Deeds = Readonly<Record<string, (site: TroubleSite) => Promise<unknown>>>;

export class TroubleSite {
  readonly directory: string;
  readonly hop: NextHop;
  /** Words of the page, and what stands for them here; may be added to. */
  readonly names: [page: string, here: string][];
  readonly #undo: (() => unknown)[] = [];
  #program: Program | undefined;
  #options: string[] = [];
  #clients: SmtpClient[] = [];
  /** How the service is started, beside what is in its option file. */
  environment: { uid?: number; gid?: number; prefix?: readonly string[] } = {};
  port = 0;

  private constructor(directory: string, hop: NextHop) {
    this.directory = directory;
    this.hop = hop;
    this.names = [
      ['192.0.2.25:25', hop.target],
      ...directories.map((path): [string, string] => [`/${path}`, join(directory, path)]),
    ];
  }

  static async make(): Promise<TroubleSite> {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-t-'));
    for (const path of [...directories, 'var/lib/smtpe/spool'])
      await mkdir(join(directory, path), { recursive: true });
    const site = new TroubleSite(directory, await NextHop.start(HOP));
    site.undo(() => site.hop.close());
    const main = `exec ${process.execPath} ${join(root, 'dist/main.js')}`;
    // What has no option file of its own gets the one that would be found.
    await site.executable(
      'smtpe',
      `case $1 in why|explain|doc) ${main} "$@";; esac\nverb=$1; shift\n${main} $verb file=${join(directory, 'etc/smtpe/smtpe.cf')} "$@"`,
    );
    await site.executable('journalctl', `cat ${join(directory, 'journal')}`);
    return site;
  }

  /** Done at the end, last first. */
  undo(what: () => unknown): void {
    this.#undo.unshift(what);
  }

  async executable(name: string, text: string): Promise<void> {
    const path = join(this.directory, 'bin', name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
  }

  here(text: string): string {
    return this.names.reduce((all, [page, here]) => all.replaceAll(page, here), text);
  }

  page(text: string): string {
    return [...this.names].reverse().reduce((all, [page, here]) => all.replaceAll(here, page), text);
  }

  /** Writes options, each in place of the one of its name. */
  async options(text: string): Promise<void> {
    const nameOf = (line: string): string => /^[+-]?([\w.-]+?)\+?(?:=|$)/.exec(line)?.[1] ?? '';
    for (const line of this.here(text).split('\n')) {
      if (line === '') continue;
      this.#options = this.#options.filter((one) => nameOf(one) !== nameOf(line));
      this.#options.push(line);
    }
    await writeFile(join(this.directory, 'etc/smtpe/smtpe.cf'), `${this.#options.join('\n')}\n`);
  }

  option(name: string): string | undefined {
    return this.#options.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  async withoutOption(name: string): Promise<void> {
    this.#options = this.#options.filter((line) => !line.startsWith(`${name}=`));
    await this.options('');
  }

  /** Writes a file below its directory. */
  async file(path: string, text: string, mode = 0o644): Promise<void> {
    await writeFile(join(this.directory, path), text);
    await chmod(join(this.directory, path), mode);
  }

  /** Of the service's main process. */
  get pid(): number {
    if (this.#program === undefined) throw new Error('not started');
    return this.#program.pid;
  }

  policyText(): Promise<string> {
    return readFile(join(this.directory, 'etc/smtpe/smtpe.lua'), 'latin1');
  }

  async policy(text: string): Promise<void> {
    await writeFile(join(this.directory, 'etc/smtpe/smtpe.lua'), this.here(text));
  }

  get log(): string {
    return join(this.directory, 'var/log/smtpe/smtpe.log');
  }

  /** What is in the log so far. */
  async lines(): Promise<string> {
    return readFile(this.log, 'latin1').catch(() => '');
  }

  /** Resolves when the log has a line that matches. */
  async said(pattern: RegExp): Promise<void> {
    await waitUntil(async () => {
      const lines = await this.lines();
      if (!pattern.test(lines)) throw new Error(`the log has no ${pattern}:\n${lines}`);
    });
  }

  /** systemctl start: resolves when it serves, or has ended. */
  async start(): Promise<void> {
    await this.stop();
    const [command = '', ...words] = [
      ...(this.environment.prefix ?? []),
      process.execPath,
      join(root, 'dist/main.js'),
    ];
    const { uid, gid } = this.environment;
    const cwd = this.directory;
    const program = new Program(command, [...words, this.here('file=/etc/smtpe/smtpe.cf')], {
      cwd,
      env: { ...process.env, TMPDIR: join(cwd, 'var') },
      ...(uid === undefined ? {} : { uid, gid }),
    });
    this.#program = program;
    const end = program.ended.then(() => undefined);
    const [, port] =
      (await Promise.race([program.wrote(/listening on \S*:(\d+)\n/).catch(() => undefined), end])) ?? [];
    this.port = Number(port ?? 0);
    await writeFile(join(cwd, 'journal'), program.stderr);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = undefined;
  }

  async connect(localAddress = '127.0.0.1'): Promise<SmtpClient> {
    const client = await SmtpClient.connect(this.port, localAddress);
    this.#clients.push(client);
    return client;
  }

  /** A client that sends one message as everybody does; the reply to what was refused, or to the dot. */
  async mail(sender = 'ann@example.net', recipient = 'bob@example.com'): Promise<string> {
    const client = await this.connect();
    const lines = [
      'EHLO client.example',
      `MAIL FROM:<${sender}>`,
      `RCPT TO:<${recipient}>`,
      'DATA',
      'Message-ID: <1@example.net>\r\nSubject: hello\r\n\r\nhello\r\n.',
    ];
    let reply = await client.reply();
    for (const line of lines) {
      if (!/^[23]/.test(reply)) break;
      reply = await client.command(line);
    }
    client.destroy();
    return reply;
  }

  /** What a command prints, stderr behind stdout, in the words of the page. */
  async command(text: string): Promise<string> {
    if (text === 'systemctl start smtpe' || text === 'systemctl restart smtpe') {
      await this.stop();
      await this.start();
      return this.#program?.over === true
        ? 'Job for smtpe.service failed because the control process exited with error code.'
        : '';
    }
    const path = `${join(this.directory, 'bin')}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
    const shell = spawn('sh', ['-c', `exec 2>&1; ${this.here(text)}`], {
      cwd: this.directory,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
    await once(shell, 'close');
    return this.page(output);
  }

  /** The first reply that is not as shown. */
  async dialogue(lines: readonly string[]): Promise<string | undefined> {
    const client = await this.connect();
    let said: string[] = [];
    // Whoever begins to speak has heard the banner, but for a balancer.
    if (!/^S: |^C: PROXY /.test(lines[0] ?? '')) await client.reply();
    for (const line of lines) {
      if (/^C:(?: |$)/.test(line)) {
        if (said.length > 0) return `nobody waited for ${said.join('\n')}`;
        // `\n` stands for a line end that is LF only.
        client.write(line.endsWith('\\n') ? `${line.slice(3, -2)}\n` : `${line.slice(3)}\r\n`);
      } else if (line.startsWith('S: ')) {
        if (said.length === 0) said = (await client.reply()).trimEnd().split('\r\n');
        if (line === 'S: ...') said = [];
        else {
          const wrong = difference(this.page(said.shift() ?? ''), [line.slice(3)]);
          if (wrong !== undefined) return wrong;
        }
      }
    }
    client.destroy();
    return undefined;
  }

  async #play(step: TroubleStep, deeds: Deeds): Promise<string | undefined> {
    switch (step.kind) {
      case 'options':
        return this.options(step.text).then(() => undefined);
      case 'policy':
        return this.policy(step.text).then(() => undefined);
      case 'dialogue':
        return this.dialogue(step.lines);
      case 'do': {
        const deed = deeds[step.what];
        if (deed === undefined) throw new Error(`nobody knows how to do "${step.what}"`);
        await deed(this);
        return undefined;
      }
      case 'command': {
        // A line of the log may come a moment later than the reply that it is about.
        const isLook = /^(?:grep|tail|journalctl|smtpe why)\b/.test(step.command);
        const look = async (): Promise<string | undefined> => {
          const output = await this.command(step.command);
          const wrong = difference(output, step.shown);
          return wrong === undefined ? undefined : `${wrong}\nof:\n${output}`;
        };
        if (!isLook) return look();
        let wrong: string | undefined;
        await waitUntil(async () => {
          wrong = await look();
          if (wrong !== undefined) throw new Error(wrong);
        }).catch(() => undefined);
        return wrong;
      }
    }
  }

  /** Plays a trouble of the page to its end. Throws with the step and what was different. */
  async play(trouble: Trouble, deeds: Deeds): Promise<void> {
    for (const step of trouble.steps) {
      const wrong = await this.#play(step, deeds);
      if (wrong !== undefined)
        throw new Error(`${trouble.title}: ${JSON.stringify(step)}\n${wrong}\nlog:\n${await this.lines()}`);
    }
  }

  async remove(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.stop();
    for (const what of this.#undo) await what();
    await rm(this.directory, { recursive: true, force: true });
  }
}
