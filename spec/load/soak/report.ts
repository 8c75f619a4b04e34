// The report of the soak run, in Markdown.
import { cpus } from 'node:os';
import type { Ledger } from './ledger.ts';
import type { SoakHop } from './next-hop.ts';
import type { Process } from './watch.ts';

export interface Line {
  readonly seconds: number;
  /** Messages a second that arrived. */
  readonly rate: number;
  readonly processes: readonly Process[];
}

/** How long replies took that a good client got. Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Run {
  /** By phase. */
  readonly latency: Readonly<Record<string, Latency>>;
  /** What the hostile clients did, by kind; undefined: there were none. */
  readonly hostility: Readonly<Record<string, number>> | undefined;
  readonly minutes: number;
  readonly seed: number;
  /** Processor time of daemon, clients and next hop over wall-clock time. */
  readonly share: number;
  readonly sessions: number;
  readonly lines: readonly Line[];
  readonly atStart: readonly Process[];
  readonly atEnd: readonly Process[];
  /** Median resident MiB of all processes in the middle and the last third of each half of the run. */
  readonly growth: readonly { readonly middle: number; readonly last: number }[];
  readonly code: number | string;
  readonly ledger: Ledger;
  readonly counts: ReadonlyMap<string, number>;
  readonly hops: readonly SoakHop[];
  readonly reloads: { readonly good: number; readonly broken: number; readonly brokenCertificates: number };
  readonly log: {
    readonly reloaded: number;
    readonly refused: number;
    readonly refusedCertificates: number;
    readonly lines: number;
  };
  readonly options: readonly string[];
  /** The machine did other things meanwhile. */
  readonly isBeside: boolean;
  /** Sessions at once, least and most. */
  readonly atOnce: readonly [number, number];
}

/** Steps that went wrong at the next hop, by kind (`reset`), all stages added. */
function hopFaults(hops: readonly SoakHop[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>();
  for (const hop of hops) {
    for (const [what, times] of hop.done) {
      const kind = what.split(' ')[0] ?? what;
      sum.set(kind, (sum.get(kind) ?? 0) + times);
    }
  }
  return sum;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, times]) => `${what} ${times}`).join(', ');
}

/** How clients came, or everything else that they did. */
function come(counts: ReadonlyMap<string, number>, wanted: boolean): ReadonlyMap<string, number> {
  return new Map([...counts].filter(([what]) => /^by | certificate$/.test(what) === wanted));
}

/** About twenty rows of the whole run. */
function memory(lines: readonly Line[]): string {
  const step = Math.max(1, Math.floor(lines.length / 20));
  const rows = lines.filter((_, i) => i % step === 0 || i === lines.length - 1);
  return rows
    .map(({ seconds, rate, processes }) => {
      const each = processes.map((one) => one.resident.toFixed(0)).join(' + ');
      const descriptors = processes.map((one) => one.descriptors).join(' + ');
      const sockets = processes.reduce((sum, one) => sum + one.sockets, 0);
      return `| ${seconds} | ${rate.toFixed(1)} | ${each} | ${descriptors} | ${sockets} |`;
    })
    .join('\n');
}

function latencies({ latency }: Run): string {
  return Object.entries(latency)
    .filter(([phase]) => phase !== '')
    .map(([phase, { count, p50, p99, max }]) => {
      return `| ${phase} | ${count} | ${p50.toFixed(2)} | ${p99.toFixed(1)} | ${max.toFixed(0)} |`;
    })
    .join('\n');
}

function growth(run: Run): string {
  return run.growth
    .map(({ middle, last }) => {
      const percent = ((last / middle - 1) * 100).toFixed(1);
      return `${middle.toFixed(0)} and ${last.toFixed(0)} MiB (${percent} %)`;
    })
    .join('; ');
}

/** What went on beside the good clients. */
function beside({ hostility }: Run): string {
  const measured =
    'What one good client waits for a reply beside them (banner, EHLO, MAIL, RCPT with a look-up, NOOP, RSET)';
  if (hostility === undefined)
    return `## How long replies take\n\nWithout hostile clients and policies. ${measured}:\n`;
  return `## Beside hostile clients and policies

From the beginning there are clients that send content in segments of one octet, lines of one octet that end in a bare LF, 20,000 equal
headers, an octet each half second, junk, and 2,000 commands without reading a reply, and many that reset (${list(new Map(Object.entries(hostility)))}). In the second half a
hook spins, makes coroutines without end, sorts, hoards, compares and matches long texts, loads 480 KB of Lua again and again, or makes garbage, once a second
or two. ${measured}:
`;
}

