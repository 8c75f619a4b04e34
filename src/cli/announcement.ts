// What is said on the terminal when connections are accepted: where, by which policy, where mail goes, and for a server that only this
// machine can reach how to send it a first message.
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainAddress } from '../net/address.ts';
import type { Endpoint } from '../net/listener.ts';
import { endpointText } from '../net/listener.ts';
import type { Options } from '../options/options.ts';
import { programName, version } from '../version.ts';

const hello = fileURLToPath(new URL('../../etc/hello.mjs', import.meta.url));

function isLoopback(endpoint: Endpoint): boolean {
  const address = plainAddress(endpoint.address);
  return address.startsWith('127.') || address === '::1';
}

/** Lines for stdout; the first one has `listening` and every address with its port. */
export function announcement(endpoints: readonly Endpoint[], script: string, options: Options): string {
  const lines = [`${programName} ${version} listening on ${endpoints.map(endpointText).join(', ')}`];
  const hosts = options.values['smtp-smart-host'];
  lines.push(`  policy   ${script}`);
  lines.push(
    hosts === ''
      ? `  mail     goes where the policy sends it; otherwise it is answered ${options.values['smtp-default-at-dot']} (no smtp-smart-host)`
      : `  mail     goes to ${hosts}`,
  );
  const [first] = endpoints;
  if (first !== undefined && endpoints.every(isLoopback)) {
    const where = endpointText(first);
    if (existsSync(hello)) lines.push(`  try it   node ${relative(process.cwd(), hello)} ${where}`);
    lines.push(`           swaks --server ${where} --from me@example.com --to postmaster@example.com`);
  }
  return `${lines.join('\n')}\n`;
}
