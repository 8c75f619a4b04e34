// The contexts that TLS with clients is made with: one for each name that our certificates have, with a certificate of each type of key for it, so
// that a client takes the one it can. Made at the start and at a reload, never for a connection.
import { constants, createHash } from 'node:crypto';
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext } from 'node:tls';
import { textOf } from '../base/errors.ts';
import { readCertificateList } from '../options/certificate-list.ts';
import type { OptionValues } from '../options/option-table.ts';
import {
  isNameFor,
  readCertificates,
  readServerCertificate,
  type ServerCertificate,
} from './server-certificate.ts';
import type { TicketKey, TlsFile, TlsMaterial } from './tls-material.ts';

/** The options that contexts are made by. */
export type TlsValues = Pick<
  OptionValues,
  'smtp-tls' | 'smtp-tls-min' | 'smtp-tls-ciphers' | 'smtp-tls-client-ca' | 'smtp-tls-client-cert'
>;

export type ContextsOutcome =
  | { readonly kind: 'made'; readonly contexts: TlsContexts }
  /** smtp-tls is empty. */
  | { readonly kind: 'none' }
  /** One line each. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** What all contexts of a listener have in common. */
interface Common {
  readonly values: TlsValues;
  readonly authorities: string | undefined;
  readonly ticketKey: TicketKey | undefined;
}

export class TlsContexts {
  /** In the order of the option. */
  readonly certificates: readonly ServerCertificate[];
  /** Clients are asked for a certificate; `must`: without one that is verified they are not served. */
  readonly clients: 'off' | 'ask' | 'must';
  readonly #exact: ReadonlyMap<string, SecureContext>;
  /** By what follows the `*.` */
  readonly #wild: ReadonlyMap<string, SecureContext>;
  readonly #default: SecureContext;

  /** Throws what OpenSSL throws. */
  constructor(certificates: readonly ServerCertificate[], common: Common) {
    this.certificates = certificates;
    this.clients = common.authorities === undefined ? 'off' : common.values['smtp-tls-client-cert'];
    const made = new Map<string, SecureContext>();
    const contextOf = (chosen: readonly ServerCertificate[]): SecureContext => {
      const key = chosen.map((one) => certificates.indexOf(one)).join();
      const context = made.get(key) ?? makeContext(chosen, common);
      made.set(key, context);
      return context;
    };
    const exact = new Map<string, SecureContext>();
    const wild = new Map<string, SecureContext>();
    for (const name of new Set(certificates.flatMap(({ names }) => names))) {
      const context = contextOf(certificatesFor(name, certificates));
      if (name.startsWith('*.')) wild.set(name.slice(2), context);
      else exact.set(name, context);
    }
    const [first, ...others] = certificates;
    const beside = others.filter((one) => first !== undefined && hasNamesOf(one, first));
    this.#default = contextOf(oneOfEachType(first === undefined ? [] : [first, ...beside]));
    this.#exact = exact;
    this.#wild = wild;
  }

  /** The one for a client that asks for this name (lower case), or for none. */
  select(name: string | undefined): SecureContext {
    if (name === undefined) return this.#default;
    return this.#exact.get(name) ?? this.#wild.get(name.slice(name.indexOf('.') + 1)) ?? this.#default;
  }

  /** Certificates that no client gets: others with the same names and the same type of key stand before them. */
  get unused(): readonly ServerCertificate[] {
    const used = new Set<ServerCertificate>(this.certificates.slice(0, 1));
    for (const name of new Set(this.certificates.flatMap(({ names }) => names)))
      for (const one of certificatesFor(name, this.certificates)) used.add(one);
    return this.certificates.filter((one) => !used.has(one));
  }
}

const hasNamesOf = (one: ServerCertificate, other: ServerCertificate): boolean =>
  other.names.every((name) => one.names.includes(name));

function oneOfEachType(certificates: readonly ServerCertificate[]): readonly ServerCertificate[] {
  return certificates.filter(
    ({ keyType }, index) => certificates.findIndex((other) => other.keyType === keyType) === index,
  );
}

/** For each type of key the first with exactly this name, else the first with a wildcard for it. */
function certificatesFor(
  name: string,
  certificates: readonly ServerCertificate[],
): readonly ServerCertificate[] {
  const exact = certificates.filter(({ names }) => names.includes(name));
  const others = certificates.filter(({ names }) => names.some((one) => isNameFor(one, name)));
  return oneOfEachType([...exact, ...others]);
}

