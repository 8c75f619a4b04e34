// A whole Dovecot in a directory of its own, with an auth service and nothing else; nothing of the machine's own Dovecot is touched.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';

/** Dovecot changes its users, which only root may; where the tests are not, they are skipped like those of a missing program. */
export const dovecotNeeds =
  process.getuid?.() === 0 ? ['dovecot'] : ['dovecot', 'the right to start it (root)'];

export interface Dovecot {
  /** Its auth socket. */
  readonly path: string;
  readonly directory: string;
  /** Kills the auth process; Dovecot starts another one. */
  killAuth(): Promise<void>;
  stop(): Promise<void>;
}

export interface DovecotSettings {
  /** `service auth { ... }`, with `SOCKET` for the path of the socket. */
  readonly service?: string;
  /** Further files of the directory, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Further settings, with `HERE` for the directory. */
  readonly settings: string;
}

const SERVICE = `service auth {
  unix_listener SOCKET {
    mode = 0666
  }
}
`;

export async function startRealDovecot({
  files,
  service = SERVICE,
  settings,
}: DovecotSettings): Promise<Dovecot> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-dovecot-'));
  await chmod(directory, 0o755);
  await mkdir(join(directory, 'state'));
  const path = join(directory, 'auth-smtpe');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text, 'latin1');
  }
  const conf = join(directory, 'dovecot.conf');
  await writeFile(
    conf,
    `base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = /dev/stderr
protocols =
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
# Who guesses waits: all the tests come from one address.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${service.replaceAll('SOCKET', path)}
${settings.replaceAll('HERE', directory)}
`,
  );
  const program = new Program(findProgram('dovecot') ?? 'dovecot', ['-F', '-c', conf]);
  await program.wrote(/starting up/);
  while ((await authProcess(path)) === undefined && !program.over);
  return {
    path,
    directory,
    killAuth: async () => {
      const pid = await authProcess(path);
      if (pid !== undefined && (await isChild(pid, program.pid))) process.kill(pid, 'SIGKILL');
    },
    stop: async () => {
      process.kill(program.pid, 'SIGTERM');
      await program.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The number that the auth process says of itself; undefined when it is not there yet. */
function authProcess(path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(path);
    socket.on('connect', () => socket.write('VERSION\t1\t1\nCPID\t1\n'));
    socket.on('data', (piece: Buffer) => {
      said += piece.toString('latin1');
      if (said.includes('DONE\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const pid = /^SPID\t(\d+)$/m.exec(said)?.[1];
      resolve(pid === undefined ? undefined : Number(pid));
    });
  });
}

async function isChild(pid: number, of: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return new RegExp(`^PPid:\\s+${of}$`, 'm').test(status);
}
