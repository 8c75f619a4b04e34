// The words in which differences/ says what is expected instead. Each throws when it finds nothing to change, so that no entry of the
// list can go stale unnoticed.
import { type LogEntry, octets, type Step, type Transcript } from './transcript.ts';

export type Change = (transcript: Transcript) => Transcript;

export function all(...changes: readonly Change[]): Change {
  return (transcript) => changes.reduce((changed, change) => change(changed), transcript);
}

function stepOf(transcript: Transcript, line: string): number {
  const at = transcript.steps.findIndex(
    (step) => step.send !== undefined && octets(step.send).startsWith(line),
  );
  if (at < 0) throw new Error(`${transcript.name}: nothing sent begins with ${JSON.stringify(line)}`);
  return at;
}

function expectOf(transcript: Transcript, from: number): number {
  const at = transcript.steps.findIndex((step, i) => i > from && step.expect !== undefined);
  if (at < 0) throw new Error(`${transcript.name}: nothing expected behind step ${from}`);
  return at;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The reply to what was sent (its beginning; with its line ends), in the dialogue and in what hook.reply saw. */
export function answer(line: string, reply: string): Change {
  return (transcript) => {
    const at = expectOf(transcript, stepOf(transcript, line));
    const old = transcript.steps[at]?.expect ?? '';
    const steps = transcript.steps.map((step, i): Step => (i === at ? { ...step, expect: reply } : step));
    const before = transcript.steps.slice(0, at).filter((step) => step.expect?.endsWith(old)).length;
    let seen = 0;
    const log = transcript.hook_log.map(
      (entry): LogEntry => (same(entry, ['reply', old]) && seen++ === before ? ['reply', reply] : entry),
    );
    return { ...transcript, steps, hook_log: log };
  };
}

/** What is expected behind something sent, in the dialogue only. */
export function expected(line: string, replies: string): Change {
  return (transcript) => {
    const at = expectOf(transcript, stepOf(transcript, line));
    return {
      ...transcript,
      steps: transcript.steps.map((step, i): Step => (i === at ? { ...step, expect: replies } : step)),
    };
  };
}

/** The first place in the hook log where these entries stand together. */
export function hooks(old: readonly LogEntry[], entries: readonly LogEntry[]): Change {
  return (transcript) => {
    const log = transcript.hook_log;
    const at = log.findIndex((_, i) => old.every((entry, k) => same(entry, log[i + k])));
    if (at < 0) throw new Error(`${transcript.name}: no ${JSON.stringify(old)} in the hook log`);
    return { ...transcript, hook_log: [...log.slice(0, at), ...entries, ...log.slice(at + old.length)] };
  };
}

/** Every entry of the hook log that is changed by `edit`; undefined takes it out. */
export function eachHook(edit: (entry: LogEntry) => LogEntry | undefined): Change {
  return (transcript) => {
    const log = transcript.hook_log.flatMap((entry) => {
      const edited = edit(entry);
      return edited === undefined ? [] : [edited];
    });
    if (same(log, transcript.hook_log)) throw new Error(`${transcript.name}: the hook log stays as it is`);
    return { ...transcript, hook_log: log };
  };
}

/** The log from its entry `from` on is this. */
export function hooksFrom(from: number, entries: readonly LogEntry[]): Change {
  return (transcript) => ({ ...transcript, hook_log: [...transcript.hook_log.slice(0, from), ...entries] });
}

/** The dialogue ends with this reply to what was sent, and the hook log with it behind its first `kept` entries. */
export function endsWith(line: string, reply: string, kept: number, close: number): Change {
  return (transcript) => {
    const at = expectOf(transcript, stepOf(transcript, line));
    return {
      ...transcript,
      steps: [...transcript.steps.slice(0, at), { expect: reply }, { expect_close: true }],
      hook_log: [...transcript.hook_log.slice(0, kept), ['reply', reply], ['close', close]],
    };
  };
}

/** Other bytes are sent: what begins with `line` is replaced as a whole. */
export function sends(line: string, text: string): Change {
  return (transcript) => {
    const at = stepOf(transcript, line);
    return {
      ...transcript,
      steps: transcript.steps.map((step, i) => (i === at ? { ...step, send: text } : step)),
    };
  };
}

/** More bytes are sent behind what begins with `line`. */
export function appends(line: string, more: string): Change {
  return (transcript) => {
    const at = stepOf(transcript, line);
    return {
      ...transcript,
      steps: transcript.steps.map((step, i) =>
        i === at
          ? {
              ...step,
              send: { base64: Buffer.from(octets(step.send ?? '') + more, 'latin1').toString('base64') },
            }
          : step,
      ),
    };
  };
}

/** Hooks whose calls depend on how the bytes are cut are left out of the comparison. */
export function ignoring(...names: readonly string[]): Change {
  return (transcript) => ({ ...transcript, ignored_hooks: names });
}

/** The steps between two numbers (the second excluded) are these. */
export function steps(from: number, to: number, others: readonly Step[]): Change {
  return (transcript) => ({
    ...transcript,
    steps: [...transcript.steps.slice(0, from), ...others, ...transcript.steps.slice(to)],
  });
}

/** What the next hops received: for each hop, for each connection, the lines and contents. */
export function nextHops(...hops: readonly (readonly (readonly string[])[])[]): Change {
  return (transcript) => ({
    ...transcript,
    sink_log: hops.map((connections) =>
      connections.map((received) =>
        received.map((text) =>
          /^(EHLO|HELO|MAIL|RCPT|DATA|QUIT)\b/.test(text) ? { recv: text } : { recv_data: text },
        ),
      ),
    ),
  });
}
