// Options that are right each by itself and wrong together. Looked for when the options of a start or a reload have been put together.
import { nearestName } from '../base/nearest-name.ts';
import { parseHostList } from '../net-address/host-list.ts';
import { ADMIN_PLACES, isLoopbackPlace, readAdminListen } from './admin-listen.ts';
import { listenerNames, readListenList } from './listen-list.ts';
import { listenerOptions } from './listener-options.ts';
import { OptionLayer } from './option-layer.ts';
import { optionTable } from './option-table.ts';
import type { Options } from './options.ts';

/** The first Node.js that opens sockets with SO_REUSEPORT. Older ones leave it out without a word, and every worker but the first would have no port. */
const REUSES_PORTS = [23, 1] as const;

/** One line for each contradiction, with where the options were set and what would be right. `node`: the version of Node.js that is to serve by them. */
export function contradictions(options: Options, node = process.versions.node): readonly string[] {
  const names = listenerNames(options.values['smtp-listen']);
  const ofListeners = names.flatMap((name) =>
    options.ofListener(name).length === 0
      ? []
      : timeLimits(new OptionLayer(options, () => options.ofListener(name)), `${name}.`),
  );
  return [
    ...groupAlone(options),
    ...portsOfOne(options, node),
    ...administrationOpen(options),
    ...twoPlaces(options),
    ...nobodysOptions(options, names),
    ...proxiesOfNobody(options),
    ...withoutCertificates(options),
    ...nobodyLogsIn(options),
    ...binaryAlone(options),
    ...timeLimits(options, ''),
    ...halfALogin(options),
    ...pinsAlone(options),
    ...accountsOfNobody(options),
    ...ofListeners,
  ];
}

/** Who can reach it could reload and drain. */
function administrationOpen(options: Options): readonly string[] {
  const text = options.values['admin-listen'];
  const place = readAdminListen(text);
  if (place === undefined || isLoopbackPlace(place) || options.values['admin-token-file'] !== '') return [];
  return [
    `${options.origin('admin-listen')}: admin-listen=${text} can be reached from other machines; set admin-token-file, or take ${ADMIN_PLACES}`,
  ];
}

/** Mail for accounts, and no accounts. */
function accountsOfNobody(options: Options): readonly string[] {
  if (options.values['rumble-database'] !== '') return [];
  return options
    .toTexts()
    .flatMap(({ name, origin, text }) =>
      name.slice(name.indexOf('.') + 1) === 'smtp-smart-host' &&
      parseHostList(text).some(({ kind }) => kind === 'accounts')
        ? [
            `${origin}: ${name}=${text} is for accounts, and there are none; name their database in rumble-database`,
          ]
        : [],
    );
}

function groupAlone(options: Options): readonly string[] {
  const { user, group } = options.values;
  if (group === '' || user !== '') return [];
  return [`${options.origin('group')}: group=${group} has no effect without user=; set user too`];
}

/** Sockets for each worker, where there are no workers or Node.js cannot open them. */
function portsOfOne(options: Options, node: string): readonly string[] {
  const { workers, 'workers-reuse-port': isWanted } = options.values;
  if (!isWanted) return [];
  const where = `${options.origin('workers-reuse-port')}: +workers-reuse-port`;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [least, second] = REUSES_PORTS;
  if (major < least || (major === least && minor < second))
    return [
      `${where} needs Node.js ${least}.${second} or later, and this is ${node}; start smtpe with that, or remove it`,
    ];
  return workers === 1 ? [`${where} has no effect with workers=1; set workers too`] : [];
}

/** smtp-listen takes the place of two other options, which would be ignored. */
export function twoPlaces(options: Options): readonly string[] {
  if (options.values['smtp-listen'] === '') return [];
  return (['smtp-server-address', 'smtp-server-port'] as const).flatMap((name) =>
    options.values[name] === optionTable[name].default
      ? []
      : [
          `${options.origin(name)}: ${name}=${options.values[name]} has no effect beside smtp-listen (${options.origin('smtp-listen')}); ` +
            'remove it and name all addresses in smtp-listen, or make smtp-listen empty',
        ],
  );
}

/** Options of listeners that are not there. */
function nobodysOptions(options: Options, names: readonly string[]): readonly string[] {
  return options.toTexts().flatMap(({ name, origin }) => {
    const listener = name.slice(0, Math.max(0, name.indexOf('.')));
    if (
      listener === '' ||
      listener === 'store' ||
      names.some((known) => known.toLowerCase() === listener.toLowerCase())
    )
      return [];
    const near = nearestName(listener, names);
    const hint = near === undefined ? '' : `; did you mean ${near}.${name.slice(listener.length + 1)}?`;
    const there = names.length === 0 ? 'names none' : `has ${names.join(' ')}`;
    return [`${origin}: ${name}: there is no listener ${listener}, smtp-listen ${there}${hint}`];
  });
}

