// Our own host name for banner, EHLO and smtpe.host: option host-name, else the name of the machine made complete through the system's
// resolver (/etc/hosts, DNS), as `hostname -f` does. Never fails and never takes longer than its deadline.
import { lookup, lookupService } from 'node:dns/promises';
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';

/** What the look-up needs of the system; the real one is `systemNames`. */
export interface NameSource {
  /** The name that the machine was given, perhaps without domain. */
  name(): string;
  /** The complete name for a short one; rejects when there is none. */
  complete(name: string): Promise<string>;
}

const systemNames: NameSource = {
  name: () => hostname(),
  complete: async (name) => {
    const { address } = await lookup(name);
    return (await lookupService(address, 25)).hostname;
  },
};

/** Letters, digits, hyphens and underscores in labels of at most 63 characters. */
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

const isHostName = (name: string): boolean => HOST_NAME.test(name);

/** Resolves like `promise`, or with undefined when it rejects or `ms` milliseconds have passed. */
async function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(undefined));
    promise.then(resolve, () => resolve(undefined)).finally(() => timer.cancel());
  });
}

/** The option when it is set; else the complete name of the machine, its short name when that cannot be found in two seconds. */
export async function ownHostName(
  option: string,
  clock: Clock,
  source: NameSource = systemNames,
): Promise<string> {
  if (option !== '') return option;
  const name = source.name().replace(/\.$/, '');
  if (!isHostName(name)) return 'localhost';
  if (name.includes('.')) return name;
  const complete = await within(source.complete(name), 2000, clock);
  // A name such as localhost for 127.0.1.1 says less than ours.
  const isOurs = complete?.toLowerCase().startsWith(`${name.toLowerCase()}.`) === true;
  return isOurs && complete !== undefined && isHostName(complete) ? complete : name;
}
