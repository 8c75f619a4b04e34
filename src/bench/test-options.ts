// By what options a policy is tested: defaults, the option file beside the policy, the words of the command line, and what a test needs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseHostList } from '../net-address/host-list.ts';
import { loadOptions, type ReadFile } from '../options/load-options.ts';
import type { OptionName } from '../options/option-table.ts';
import type { Options } from '../options/options.ts';

/** The next hop that there is when no option names one. */
export const USUAL_HOP = 'next-hop.example:25';
/** Our name, where no option says it. */
const HOST_NAME = 'mx.example.org';

/**
 * How mail travels on is not what a test is about, nor how long somebody is made to wait before anything else; there is no TLS with next hops
 * that are none. Who may log in, and who is told of mail, is said by the test.
 */
const fixed = {
  'smtp-forward-tls': 'off',
  'smtp-forward-user': '',
  'smtp-forward-xclient': '-',
  'smtp-forward-proxy': 'off',
  'smtp-greet-pause': '0',
  'smtp-auth-delay': '0',
  'push-script': '',
  'load-script': '',
  'rumble-database': '',
  'rate-global': '0',
} as const satisfies Partial<Record<OptionName, string>>;

export interface TestOptions {
  readonly options: Options;
  /** One line each. */
  readonly problems: readonly string[];
}

/** `file`: the option file; `words`: of the command line, of which `file=` counts more. `scratch`: a directory for messages. */
export async function testOptions(
  words: readonly string[],
  file: string | undefined,
  readFile: ReadFile,
  scratch: string,
  hops: Hops = 'always',
): Promise<TestOptions> {
  const isNamed = words.some((word) => /^file=/i.test(word));
  const { options, problems } = await loadOptions(
    isNamed ? words : [`file=${file ?? ''}`, ...words],
    readFile,
  );
  settle(options, scratch, hops);
  return { options, problems };
}

/** Whether there is a next hop where none is named. */
export type Hops = 'always' | 'as named';

/** What a test needs, on top of whatever they are. */
export function settle(options: Options, scratch: string, hops: Hops = 'always'): void {
  const spool = join(scratch, 'spool');
  mkdirSync(spool, { recursive: true });
  options.set('spool-dir', spool, 'smtpe test');
  for (const [name, text] of Object.entries(fixed)) options.set(name, text, 'smtpe test');
  const { values } = options;
  if (values['host-name'] === '') options.set('host-name', HOST_NAME, 'smtpe test');
  const named = parseHostList(values['smtp-smart-host']);
  if (named.length === 0 && hops === 'as named') return;
  // Accounts are those of the machine.
  if (named.every(({ kind }) => kind === 'accounts')) options.set('smtp-smart-host', USUAL_HOP, 'smtpe test');
}