/** A listener that takes nothing but what balancers send, and no balancers. */
function proxiesOfNobody(options: Options): readonly string[] {
  const read = readListenList(options.values['smtp-listen']);
  const flagged = read.kind === 'places' ? read.places.filter(({ flags }) => flags.has('proxy')) : [];
  const named = new Map(flagged.map(({ address = '*', name, port }) => [name || `${address}:${port}`, name]));
  return [...named].flatMap(([shown, name]) => {
    const { values } = name === '' ? options : new OptionLayer(options, () => options.ofListener(name));
    if (values['smtp-proxy-hosts'] !== '') return [];
    const where = name === '' ? 'smtp-proxy-hosts' : `smtp-proxy-hosts or ${name}.smtp-proxy-hosts`;
    return [
      `${options.origin('smtp-listen')}: listener ${shown} has the flag proxy, and smtp-proxy-hosts is empty: everybody would be refused; ` +
        `put the addresses of the load balancers into ${where}, or remove the flag`,
    ];
  });
}

/** What asks for TLS where there is none, and for certificates of clients that nobody can have. */
function withoutCertificates(options: Options): readonly string[] {
  const found = listenerOptions(options).flatMap(({ flags, options: its, shown }) => {
    const { values } = its;
    const flag = (['tls', 'tls-required'] as const).find((one) => flags.has(one));
    const problems: string[] = [];
    if (flag !== undefined && values['smtp-tls'] === '') {
      problems.push(
        `${options.origin('smtp-listen')}: listener ${shown} has the flag ${flag}, and smtp-tls is empty: nobody could be served; ` +
          'name a certificate in smtp-tls (doc/tls.md says how to get one), or remove the flag',
      );
    }
    if (values['smtp-tls-client-cert'] === 'must' && values['smtp-tls-client-ca'] === '') {
      problems.push(
        `${its.origin('smtp-tls-client-cert')}: smtp-tls-client-cert=must needs smtp-tls-client-ca, the authorities whose certificates clients may have`,
      );
    }
    return problems;
  });
  return [...new Set(found)];
}

/** A listener for who has logged in, where a password is taken under TLS only, and no TLS. */
function nobodyLogsIn(options: Options): readonly string[] {
  const found = listenerOptions(options).flatMap(({ flags, options: its, shown }) => {
    const { values } = its;
    const needsTls = values['smtp-tls'] !== '' && values['smtp-tls-auth-only'];
    if (!flags.has('auth-required') || !flags.has('no-tls') || !needsTls) return [];
    return [
      `${options.origin('smtp-listen')}: listener ${shown} has the flags auth-required and no-tls, and with smtp-tls-auth-only nobody logs in without TLS: ` +
        'nobody could be served; remove the flag no-tls, or set smtp-tls-auth-only to -',
    ];
  });
  return [...new Set(found)];
}

/** BINARYMIME comes and goes by BDAT. */
function binaryAlone(options: Options): readonly string[] {
  const found = listenerOptions(options).flatMap(({ options: its }) => {
    const { values } = its;
    if (!values['smtp-binarymime']) return [];
    const where = its.origin('smtp-binarymime');
    if (!values['smtp-chunking'])
      return [`${where}: smtp-binarymime has no effect without smtp-chunking; set both, or neither`];
    if (values['smtp-forward-chunking'] === '-')
      return [
        `${where}: with smtp-forward-chunking=- no next hop gets a message that smtp-binarymime takes; set smtp-forward-chunking=auto, or remove smtp-binarymime`,
      ];
    return [];
  });
  return [...new Set(found)];
}

function timeLimits(options: Options, prefix: string): readonly string[] {
  const { values } = options;
  const cpu = values['hook-cpu-limit'];
  const watchdog = values['watchdog-timeout'] * 1000;
  if (watchdog === 0 || cpu < watchdog) return [];
  const origin = options.origin(
    options.origin('hook-cpu-limit') === 'default' ? 'watchdog-timeout' : 'hook-cpu-limit',
  );
  return [
    `${origin}: ${prefix}hook-cpu-limit=${cpu} ms must be less than watchdog-timeout=${watchdog / 1000} s, or a hook that runs away could cost the process and not only its connection; ` +
      `make hook-cpu-limit less than ${watchdog}, or watchdog-timeout more than ${Math.floor(cpu / 1000)} or 0`,
  ];
}

function halfALogin(options: Options): readonly string[] {
  const { values } = options;
  const user = values['smtp-forward-user'];
  const file = values['smtp-forward-password-file'];
  if ((user === '') === (file === '')) return [];
  const [set, missing] =
    file === ''
      ? (['smtp-forward-user', 'smtp-forward-password-file'] as const)
      : (['smtp-forward-password-file', 'smtp-forward-user'] as const);
  return [
    `${options.origin(set)}: ${set}=${values[set]} is of no use without ${missing}; set both, or neither`,
  ];
}

function pinsAlone(options: Options): readonly string[] {
  const { values } = options;
  const tls = values['smtp-forward-tls'];
  const pins = values['smtp-forward-tls-pin'];
  if (tls === 'pin' && pins === '')
    return [
      `${options.origin('smtp-forward-tls')}: smtp-forward-tls=pin needs smtp-forward-tls-pin: which certificates may next hops have?`,
    ];
  if (tls === 'pin' || pins === '') return [];
  return [
    `${options.origin('smtp-forward-tls-pin')}: smtp-forward-tls-pin has no effect with smtp-forward-tls=${tls}; set smtp-forward-tls=pin, or remove it`,
  ];
}
