// What `smtpe check` puts in the place of the network, so that hook.init can be run: name servers that answer nothing, next hops and
// scanners that cannot be reached. Each answers at once.
import type { NetworkPorts } from '../app.ts';
import { rcode } from '../dns/resolver-api.ts';
import { failedAt, pseudoCode, unaskedRecipients } from '../forward/machine.ts';

const WHY = 'smtpe check connects to nobody';

export const noNetwork: NetworkPorts = {
  resolver: {
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
  },
  smtpClient: {
    idleConnections: 0,
    deliver: ({ hosts, recipients }) => {
      const loss = { code: pseudoCode.CONNECT, error: WHY };
      return Promise.resolve({
        ...failedAt('connect', loss, unaskedRecipients(recipients)),
        host: hosts[0] ?? '',
      });
    },
    close: () => undefined,
  },
  refuse: () => WHY,
};
