// What is said once, at the start, because it will hurt later: each line names the remedy.
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { Log } from '../base/log.ts';
import { readDescriptorLimit, reserveOf } from '../net/descriptors.ts';
import { type Endpoint, endpointText } from '../net/listener.ts';
import type { ListeningPlace } from '../net/listeners.ts';
import { isOurOwn } from '../net/own-endpoint.ts';
import { parseHostList } from '../net-address/host-list.ts';
import { listenerNames } from '../options/listen-list.ts';
import { listenerOptions } from '../options/listener-options.ts';
import type { Options } from '../options/options.ts';
import { describeError } from '../service/connect.ts';
import type { AuthSource } from '../users/auth-source.ts';

/** About the process and its system. */
export async function warnAtStart(options: Options, log: Log): Promise<void> {
  const { values } = options;
  for (const secret of await openSecrets(options)) log.emit('secret-warning', secret);
  if (process.geteuid?.() === 0) {
    log.emit('root-warning', {
      advice:
        'set user=, or run it as a user of its own with CAP_NET_BIND_SERVICE for port 25, as etc/smtpe.service does',
    });
  }
  const limit = descriptorLimit();
  const connections = values['limit-connections'];
  if (limit - reserveOf(limit) < connections) {
    log.emit('descriptors-warning', {
      'limit-connections': connections,
      descriptors: limit,
      advice: 'raise LimitNOFILE (systemd) or ulimit -n, or lower limit-connections',
    });
  }
  const tls = values['smtp-forward-tls'];
  if (values['smtp-forward-user'] !== '' && (tls === 'off' || tls === 'may' || tls === 'dane')) {
    log.emit('login-warning', {
      'smtp-forward-tls': tls,
      advice: 'smtp-forward-tls=must, or pin with smtp-forward-tls-pin',
    });
  }
  const queue = Number(await readFile('/proc/sys/net/core/somaxconn', 'latin1').catch(() => 'unknown'));
  if (queue < values['smtp-server-queue']) {
    log.emit('queue-warning', {
      'smtp-server-queue': values['smtp-server-queue'],
      'net.core.somaxconn': queue,
      advice: 'sysctl net.core.somaxconn, or lower smtp-server-queue',
    });
  }
}

const OTHERS_READ = 0o004;
const secretFiles = ['admin-token-file', 'store-password-file', 'smtp-forward-password-file'] as const;

/** Files with a secret that everybody on this machine can read, also those of listeners. What cannot be looked at is said by who reads it. */
export async function openSecrets(
  options: Options,
): Promise<readonly { readonly file: string; readonly cause: string }[]> {
  const { values } = options;
  const own = listenerNames(values['smtp-listen']).flatMap((name) =>
    options.ofListener(name).flatMap((one) => (one.name === 'smtp-forward-password-file' ? [one.text] : [])),
  );
  const named = new Set([...secretFiles.map((name) => values[name]), ...own]);
  named.delete('');
  const found = await Promise.all(
    [...named].map(async (file) => ({ file, mode: (await stat(file).catch(() => undefined))?.mode ?? 0 })),
  );
  return found
    .filter(({ mode }) => (mode & OTHERS_READ) !== 0)
    .map(({ file }) => ({ file, cause: 'every user of this machine can read the secret: chmod o-r' }));
}

/** About passwords that go over the net in clear. `hooks`: those of the policy. */
export function warnOfClearAuth(options: Options, hooks: readonly string[], log: Log): void {
  for (const { flags, options: its, shown } of listenerOptions(options)) {
    const { values } = its;
    const { 'rumble-database': database, 'smtp-auth-dovecot': dovecot } = values;
    if (!hooks.includes('auth') && dovecot === '' && database === '') continue;
    if (flags.has('tls') || flags.has('tls-required')) continue;
    if (values['smtp-tls'] !== '' && values['smtp-tls-auth-only']) continue;
    log.emit('clear-auth-warning', {
      ...(shown === '' ? {} : { listener: shown }),
      advice:
        values['smtp-tls'] === ''
          ? 'name a certificate in smtp-tls, see doc/tls.md'
          : 'set +smtp-tls-auth-only',
    });
  }
}

/** About next hops that are this server itself. */
export function warnOfLoops({ values }: Options, endpoints: readonly Endpoint[], log: Log): void {
  for (const target of parseHostList(values['smtp-smart-host'])) {
    if (target.kind !== 'smtp' || target.isSocket) continue;
    const address = target.host.toLowerCase() === 'localhost' ? '127.0.0.1' : target.host;
    if (!isOurOwn({ address, port: target.port }, endpoints, networkInterfaces)) continue;
    log.emit('loop-warning', {
      host: target.text,
      advice: 'name the next hop, or another port of this machine',
    });
  }
}

/** About listeners that are for users who have logged in, where nobody can: `hooks` are those of the policy. */
export function warnOfClosedListeners(
  places: readonly ListeningPlace[],
  hooks: readonly string[],
  sources: readonly Pick<AuthSource, 'isOn'>[],
  log: Log,
): void {
  if (hooks.includes('auth')) return;
  for (const { row, endpoints } of places) {
    const { values } = row.options;
    if (!row.flags.has('auth-required') || sources.some((source) => source.isOn(values))) continue;
    log.emit('nobody-warning', { listener: row.name || endpoints.map(endpointText).join(', ') });
  }
}

/** About the auth sockets of Dovecot, of the process and of its listeners. Dovecot may start later, so that it is no error. */
export async function warnOfAuthSockets(options: Options, log: Log): Promise<void> {
  const { values } = options;
  const own = listenerNames(values['smtp-listen']).flatMap((name) =>
    options.ofListener(name).flatMap((one) => (one.name === 'smtp-auth-dovecot' ? [one.text] : [])),
  );
  for (const path of new Set([values['smtp-auth-dovecot'], ...own])) {
    if (path === '') continue;
    const cause = await stat(path).then(
      (found) =>
        found.isSocket() ? access(path, constants.W_OK).then(() => '', describeError) : 'it is no socket',
      describeError,
    );
    if (cause === '') continue;
    const advice =
      'a unix_listener of service auth in Dovecot, with this user as its owner: doc/submission.md';
    log.emit('auth-socket-warning', { path, cause, advice });
  }
}

function descriptorLimit(): number {
  try {
    return readDescriptorLimit();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
