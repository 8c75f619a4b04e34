// What is said on the terminal when connections are accepted: where, by which policy, where mail goes, and for a server that only this
// machine can reach how to send it a first message.
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { installed } from '../installed.ts';
import type { Endpoint } from '../net/listener.ts';
import { endpointText } from '../net/listener.ts';
import type { ListeningPlace } from '../net/listeners.ts';
import { plainAddress } from '../net-address/network-list.ts';
import type { Options } from '../options/options.ts';
import { programName, version } from '../version.ts';

const hello = installed('etc/hello.mjs');

function isLoopback(endpoint: Endpoint): boolean {
  const address = plainAddress(endpoint.address);
  return address.startsWith('127.') || address === '::1';
}

/** What is to be said of a listener of smtp-listen: its name, where it listens, its flags, where its mail goes when that is not as with the others. */
function listenerLine({ row, endpoints }: ListeningPlace, general: Options, width: number): string {
  const words: string[] = [...row.flags];
  const hosts = row.options.values['smtp-smart-host'];
  if (hosts !== general.values['smtp-smart-host']) words.push(`mail to ${hosts === '' ? 'nobody' : hosts}`);
  const where = endpoints.map(endpointText).join(', ');
  return `  ${[row.name.padEnd(width), where, ...words].join(' ').trimEnd()}`;
}

/** Lines for stdout; the first one has `listening` and every address with its port. */
export function announcement(places: readonly ListeningPlace[], script: string, options: Options): string {
  const endpoints = places.flatMap((place) => place.endpoints);
  const lines = [`${programName} ${version} listening on ${endpoints.map(endpointText).join(', ')}`];
  if (options.values['smtp-listen'] !== '') {
    const width = 8;
    // One without a name and flags is all that the first line has said.
    const lone = places.length === 1 && places.every(({ row }) => row.name === '' && row.flags.size === 0);
    if (!lone) lines.push(...places.map((place) => listenerLine(place, options, width)));
  }
  const hosts = options.values['smtp-smart-host'];
  lines.push(`  policy   ${script}`);
  lines.push(
    hosts === ''
      ? `  mail     goes where the policy sends it; otherwise it is answered ${options.values['smtp-default-at-dot']} (no smtp-smart-host)`
      : `  mail     goes to ${hosts}`,
  );
  if (places.every(({ row }) => row.options.values['smtp-tls'] === '')) {
    lines.push('  TLS      is not offered: name a certificate in smtp-tls (doc/tls.md)');
  }
  const [first] = endpoints;
  if (first !== undefined && endpoints.every(isLoopback)) {
    const where = endpointText(first);
    if (existsSync(hello)) lines.push(`  try it   node ${relative(process.cwd(), hello)} ${where}`);
    lines.push(`           swaks --server ${where} --from me@example.com --to postmaster@example.com`);
  }
  return `${lines.join('\n')}\n`;
}