export function report(run: Run): string {
  const { ledger, reloads, log } = run;
  const twice = ledger.sent.filter((one) => one.arrivals > 1).length;
  const descriptors = (processes: readonly Process[]): string =>
    processes.map((one) => one.descriptors).join(' + ');
  const verdict =
    ledger.wrongs === 0
      ? 'Every message that was answered 250 arrived with its bytes intact; none was doubled without a reason; nothing was left behind.'
      : `**${ledger.wrongs} complaints:**\n\n${ledger.wrong.map((one) => `- ${one}`).join('\n')}`;
  return `# Soak run

Written by \`npm run soak\` on ${new Date().toISOString().slice(0, 10)} (node ${process.version}, ${cpus().length} processors).

${verdict}

## Conditions

${run.minutes.toFixed(1)} minutes, seed ${run.seed}, loopback, daemon, clients and next hops together at ${(run.share * 100).toFixed(0)} % of one processor.
${run.atOnce.join(' to ')} sessions at once, new connections and kept ones (up to 41 messages), bodies of 100 B to 2 MB with every byte but bare CR and LF.
The policy has accept, ehlo, mail, rcpt, data, dot, header and body; it looks up a name in the cached DNS, digests, edits one header and adds some. At the dot SPF, DKIM
(one message of four is signed, with every octet in its body) and DMARC are checked, what was found is written into the message, and a store (lmdb) counts messages over both workers, which must give each a number of its own.
The log is as it is by default.${run.isBeside ? ' The machine did other things meanwhile, so that how long replies took was not judged.' : ''}
Of 100 sessions 40 come in clear, 20 by STARTTLS, 15 with TLS from the first octet, 25 through a balancer (PROXY, version 1 or 2; 5 of them then STARTTLS, 10 TLS); one message in six by BDAT.
Policy and certificate are replaced and reloaded by SIGHUP every 3 seconds${run.isBeside ? ' at most' : ''}: both good, a broken policy, or a broken certificate; the good ones are ecdsa and rsa by turns. Two next hops, one for when the other fails. Options: \`${run.options.join(' ')}\`.

## Counts

| | |
| --- | --- |
| sessions | ${run.sessions} |
| messages begun | ${ledger.sent.length} |
| answered 250 / 4xx / 5xx | ${ledger.count('2')} / ${ledger.count('4')} / ${ledger.count('5')} |
| client had no reply to the dot (it or we broke off) | ${ledger.count('cut')} |
| arrived | ${ledger.arrived} (${(ledger.bytes / 1e6).toFixed(0)} MB) |
| arrived twice, their first dialogue cut after the dot | ${twice} |
| good reloads ordered / done, all workers added | ${reloads.good} / ${log.reloaded} |
| broken reloads ordered / refused by the worker that tried | ${reloads.broken} / ${log.refused} |
| broken certificates ordered / refused | ${reloads.brokenCertificates} / ${log.refusedCertificates} |
| revisions of the policy seen in mail | ${ledger.revisions.size} |
| messages that passed the sender checks with / without a signature | ${ledger.signed} / ${ledger.numbers.size - ledger.signed} |
| numbers of the store, each for one message | ${ledger.numbers.size} |
| sessions and messages by, certificates met | ${list(come(run.counts, true))} |
| faults and ends of clients | ${list(come(run.counts, false))} |
| faults of next hops | ${list(hopFaults(run.hops))} |
| connections to next hops | ${run.hops.reduce((sum, hop) => sum + hop.connections, 0)} |
| lines logged | ${log.lines} |
| descriptors before / after | ${descriptors(run.atStart)} / ${descriptors(run.atEnd)} |
| exit code after SIGTERM | ${run.code} |

${beside(run)}
| phase | replies | p50 ms | p99 ms | max ms |
| --- | ---: | ---: | ---: | ---: |
${latencies(run)}

## Memory over time

Median of all processes in the middle and the last third of each half: ${growth(run)}.
Each row: supervisor + workers.

| seconds | messages/s | resident MiB | descriptors | sockets |
| ---: | ---: | --- | --- | ---: |
${memory(run.lines)}
`;
}