const DEFAULTS = DEFAULT_CIPHERS.split(':');
const FOR_TLS_13 = DEFAULTS.filter((name) => name.startsWith('TLS_'));
/** Node's, those of an ecdsa key in front: with keys of both types TLS 1.2 would take rsa, which costs more. */
const FOR_TLS_12 = [
  ...DEFAULTS.filter((name) => name.startsWith('ECDHE-ECDSA-')),
  ...DEFAULTS.filter((name) => !name.startsWith('ECDHE-ECDSA-') && !name.startsWith('TLS_')),
];

/** What OpenSSL takes; without suites for TLS 1.3 in it Node would leave that version out. */
function ciphersOf(list: string): string {
  const wanted = list === '' ? FOR_TLS_12 : list.split(':');
  return [...(wanted.some((name) => name.startsWith('TLS_')) ? [] : FOR_TLS_13), ...wanted].join(':');
}

function makeContext(
  chosen: readonly ServerCertificate[],
  { values, authorities, ticketKey }: Common,
): SecureContext {
  const asks = authorities !== undefined && values['smtp-tls-client-cert'] !== 'off';
  // A ticket is good only where clients are looked at in the same way.
  const manner = JSON.stringify([asks ? authorities : '', values['smtp-tls-client-cert']]);
  return createSecureContext({
    cert: chosen.map(({ chain }) => chain),
    key: chosen.map(({ key }) => key),
    minVersion: values['smtp-tls-min'] === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: ciphersOf(values['smtp-tls-ciphers']),
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: createHash('sha256').update(manner).digest('hex').slice(0, 32),
    ...(asks ? { ca: authorities } : {}),
    ...(ticketKey === undefined ? {} : { ticketKeys: ticketKey }),
  });
}

/** Reads, checks and makes everything that the options of a listener need. */
export function makeContexts(
  values: TlsValues,
  material: TlsMaterial,
  ticketKey?: TicketKey,
): ContextsOutcome {
  const places = readCertificateList(values['smtp-tls']) ?? [];
  if (places.length === 0) return { kind: 'none' };
  const problems: string[] = [];
  const fileOf = (path: string, option: string): TlsFile | undefined => {
    const file = material.files.find((one) => one.path === path);
    if (file === undefined) problems.push(`${option}: ${path}: it was not read`);
    return file;
  };
  const certificates: ServerCertificate[] = [];
  for (const place of places) {
    const chain = fileOf(place.chain, 'smtp-tls');
    const key = place.key === place.chain ? chain : fileOf(place.key, 'smtp-tls');
    if (chain === undefined || key === undefined) continue;
    const read = readServerCertificate(place, chain, key);
    if (read.kind === 'wrong') problems.push(read.problem);
    else certificates.push(read.certificate);
  }
  const authorityPath = values['smtp-tls-client-ca'];
  const authorities = authorityPath === '' ? undefined : fileOf(authorityPath, 'smtp-tls-client-ca')?.text;
  const authority = authorities === undefined ? [] : readCertificates(authorities);
  if (typeof authority === 'string') problems.push(`smtp-tls-client-ca: ${authorityPath}: ${authority}`);
  if (problems.length > 0) return { kind: 'wrong', problems };
  try {
    return { kind: 'made', contexts: new TlsContexts(certificates, { values, authorities, ticketKey }) };
  } catch (error) {
    const ciphers = values['smtp-tls-ciphers'];
    const cause = `OpenSSL refuses it (${textOf(error)})`;
    const problem =
      ciphers === ''
        ? `smtp-tls: ${cause}`
        : `smtp-tls with smtp-tls-ciphers=${ciphers}: ${cause}; openssl ciphers -v lists the names`;
    return { kind: 'wrong', problems: [problem] };
  }
}

/** The files that these options name. */
export function tlsPaths(values: TlsValues): readonly string[] {
  const places = readCertificateList(values['smtp-tls']) ?? [];
  if (places.length === 0) return [];
  const authority = values['smtp-tls-client-ca'];
  return [
    ...new Set([
      ...places.flatMap(({ chain, key }) => [chain, key]),
      ...(authority === '' ? [] : [authority]),
    ]),
  ];
}
