// What Rumble.readConfig gives: an option of smtpe by its name, or what Rumble calls by one of these names. Case does not matter.
import { dirname } from 'node:path';
import { findOption } from '../../options/option-set.ts';
import type { Options } from '../../options/options.ts';
import type { ServerView } from './server-view.ts';

type Key = (options: Options, server: ServerView) => string | number | undefined;

const keys: Readonly<Record<string, Key>> = {
  servername: (_options, { hostName }) => hostName,
  smtpport: ({ values }, { smtpPort }) => smtpPort() ?? values['smtp-server-port'],
  bindtoaddress: ({ values }) => values['smtp-server-address'],
  messagesizelimit: ({ values }) => values['smtp-max-size'],
  storagefolder: (options) => options.text('rumble-storage'),
  datafolder: (options) => options.text('rumble-database'),
  databaseengine: () => 'lmdb',
  enablesmtp: () => '1',
  enablepop3: () => '0',
  enableimap4: () => '0',
  forceipv4: () => '0',
  blockoutgoingmail: (options) => (options.text('rumble-relay') === '+' ? '0' : '1'),
  unix: () => '1',
  linux: () => (process.platform === 'linux' ? '1' : '0'),
  architecture: () => '64',
  'config-dir': (options) => directoryOf(options),
};

/** Names that only Rumble has, for the reference. */
export const configKeys = Object.keys(keys);

function directoryOf({ values }: Options): string {
  return dirname(values.file);
}

/** Options of which nobody but the operator is to hear: secrets, where they lie, and what may have some in it. */
const SECRET = /password|token|secret|^auth-script-settings$/;

/** Undefined for what is not set, or empty. */
export function readConfig(key: string, options: Options, server: ServerView): string | undefined {
  const name = key.toLowerCase();
  const own = Object.hasOwn(keys, name) ? keys[name]?.(options, server) : undefined;
  const known = own === undefined ? findOption(name) : undefined;
  const value = known === undefined || SECRET.test(known) ? own : options.text(known);
  return value === undefined || value === '' ? undefined : String(value);
}
