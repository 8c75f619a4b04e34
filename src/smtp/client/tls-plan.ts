// How TLS with a next hop is to be: what smtp-forward-tls and the options beside it say, with the files that they name read and the records of DNS
// found. Made for each new connection, so that a file that was replaced counts at once. Never rejects.
//
// It must never make less of a demand because a file or a name server fails: then the host is not used.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { codeOrText } from '../../base/errors.ts';
import type { SmtpTarget } from '../../net-address/host-list.ts';
import { readPinList } from '../../options/pin-list.ts';
import type { TlsCheck, TlsRequest } from './connection.ts';
import { findTlsa } from './dane.ts';
import type { StartTls } from './greeting.ts';
import { type Job, within } from './job.ts';

export interface TlsPlan {
  readonly startTls: StartTls;
  readonly request: TlsRequest;
}

export type PlanOutcome =
  | { readonly kind: 'plan'; readonly plan: TlsPlan }
  /** Something of ours is wrong. */
  | { readonly kind: 'unusable'; readonly cause: string }
  /** The host must not be used (RFC 7672 section 2.2). */
  | { readonly kind: 'insecure'; readonly cause: string };

/** Certificates and keys are smaller. */
const LONGEST_FILE = 1_048_576;

export async function planTls(job: Job, target: SmtpTarget): Promise<PlanOutcome> {
  const { parts, tls } = job;
  const own = await ownCertificate(tls.certificate);
  if (typeof own === 'string') return { kind: 'unusable', cause: own };
  const planned = (
    startTls: StartTls,
    check: TlsCheck,
    host = target.host,
    ca: ConnectionOptions['ca'] = parts.ca,
  ): PlanOutcome => {
    const request = { host, ca, own, now: parts.clock.now() };
    return tls.verified && check.kind === 'none'
      ? { kind: 'plan', plan: { startTls: 'must', request: { ...request, check: { kind: 'authorities' } } } }
      : { kind: 'plan', plan: { startTls, request: { ...request, check } } };
  };
  // Nobody listens on a socket of this machine.
  if (target.isSocket && !tls.verified) return planned('off', { kind: 'none' });
  switch (tls.mode) {
    case 'off':
    case 'may':
      return planned(tls.mode, { kind: 'none' });
    case 'must':
      return planned('must', { kind: 'authorities' });
    case 'pin': {
      const pins = readPinList(tls.pins);
      if ('wrong' in pins)
        return { kind: 'unusable', cause: `smtp-forward-tls-pin: ${pins.wrong} is no pin` };
      const files = await Promise.all(pins.authorities.map((path) => readFile('smtp-forward-tls-pin', path)));
      const problem = files.find((file) => typeof file === 'string');
      if (problem !== undefined) return { kind: 'unusable', cause: String(problem) };
      const { digests } = pins;
      const ca = files.filter((file) => typeof file !== 'string');
      return planned(
        'must',
        { kind: 'pins', digests, authorities: ca.length > 0 },
        target.host,
        ca.length > 0 ? ca : parts.ca,
      );
    }
    case 'dane':
    case 'dane-only': {
      const limits = { signal: job.signal, timeoutMs: within(job, Number.MAX_SAFE_INTEGER) };
      const found =
        parts.dns === undefined
          ? ({ kind: 'none' } as const)
          : await findTlsa(parts.dns, target.host, target.port, limits);
      if (found.kind === 'failed') return { kind: 'insecure', cause: found.cause };
      if (found.kind === 'none')
        return tls.mode === 'dane'
          ? planned('may', { kind: 'none' })
          : { kind: 'insecure', cause: `${target.host} has no TLSA records that are secured by DNSSEC` };
      const { base, records } = found;
      return records.length === 0
        ? planned('must', { kind: 'none' }, base)
        : planned('must', { kind: 'tlsa', records, names: [...new Set([base, target.host])] }, base);
    }
  }
}

async function ownCertificate(text: string): Promise<TlsRequest['own'] | string> {
  if (text === '') return undefined;
  const [chain = '', key = chain] = text.split(',');
  const cert = await readFile('smtp-forward-tls-cert', chain);
  if (typeof cert === 'string') return cert;
  const secret = key === chain ? cert : await readFile('smtp-forward-tls-cert', key);
  return typeof secret === 'string' ? secret : { cert, key: secret };
}

/** The content, or what is wrong with it. */
async function readFile(option: string, path: string): Promise<Buffer | string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return `${option}: ${path}: that is no file`;
      if (stats.size > LONGEST_FILE) return `${option}: ${path}: it is too large`;
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = codeOrText(error);
    return `${option}: ${path}: ${code === 'ENOENT' ? 'there is no such file' : code}`;
  }
}
