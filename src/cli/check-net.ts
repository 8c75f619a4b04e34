// `smtpe check +net`: whether next hops, scanners, web servers, stores and name servers that the options and the policy name answer. All at once, each within
// a few seconds; one finding for each.
import { type Clock, type RandomInteger, systemClock } from '../base/clock.ts';
import { splitList } from '../base/lists.ts';
import type { Log } from '../base/log.ts';
import { openResolver } from '../dns/resolver.ts';
import { type Resolver, rcode } from '../dns/resolver-api.ts';
import { parseHostList, readServiceTarget, type SmtpTarget } from '../net-address/host-list.ts';
import type { Options } from '../options/options.ts';
import type { Asked, Spoken } from '../policy/lint/reach.ts';
import { readUrl } from '../uri/read-url.ts';
import { type Place, type ProbeParts, probe, type Words, words } from './probe.ts';

/** Milliseconds for one of them. */
const PATIENCE_MS = 5000;

/** More than anybody has; a generated option file must not open a thousand connections at once. */
const MOST = 100;

export interface NetFinding {
  /** Option and origin, or the line of the policy. */
  readonly place: string;
  /** Host and port, or URL. */
  readonly what: string;
  /** Undefined: it answers. */
  readonly problem: string | undefined;
  /** What it said first. */
  readonly answer: string;
  readonly ms: number;
}

interface Wanted {
  readonly place: string;
  readonly what: string;
  try(parts: ProbeParts): Promise<{ readonly problem?: string; readonly answer?: string }>;
}

const ports: Readonly<Record<Spoken, number>> = {
  clamd: 3310,
  spamd: 783,
  rspamd: 11333,
  http: 80,
  smtp: 25,
};
const speech: Readonly<Record<Spoken, Words>> = { ...words, http: words.connect };

function wanted(place: string, what: string, where: Place, said: Words): Wanted {
  return {
    place,
    what,
    try: async (parts) => {
      const outcome = await probe(where, said, parts);
      return outcome.kind === 'fails' ? { problem: outcome.cause } : { answer: outcome.answer };
    },
  };
}

function nextHops(place: string, text: string): readonly Wanted[] {
  return parseHostList(text)
    .filter((target): target is SmtpTarget => target.kind === 'smtp')
    .map((target) => wanted(place, target.text, { ...target, tls: target.implicitTls }, words.smtp));
}

function scanner(place: string, spoken: Spoken, text: string): readonly Wanted[] {
  return splitList(text).flatMap((one) => {
    const target = readServiceTarget(one, ports[spoken]);
    if (target === undefined) return [];
    const where =
      target.kind === 'unix'
        ? { host: target.path, port: 0, isSocket: true, tls: false }
        : { host: target.host, port: target.port, isSocket: false, tls: false };
    return [wanted(place, `${spoken} ${one}`, where, speech[spoken])];
  });
}

function ofUrl(place: string, text: string, port: number): readonly Wanted[] {
  const url = readUrl(text);
  if (url === undefined || url.hostname === '') return [];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const where = { host, port: Number(url.port || port), isSocket: false, tls: false };
  return [wanted(place, `${url.protocol}//${url.host}`, where, words.connect)];
}

function ofPolicy({ place, spoken, text }: Asked): readonly Wanted[] {
  switch (spoken) {
    case 'http':
      return ofUrl(place, text, text.startsWith('https:') ? 443 : 80);
    case 'smtp':
      return nextHops(place, text);
    case 'clamd':
    case 'spamd':
    case 'rspamd':
      return scanner(place, spoken, text);
  }
}

function stores(options: Options): readonly Wanted[] {
  return ['store', ...options.ofListener('store').map(({ name }) => `store.${name}`)].flatMap((option) => {
    const text = options.text(option) ?? '';
    return /^rediss?:/.test(text) ? ofUrl(option, text, 6379) : [];
  });
}

/** What is told of an option: where it was set, and its name. */
const placeOf = (options: Options, name: 'smtp-smart-host' | 'dns-servers'): string =>
  `${options.origin(name)}: ${name}`;

interface NetParts {
  readonly log: Log;
  readonly random: RandomInteger;
  readonly clock?: Clock;
}

/** Each name server by itself. */
function nameServers(options: Options, { log, random, clock = systemClock }: NetParts): readonly Wanted[] {
  const named = splitList(options.values['dns-servers']);
  const all = named.length === 0 ? [''] : named;
  return all.map((server) => ({
    place: placeOf(options, 'dns-servers'),
    what: server === '' ? 'DNS of this machine' : `name server ${server}`,
    try: async ({ timeoutMs }) => {
      const its = options.fork();
      its.set('dns-servers', server, 'check');
      const resolver = await openResolver({ options: its, log, clock, random });
      const response = await resolver.query({ name: '.', type: 2, class: 1 }, { timeoutMs });
      resolver.close();
      const silent = response.rcode === rcode.TIMEDOUT || response.rcode === rcode.ERRNO;
      return silent ? { problem: `no answer (${response.error ?? 'time-out'})` } : {};
    },
  }));
}

/** Tries everything at once. `asks`: what the policy asks; `dns`: it asks DNS, or a name has to be looked up. */
export async function checkNet(
  options: Options,
  asks: readonly Asked[],
  parts: NetParts & { readonly resolver: Resolver },
): Promise<readonly NetFinding[]> {
  const clock = parts.clock ?? systemClock;
  const all = [
    ...nextHops(placeOf(options, 'smtp-smart-host'), options.values['smtp-smart-host']),
    ...asks.flatMap(ofPolicy),
    ...stores(options),
    ...nameServers(options, parts),
  ].slice(0, MOST);
  const seen = new Set<string>();
  const once = all.filter(({ what }) => !seen.has(what) && seen.add(what));
  const how = { clock, resolver: parts.resolver, timeoutMs: PATIENCE_MS };
  return Promise.all(
    once.map(async ({ place, what, try: attempt }) => {
      const since = clock.monotonic();
      const { answer = '', problem } = await attempt(how);
      return { place, what, problem, answer, ms: Math.round(clock.monotonic() - since) };
    }),
  );
}
