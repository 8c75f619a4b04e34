// From the URL of a store to a connection that takes commands: socket, TLS, AUTH, SELECT, and a look at whether this server can serve us,
// each within the time of a connection. With Sentinel its members are asked first which server is the master.
//
// Must never leave a socket behind when it fails or is cancelled, go on without TLS, log-in or database that were asked for, or have a
// password in what it says.
import { readFile } from 'node:fs/promises';
import { isIP, Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { codeOrText, textOf } from '../../base/errors.ts';
import { type AddressSource, type DialFailure, dial, dialHost } from '../../net/dial.ts';
import { readPassword } from '../../ops/password-file.ts';
import type { StoreUrl } from '../../options/store-url.ts';
import { shortened } from './error-reply.ts';
import { type Command, Link, type Reply } from './link.ts';

export type RedisUrl = Extract<StoreUrl, { readonly kind: 'redis' | 'redis-socket' | 'redis-sentinel' }>;

export interface ConnectParts {
  readonly clock: Clock;
  readonly resolver: AddressSource;
  /** Milliseconds for each of: an address, TLS, a reply. */
  readonly timeoutMs: number;
  /** File with the password; empty: no log-in. */
  readonly passwordFile: string;
  /** Instead of what stands in a file. */
  readonly password?: Buffer | undefined;
  /** File with authorities for TLS; empty: the usual ones. */
  readonly caFile: string;
  readonly signal: AbortSignal;
}

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly link: Link }
  | { readonly kind: 'failed'; readonly cause: string };

const failed = (cause: string): ConnectOutcome => ({ kind: 'failed', cause });

type SocketOutcome =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'failed'; readonly cause: string };

function whyNot(why: DialFailure | { readonly kind: 'refused' }, timeoutMs: number): string {
  switch (why.kind) {
    case 'error':
      return codeOrText(why.error);
    case 'closed':
      return 'closed while connecting';
    case 'timeout':
      return `no connection within ${timeoutMs} ms`;
    case 'cancelled':
      return 'cancelled';
    case 'refused':
      return 'refused';
  }
}

const newSocket = (): Socket => new Socket();

async function toHost(host: string, port: number, parts: ConnectParts): Promise<SocketOutcome> {
  const outcome = await dialHost(newSocket, host, port, parts);
  if (outcome.kind === 'connected') return { kind: 'connected', socket: outcome.socket };
  const { attempts } = outcome;
  if (attempts.length === 0) return { kind: 'failed', cause: `no address found for ${host}` };
  const causes = attempts.map(({ address, why }) => `${address}: ${whyNot(why, parts.timeoutMs)}`);
  return { kind: 'failed', cause: causes.join('; ') };
}

async function withTls(socket: Socket, host: string, parts: ConnectParts): Promise<SocketOutcome> {
  socket.on('error', () => undefined);
  let ca: string | undefined;
  if (parts.caFile !== '') {
    try {
      ca = await readFile(parts.caFile, 'utf8');
    } catch (error) {
      socket.destroy();
      return { kind: 'failed', cause: `store-ca-file=${parts.caFile}: ${codeOrText(error)}` };
    }
  }
  return new Promise((resolve) => {
    let secure: TLSSocket;
    const settle = (outcome: SocketOutcome): void => {
      timer.cancel();
      parts.signal.removeEventListener('abort', onAbort);
      if (outcome.kind === 'failed') {
        secure?.destroy();
        socket.destroy();
      }
      resolve(outcome);
    };
    const onAbort = (): void => settle({ kind: 'failed', cause: 'cancelled' });
    const timer = parts.clock.after(parts.timeoutMs, () =>
      settle({ kind: 'failed', cause: `no TLS within ${parts.timeoutMs} ms` }),
    );
    parts.signal.addEventListener('abort', onAbort);
    try {
      secure = connectTls({
        socket,
        // An address is no name for SNI, but its certificate is held against it.
        ...(isIP(host) === 0 ? { servername: host } : { host }),
        ...(ca !== undefined && { ca }),
        minVersion: 'TLSv1.2',
      });
    } catch (error) {
      settle({ kind: 'failed', cause: textOf(error) });
      return;
    }
    secure.on('secureConnect', () => settle({ kind: 'connected', socket: secure }));
    secure.on('error', (error) => settle({ kind: 'failed', cause: `TLS: ${codeOrText(error)}` }));
    secure.on('close', () => settle({ kind: 'failed', cause: 'closed in the TLS handshake' }));
  });
}

/** One command on a connection that nobody else uses yet. */
function ask(link: Link, command: Command, { clock, signal, timeoutMs }: ConnectParts): Promise<Reply> {
  return new Promise((resolve) => {
    const settle = (reply: Reply): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(reply);
    };
    const onAbort = (): void => settle({ kind: 'lost' });
    const timer = clock.after(timeoutMs, () =>
      settle({ kind: 'error', text: `no answer to ${command[0]} within ${timeoutMs} ms` }),
    );
    signal.addEventListener('abort', onAbort);
    link.send(command, settle);
  });
}

interface Login {
  readonly user: string;
  readonly database: number;
}

/** What of `command` is not as it should be; undefined: all is well. */
async function trouble(
  link: Link,
  command: Command,
  parts: ConnectParts,
  judge: (reply: Reply & { readonly kind: 'value' }) => string | undefined = () => undefined,
): Promise<string | undefined> {
  const reply = await ask(link, command, parts);
  switch (reply.kind) {
    case 'value':
      return judge(reply);
    case 'error':
      return shortened(reply.text);
    case 'lost':
      return parts.signal.aborted ? 'cancelled' : `the server has closed the connection at ${command[0]}`;
  }
}

