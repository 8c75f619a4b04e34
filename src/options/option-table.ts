// Every option: the single source of defaults, checks, +help, doc/reference/options.md and etc/smtpe.cf. The rows are in table/, by topic.
// Times are seconds unless the text says otherwise. `atStart`: only the option file and the command line can set it; `inProcess`:
// hook.init too; others: every hook, for its own connection. `untilRestart`: a reload (SIGHUP) cannot change it in service.

import { accountsOptions } from './table/accounts.ts';
import { administrationOptions } from './table/administration.ts';
import { dnsOptions } from './table/dns.ts';
import { forwardingOptions } from './table/forwarding.ts';
import { limitsOptions } from './table/limits.ts';
import { listeningOptions } from './table/listening.ts';
import { logInOptions } from './table/log-in.ts';
import { loggingOptions } from './table/logging.ts';
import { mailAuthOptions } from './table/mail-auth.ts';
import { mailboxOptions } from './table/mailbox.ts';
import type { OptionSpec } from './table/option-spec.ts';
import { policyOptions } from './table/policy.ts';
import { protocolOptions } from './table/protocol.ts';
import { rumbleOptions } from './table/rumble.ts';
import { servicesOptions } from './table/services.ts';
import { spoolOptions } from './table/spool.ts';
import { startOptions } from './table/start.ts';
import { storeOptions } from './table/store.ts';
import { timeoutsOptions } from './table/timeouts.ts';
import { tlsOptions } from './table/tls.ts';

export type {
  ActionOption,
  FlagOption,
  IntegerOption,
  OptionChange,
  OptionScope,
  OptionSpec,
  TextOption,
  WordOption,
} from './table/option-spec.ts';

/** In the order of `smtpe help all`, etc/smtpe.cf and doc/reference/options.md. */
export const optionTable = {
  ...startOptions,
  ...listeningOptions,
  ...tlsOptions,
  ...dnsOptions,
  ...limitsOptions,
  ...protocolOptions,
  ...logInOptions,
  ...forwardingOptions,
  ...timeoutsOptions,
  ...mailboxOptions,
  ...accountsOptions,
  ...servicesOptions,
  ...mailAuthOptions,
  ...storeOptions,
  ...spoolOptions,
  ...policyOptions,
  ...rumbleOptions,
  ...loggingOptions,
  ...administrationOptions,
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof optionTable;

type ValueOf<S extends OptionSpec> = S extends { kind: 'flag' }
  ? boolean
  : S extends { kind: 'integer' }
    ? number
    : S extends { kind: 'action' }
      ? boolean
      : S extends { kind: 'word'; words: infer W extends readonly string[] }
        ? W[number]
        : string;

/** The parsed values. A word option's type is the union of its words. */
export type OptionValues = { readonly [K in OptionName]: ValueOf<(typeof optionTable)[K]> };

export const optionNames = Object.keys(optionTable) as readonly OptionName[];
