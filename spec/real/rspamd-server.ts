// rspamd as its Debian package brings it, with a name server of the spec and only the modules that the spec wants, on a free port of loopback.
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';
import { freePort, otherUser } from './scanners.ts';

/** What `/checkv2` gives, as far as specs look at it. */
export interface RspamdResult {
  readonly action: string;
  readonly score: number;
  readonly required_score: number;
  readonly symbols: Readonly<
    Record<string, { readonly score: number; readonly options?: readonly string[] }>
  >;
}

export interface RealRspamd {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Has a message judged; `headers`: IP, From, Helo, Rcpt ... of rspamd's protocol. */
  check(message: Buffer, headers: Readonly<Record<string, string>>): Promise<RspamdResult>;
  stop(): Promise<void>;
}

/** `dns`: address:port of the name server. `modules`: more configuration, behind empty sections of spf, dkim, dmarc and arc. */
export async function startRealRspamd(dns: string, modules = ''): Promise<RealRspamd> {
  const path = findProgram('rspamd');
  if (path === undefined) throw new Error('rspamd is not installed');
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-rspamd-'));
  const [run, port] = [join(directory, 'run'), await freePort()];
  await mkdir(run);
  const share = '/usr/share/rspamd';
  // It compiles the list of all of them at each start, for up to ten seconds.
  await writeFile(join(directory, 'suffixes'), 'com\norg\nnet\ntest\n');
  await writeFile(
    join(directory, 'rspamd.conf'),
    `
options {
  pidfile = "${run}/rspamd.pid"; control_socket = "${run}/control.sock mode=0600"; cache_file = "${run}/symbols.cache";
  hs_cache_dir = "${run}/"; tempdir = "${run}"; url_tld = "${directory}/suffixes"; local_addrs = []; filters = "dkim";
  check_all_filters = true; allow_raw_input = true; task_timeout = 20s; explicit_modules = [];
  dns { nameserver = ["${dns}"]; timeout = 2s; retransmits = 2; sockets = 4; }
}
logging { type = "console"; level = "info"; color = false; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
lua = "${share}/rules/rspamd.lua"
metric { name = "default"; actions { reject = 1500; add_header = 600; greylist = 400; } }
spf { } dkim { } dmarc { } arc { sign_inbound = false; sign_local = false; sign_authenticated = false; }
${modules}
modules { path = "${share}/plugins"; }
`,
  );
  // It refuses to stay root, and is told who to be.
  const user = otherUser('_rspamd');
  if (user !== undefined) {
    for (const name of ['', 'run', 'rspamd.conf', 'suffixes'])
      await chown(join(directory, name), user.uid, user.gid);
    await chmod(directory, 0o755);
  }
  const program = new Program(path, [
    ...['-f', '-c', join(directory, 'rspamd.conf'), `--var=DBDIR=${run}`, `--var=RUNDIR=${run}`],
    ...(user === undefined ? ['-i'] : ['-u', '_rspamd', '-g', '_rspamd']),
  ]);
  const stop = async (): Promise<void> => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await program.wrote(/listening for control commands/);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    host: `127.0.0.1:${port}`,
    stop,
    async check(message, headers) {
      const { status, text } = await post(port, message, headers);
      if (status !== 200) throw new Error(`rspamd said ${status}: ${text}`);
      return JSON.parse(text) as RspamdResult;
    },
  };
}

function post(
  port: number,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path: '/checkv2',
        method: 'POST',
        headers: { ...headers, 'Content-Length': body.length },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, text: Buffer.concat(pieces).toString('utf8') }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