/** The role is the first word of ROLE. Who may not ask is believed. */
async function roleTrouble(link: Link, parts: ConnectParts): Promise<string | undefined> {
  const reply = await ask(link, ['ROLE'], parts);
  if (reply.kind !== 'value' || !Array.isArray(reply.value)) return undefined;
  const role = String(reply.value[0]);
  return role === 'master'
    ? undefined
    : `the server is a replica (ROLE says ${role}): nothing can be written`;
}

/** The words of a server may have in them what it was told. */
const without = (text: string, password: Buffer): string =>
  text.replaceAll(password.toString('utf8'), '…').replaceAll(password.toString('latin1'), '…');

async function logIn(link: Link, login: Login, parts: ConnectParts): Promise<string | undefined> {
  const given = parts.password;
  if (given === undefined && parts.passwordFile === '' && login.user !== '')
    return `user ${login.user} has no password: store-password-file is empty`;
  if (given !== undefined || parts.passwordFile !== '') {
    const read =
      given === undefined
        ? await readPassword('store-password-file', parts.passwordFile)
        : ({ kind: 'password', password: given } as const);
    if (read.kind === 'unusable') return read.cause;
    const user = login.user === '' ? [] : [login.user];
    const wrong = await trouble(link, ['AUTH', ...user, read.password], parts);
    // A server that wants none has got more than it asked for.
    if (wrong !== undefined && !/without any password configured|no password is set/.test(wrong))
      return `AUTH: ${without(wrong, read.password)}`;
  }
  if (login.database !== 0) {
    const wrong = await trouble(link, ['SELECT', String(login.database)], parts);
    if (wrong !== undefined) return `SELECT ${login.database}: ${wrong}`;
  }
  // One that still reads its file, or wants a log-in, says so here.
  return (await trouble(link, ['PING'], parts)) ?? (await roleTrouble(link, parts));
}

async function open(reached: SocketOutcome, login: Login, parts: ConnectParts): Promise<ConnectOutcome> {
  if (reached.kind === 'failed') return reached;
  const { socket } = reached;
  socket.on('error', () => undefined);
  let link: Link;
  try {
    link = await Link.over(socket);
  } catch (error) {
    socket.destroy();
    return failed(textOf(error));
  }
  const wrong = await logIn(link, login, parts);
  if (wrong === undefined && !link.isLost) return { kind: 'connected', link };
  link.drop();
  return failed(wrong ?? 'the server has closed the connection');
}

/** Who the master is, in the words of one Sentinel. */
async function askSentinel(
  { host, port }: { readonly host: string; readonly port: number },
  master: string,
  parts: ConnectParts,
): Promise<{ readonly host: string; readonly port: number } | string> {
  const reached = await toHost(host, port, parts);
  if (reached.kind === 'failed') return reached.cause;
  reached.socket.on('error', () => undefined);
  let link: Link;
  try {
    link = await Link.over(reached.socket);
  } catch (error) {
    reached.socket.destroy();
    return textOf(error);
  }
  const reply = await ask(link, ['SENTINEL', 'get-master-addr-by-name', master], parts);
  link.drop();
  if (reply.kind === 'error') return shortened(reply.text);
  if (reply.kind === 'lost') return 'closed without an answer';
  if (!Array.isArray(reply.value)) return `it knows no master ${master}`;
  const [address, number] = reply.value.map(String);
  return { host: address ?? '', port: Number(number) };
}

async function throughSentinel(
  url: Extract<RedisUrl, { readonly kind: 'redis-sentinel' }>,
  parts: ConnectParts,
): Promise<ConnectOutcome> {
  const causes: string[] = [];
  for (const sentinel of url.sentinels) {
    if (parts.signal.aborted) return failed('cancelled');
    const name = `${sentinel.host}:${sentinel.port}`;
    const said = await askSentinel(sentinel, url.master, parts);
    if (typeof said === 'string') {
      causes.push(`sentinel ${name}: ${said}`);
      continue;
    }
    const outcome = await open(await toHost(said.host, said.port, parts), url, parts);
    if (outcome.kind === 'connected') return outcome;
    // It may not know of the new master yet: another one may.
    causes.push(
      `${said.host}:${said.port}, of which sentinel ${name} says that it is the master: ${outcome.cause}`,
    );
  }
  return failed(causes.join('; '));
}

/** Never rejects. */
export async function connectRedis(url: RedisUrl, parts: ConnectParts): Promise<ConnectOutcome> {
  switch (url.kind) {
    case 'redis': {
      const reached = await toHost(url.host, url.port, parts);
      if (reached.kind === 'failed' || !url.tls) return open(reached, url, parts);
      return open(await withTls(reached.socket, url.host, parts), url, parts);
    }
    case 'redis-socket': {
      const outcome = await dial(newSocket, { path: url.path }, parts);
      const reached: SocketOutcome =
        outcome.kind === 'connected' ? outcome : { kind: 'failed', cause: whyNot(outcome, parts.timeoutMs) };
      return open(reached, { user: '', database: 0 }, parts);
    }
    case 'redis-sentinel':
      return throughSentinel(url, parts);
  }
}

/** For log lines. */
export function nameOf(url: RedisUrl): string {
  switch (url.kind) {
    case 'redis':
      return `${url.host}:${url.port}`;
    case 'redis-socket':
      return url.path;
    case 'redis-sentinel':
      return `${url.master} of ${url.sentinels.map(({ host, port }) => `${host}:${port}`).join()}`;
  }
}
