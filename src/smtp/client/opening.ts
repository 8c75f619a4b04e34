// A new connection to one address of a next hop, up to where a transaction can begin: connected, greeted, over TLS as smtp-forward-tls has it,
// and logged in where the operator has an account. With `may` a next hop whose TLS fails is greeted once more in clear text, over a second connection.
//
// Never rejects; leaves nothing open when it has failed. What it has seen of the address it tells the memory of dead hosts.
import { type RandomInteger, systemRandom } from '../../base/clock.ts';
import { isUnreachable } from '../../delivery/port/fail-over.ts';
import {
  failedAt,
  type HostlessOutcome,
  pseudoCode,
  refusedAt,
  unaskedRecipients,
} from '../../delivery/port/outcome.ts';
import { type HostHealth, healthKey } from '../../net/host-health.ts';
import { proxyHeader } from '../../net/proxy-header.ts';
import type { SmtpTarget } from '../../net-address/host-list.ts';
import { readPassword } from '../../ops/password-file.ts';
import { reply } from '../protocol/reply.ts';
import { type Connection, connect } from './connection.ts';
import { converse } from './converse.ts';
import { Greeting, type GreetingPlan } from './greeting.ts';
import { contextOf, isOver, type Job, loginFor, within } from './job.ts';
import { planTls, type TlsPlan } from './tls-plan.ts';

export type Opening =
  | { readonly kind: 'greeted'; readonly connection: Connection }
  | {
      readonly kind: 'outcome';
      readonly outcome: HostlessOutcome;
      /** For log lines. */
      readonly peer: string;
    };

type Attempt = Opening & {
  /** It was TLS that failed. */
  readonly byTls?: boolean;
};

export async function openTo(
  job: Job,
  target: SmtpTarget,
  address: string,
  health: HostHealth,
): Promise<Opening> {
  const login = loginFor(job, target);
  const read =
    login === undefined ? undefined : await readPassword('smtp-forward-password-file', login.passwordFile);
  if (read?.kind === 'unusable') {
    const loss = { code: pseudoCode.ERROR, error: read.cause };
    const outcome = failedAt('auth', loss, unaskedRecipients(job.delivery.recipients));
    return { kind: 'outcome', outcome, peer: address };
  }
  const planned = await planTls(job, target);
  if (planned.kind !== 'plan') {
    const rcpts = unaskedRecipients(job.delivery.recipients);
    const outcome =
      planned.kind === 'insecure'
        ? refusedAt('starttls', reply(454, `4.7.5 ${planned.cause}`), rcpts)
        : failedAt('starttls', { code: pseudoCode.ERROR, error: planned.cause }, rcpts);
    return { kind: 'outcome', outcome, peer: address };
  }
  const { plan } = planned;
  const credentials = login && read && { user: login.user, password: read.password };
  const first = await attempt(job, target, address, health, { ...plan, credentials });
  const mayBeInClear = plan.startTls === 'may' && !target.implicitTls && credentials === undefined;
  if (first.kind === 'greeted' || !mayBeInClear || first.byTls !== true || isOver(job)) return first;
  // Whoever keeps STARTTLS out of the offer gets clear text as well: to stop here would protect nobody.
  const { outcome, peer } = first;
  job.log.emit('next-hop-tls-failed', {
    ...{ host: target.text, address: peer },
    cause: outcome.kind === 'failed' ? outcome.error : outcome.text,
  });
  return attempt(job, target, address, health, { ...plan, startTls: 'off', credentials });
}

async function attempt(
  job: Job,
  target: SmtpTarget,
  address: string,
  health: HostHealth,
  { credentials, request, startTls }: TlsPlan & Pick<GreetingPlan, 'credentials'>,
): Promise<Attempt> {
  const { deadlines, delivery, parts, signal } = job;
  const { clock, helo } = parts;
  const place = healthKey(address, target.port);
  const timeoutMs = within(job, health.patience(place, deadlines.connect));
  const limits = { clock, timeoutMs, signal };
  if (job.log.wants('next-hop-connects')) job.log.emit('next-hop-connects', { host: target.text, address });
  const connected = await connect(address, target, limits, parts.newSocket);
  if (connected.kind === 'lost') {
    if (!signal.aborted) health.failed(place);
    const outcome = failedAt('connect', connected.loss, unaskedRecipients(delivery.recipients));
    return { kind: 'outcome', outcome, peer: address };
  }
  const { connection } = connected;
  const { implicitTls, isSocket, protocol } = target;
  if (job.proxy !== 'off' && !isSocket) {
    const { client } = delivery;
    const addresses = client && {
      ...{ source: client.address, sourcePort: client.port },
      destination: client.localAddress ?? address,
      destinationPort: client.localPort ?? target.port,
    };
    connection.write(proxyHeader(job.proxy, addresses));
  }
  const plan: GreetingPlan = {
    ...{ protocol, helo, implicitTls, credentials, client: job.xclient },
    startTls: implicitTls ? 'off' : startTls,
    credentialsInClear: job.tls.mode === 'off',
    nonce: () => nonce(parts.random ?? systemRandom),
  };
  const greeting = new Greeting(plan, delivery.recipients);
  const greeted = await converse(
    connection,
    greeting,
    contextOf(job, connection, { used: false, tls: request }),
  );
  if (greeted.kind === 'outcome') {
    connection.quit();
    const { byTls, outcome } = greeted;
    if (!isUnreachable(outcome)) health.worked(place);
    else if (!signal.aborted) health.failed(place);
    return { kind: 'outcome', outcome, byTls, peer: connection.peer };
  }
  health.worked(place);
  connection.capabilities = greeted.capabilities;
  parts.offers?.heard(target, greeted.capabilities);
  return { kind: 'greeted', connection };
}

const NONCE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function nonce(random: RandomInteger): string {
  return Array.from({ length: 24 }, () => NONCE[random(NONCE.length)]).join('');
}
