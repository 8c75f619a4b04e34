// What `smtpe check` puts in the place of the world, so that the file level and hook.init can be run: name servers that answer nothing, next
// hops and scanners that cannot be reached, commands that are not started, mail that is neither looked at nor changed, dicts that are only read. Each
// answers at once.
import { closedAccounts } from '../accounts/place.ts';
import { systemClock, systemRandom } from '../base/clock.ts';
import { silentWriter } from '../base/log.ts';
import { systemError } from '../base/system-error.ts';
import { Dicts } from '../compat/dovecot/dict/dicts.ts';
import { failedAt, pseudoCode, unaskedRecipients } from '../delivery/port/outcome.ts';
import { type Resolver, rcode } from '../dns/resolver-api.ts';
import { closedMaildir, closedMailUsers } from '../mailbox/closed-mail.ts';
import { openEventLog } from '../observe/event-log.ts';
import { realSystem } from '../ops/system.ts';
import type { Options } from '../options/options.ts';
import type { Ports } from '../ports.ts';
import { createServices } from '../service/services.ts';
import { hasStore, type Stores } from '../store/stores.ts';

const WHY = 'smtpe check connects to nobody';
const NO_MAIL = 'smtpe check opens no mailbox';
const NO_WRITING = 'smtpe check writes no dict';

const resolver: Resolver = {
  query: (question) => ({
    question,
    rcode: rcode.TIMEDOUT,
    answer: [],
    authority: [],
    extra: [],
    ttl: 0,
    error: WHY,
  }),
  reverse: () => Promise.resolve(undefined),
  confirms: () => Promise.resolve(false),
  addresses: () => Promise.resolve([]),
  close: () => undefined,
};

/** Those that the options name, none of which can be used. */
function closedStores(options: Options): Stores {
  return {
    has: (name) => hasStore(options, name),
    open: () => ({ kind: 'refused', problem: WHY }),
    close: () => Promise.resolve(),
  };
}

/**
 * The ports of an app that reaches nobody. Files that a policy opens by `io` are read and written: its file level may load its lists. What is of
 * others, mail and dicts, is not written.
 */
export function noNetwork(
  options: Options,
): Partial<Ports> & Pick<Ports, 'resolver' | 'mailer' | 'stores' | 'services'> {
  return {
    resolver,
    mailer: {
      deliver: ({ hosts, recipients }) => {
        const loss = { code: pseudoCode.CONNECT, error: WHY };
        return Promise.resolve({
          ...failedAt('connect', loss, unaskedRecipients(recipients)),
          host: hosts[0] ?? '',
        });
      },
      open: ({ hosts }) =>
        Promise.resolve({
          ...{ kind: 'failed', stage: 'connect', code: pseudoCode.CONNECT, error: WHY },
          ...{ host: hosts[0] ?? '', rcpts: [] },
        }),
      close: () => undefined,
    },
    authSources: [],
    accounts: closedAccounts(NO_MAIL),
    mailUsers: closedMailUsers(NO_MAIL),
    maildir: closedMaildir(NO_MAIL),
    stores: closedStores(options),
    dicts: new Dicts({
      ...{
        options,
        resolver,
        clock: systemClock,
        random: systemRandom,
        refuse: { connecting: WHY, writing: NO_WRITING },
      },
      log: openEventLog(silentWriter),
    }),
    services: createServices({ clock: systemClock, resolver, refuse: () => WHY }),
    system: {
      ...realSystem,
      processes: {
        start: () => ({
          kind: 'failed',
          text: 'smtpe check starts no command',
          number: systemError('EAGAIN').number,
        }),
      },
    },
  };
}
