// How far it goes, by arithmetic from measured costs: messages a day, and which limit comes first. No I/O.

export interface Costs {
  /** Processor milliseconds of smtpe for a message. */
  readonly smtpe: number;
  /** Processor milliseconds of Redis for a message; it works on one processor. */
  readonly redis: number;
  /** Commands of Redis for a message. */
  readonly commands: number;
  /** Octets of a message, which come in and go out again. */
  readonly octets: number;
}

export interface Site {
  readonly machines: number;
  readonly cores: number;
  /** Bits a second of a machine's network, in each direction. */
  readonly network: number;
}

/** The share of a processor or network that is used before queues grow. */
export const USED = 0.7;
/** What dialogue and TCP add to the octets of a message. */
const OVERHEAD = 1.1;

export interface Capacity {
  /** Messages a second that each limit allows, all machines together. */
  readonly limits: Readonly<Record<'processors' | 'Redis' | 'network', number>>;
  readonly first: 'processors' | 'Redis' | 'network';
  readonly perSecond: number;
  readonly perDay: number;
}

export function capacity({ smtpe, redis, octets }: Costs, { machines, cores, network }: Site): Capacity {
  const limits = {
    processors: (USED * 1000 * cores * machines) / smtpe,
    Redis: redis === 0 ? Number.POSITIVE_INFINITY : (USED * 1000) / redis,
    network: (USED * network * machines) / (8 * octets * OVERHEAD),
  };
  const names = ['processors', 'Redis', 'network'] as const;
  const first = names.reduce((least, name) => (limits[name] < limits[least] ? name : least));
  return { limits, first, perSecond: limits[first], perDay: limits[first] * 86_400 };
}
