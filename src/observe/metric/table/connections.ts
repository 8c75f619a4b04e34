// Metrics of connections, of the dialogue and of messages.
import { type MetricSpec, WAITED } from '../metric-spec.ts';

/** Those that are counted by name. AUTH, BDAT ... are one each; whatever else a client says is `unknown`. */
export const verbs = [
  ...(['EHLO', 'HELO', 'MAIL', 'RCPT', 'DATA', 'BDAT', 'RSET', 'NOOP', 'QUIT', 'VRFY', 'HELP'] as const),
  ...(['AUTH', 'STARTTLS', 'XCLIENT', 'VERB', 'unknown'] as const),
] as const;

/** Codes that are counted by name. */
const codes = [
  ...([
    '220',
    '221',
    '235',
    '250',
    '252',
    '334',
    '354',
    '421',
    '450',
    '451',
    '452',
    '454',
    '500',
    '501',
  ] as const),
  ...(['502', '503', '504', '521', '530', '535', '550', '551', '552', '553', '554', '555', 'other'] as const),
] as const;

/** What a session can be at. */
export const states = [
  ...(['opening', 'command', 'transaction', 'content', 'hook', 'next_hop', 'closing'] as const),
] as const;
export type SessionState = (typeof states)[number];

export const connectionMetrics = {
  smtpe_connections_total: {
    kind: 'counter',
    help: 'Connections of clients, by what became of them; accepted: they got the banner; refused_policy: hook.accept has refused or dropped them',
    labels: {
      listener: 'listener',
      result: [
        ...([
          'accepted',
          'refused_limit',
          'refused_rate',
          'refused_load',
          'refused_policy',
          'proxy_error',
          'tls_error',
        ] as const),
        ...(['lost', 'other'] as const),
      ],
    },
  },
  smtpe_sessions: {
    kind: 'gauge',
    over: 'sum',
    help: 'Sessions that are not over',
    labels: { listener: 'listener' },
  },
  smtpe_sessions_by_state: {
    kind: 'gauge',
    over: 'sum',
    help: 'Sessions that are not over, by what they wait for',
    labels: { state: states },
  },
  smtpe_session_seconds: { kind: 'histogram', help: 'How long sessions took', buckets: WAITED },
  smtpe_session_end_total: {
    kind: 'counter',
    help: 'Sessions that are over, by why they ended',
    labels: { reason: ['quit', 'dropped', 'limit', 'timeout', 'lost', 'error', 'shutdown'] },
  },
  smtpe_commands_total: {
    kind: 'counter',
    help: 'Replies to commands, by class; DATA has two, 354 and the one to the end of the content',
    labels: { verb: verbs, class: ['2', '3', '4', '5'] },
  },
  smtpe_replies_total: {
    kind: 'counter',
    help: 'Replies to clients, the banner and last words included, by who decided',
    labels: { code: codes, cause: ['default', 'hook', 'forward', 'limit', 'engine'] },
  },
  smtpe_messages_total: {
    kind: 'counter',
    help: 'Messages, by how their end was answered; lost: the client or the connection went before it',
    labels: { result: ['accepted', 'refused', 'deferred', 'discarded', 'lost'] },
  },
  smtpe_transactions_total: {
    kind: 'counter',
    help: 'Transactions, by what became of them, also those that ended before a message came; as the log has it in `mail`',
    labels: { result: ['accepted', 'refused', 'deferred', 'discarded', 'lost'] },
  },
  smtpe_message_bytes: {
    kind: 'histogram',
    help: 'Size of messages whose end was answered, as received',
    buckets: [1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000],
  },
  smtpe_recipients_total: {
    kind: 'counter',
    help: 'Recipients, by the reply to RCPT',
    labels: { result: ['accepted', 'refused', 'deferred'] },
  },
  smtpe_tls_handshakes_total: {
    kind: 'counter',
    help: 'TLS handshakes with clients (in) and next hops (out)',
    labels: {
      side: ['in', 'out'],
      version: ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1', 'none'],
      result: ['full', 'resumed', 'failed'],
    },
  },
  smtpe_tls_handshake_seconds: {
    kind: 'histogram',
    help: 'How long TLS handshakes took',
    labels: { side: ['in', 'out'] },
    buckets: WAITED,
  },
  smtpe_authres_removed_total: {
    kind: 'counter',
    help: 'Authentication-Results headers of others in our name that were removed',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;
