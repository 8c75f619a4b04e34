// What is said once, at the start, because it will hurt later: each line names the remedy.
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { readDescriptorLimit, reserveOf } from '../net/descriptors.ts';
import { parseHostList } from '../net/host-list.ts';
import type { Endpoint } from '../net/listener.ts';
import { isOurOwn } from '../net/own-endpoint.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';

/** About the process and its system. */
export async function warnAtStart({ values }: Options, log: Log): Promise<void> {
  if (process.geteuid?.() === 0) {
    log.write('warning', 'smtpe runs as root, and so does the policy', {
      advice: 'run it as a user of its own with CAP_NET_BIND_SERVICE for port 25, as etc/smtpe.service does',
    });
  }
  const limit = descriptorLimit();
  const connections = values['limit-connections'];
  if (limit - reserveOf(limit) < connections) {
    log.write('warning', 'limit-connections is more than the file descriptors allow', {
      'limit-connections': connections,
      descriptors: limit,
      advice: 'raise LimitNOFILE (systemd) or ulimit -n, or lower limit-connections',
    });
  }
  const queue = Number(await readFile('/proc/sys/net/core/somaxconn', 'latin1').catch(() => 'unknown'));
  if (queue < values['smtp-server-queue']) {
    log.write('warning', 'the system allows a shorter queue of new connections than smtp-server-queue', {
      'smtp-server-queue': values['smtp-server-queue'],
      'net.core.somaxconn': queue,
      advice: 'sysctl net.core.somaxconn, or lower smtp-server-queue',
    });
  }
}

/** About next hops that are this server itself. */
export function warnOfLoops({ values }: Options, endpoints: readonly Endpoint[], log: Log): void {
  for (const target of parseHostList(values['smtp-smart-host'])) {
    if (target.kind !== 'smtp') continue;
    const address = target.host.toLowerCase() === 'localhost' ? '127.0.0.1' : target.host;
    if (!isOurOwn({ address, port: target.port }, endpoints, networkInterfaces)) continue;
    log.write('warning', 'smtp-smart-host leads to this server itself: messages for it are answered 451', {
      host: target.text,
      advice: 'name the next hop, or another port of this machine',
    });
  }
}

function descriptorLimit(): number {
  try {
    return readDescriptorLimit();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
