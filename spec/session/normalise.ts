// What doc/differences.md implies for all transcripts at once, done to the expectations in this one place: the fixed number E000 is gone, EHLO
// announces what we have, hook.content may be cut into chunks in any way and is never called with nothing.
import type { LogEntry, Logged, Step, Transcript } from './transcript.ts';

/** The replies of the original with our numbers: none without smtp-error-url, else URL and a number of its own, and none in a 2xx. */
function errorNumbers(text: string): string {
  return text.replace(/[^\r\n]*\r\n/g, (line) => {
    // Path errors had it behind the text.
    const behind = /^(553 \d\.\d\.\d) (.*?) (\S*)E000 \r\n$/.exec(line);
    if (behind !== null) {
      const [, head = '', words = '', url = ''] = behind;
      return `${head} ${url === '' ? '' : `${url}{{E}} `}${words}\r\n`;
    }
    return line.replace(
      /^(\d)(\d\d[ -]\d\.\d\.\d) (\S*)E000 /,
      (_, first: string, rest: string, url: string) =>
        url === '' || first === '2' ? `${first}${rest} ` : `${first}${rest} ${url}{{E}} `,
    );
  });
}

function extensions(text: string, auth: boolean): string {
  if (!/250-ENHANCEDSTATUSCODES|214-2.0.0 ESMTP/.test(text)) return text;
  return text
    .replaceAll(
      '250-XCLIENT ADDR HELO NAME PROTO\r\n',
      '250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n',
    )
    .replaceAll('250-AUTH PLAIN\r\n', auth ? '250-AUTH PLAIN LOGIN\r\n' : '')
    .replaceAll('214-2.0.0     AUTH    DATA ', '214-2.0.0     AUTH    BDAT    DATA ')
    .replace(/250 SIZE /g, '250-LIMITS RCPTMAX=1000\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 SIZE ');
}

/** True when the policy has hook.auth: log_all without a list of names defines every hook. */
function hasAuth(policy: string): boolean {
  return policy.includes('log_all') && !/log_all\([^)]*,\s*"/.test(policy);
}

export function normalise(transcript: Transcript): Transcript {
  const auth = hasAuth(transcript.policy);
  const text = (value: string): string => extensions(errorNumbers(value), auth);
  const logged = (value: Logged): Logged => (typeof value === 'string' ? text(value) : value);
  const steps = transcript.steps.map(
    (step): Step => (step.expect === undefined ? step : { ...step, expect: text(step.expect) }),
  );
  const hookLog = transcript.hook_log.map(
    (entry): LogEntry => (entry[0] === 'reply' ? [entry[0], ...entry.slice(1).map(logged)] : entry),
  );
  return { ...transcript, steps, hook_log: joinContent(hookLog) };
}

/** The chunks of each message as one, where the first one was; a message without a byte has none. */
export function joinContent(log: readonly LogEntry[]): readonly LogEntry[] {
  const joined: LogEntry[] = [];
  let at = -1;
  for (const entry of log) {
    if (entry[0] === 'content' && entry.length === 2 && typeof entry[1] === 'string') {
      if (at < 0) at = joined.push(['content', '']) - 1;
      joined[at] = ['content', `${String(joined[at]?.[1])}${entry[1]}`];
      continue;
    }
    if (entry[0] === 'dot' || entry[0] === 'reset' || entry[0] === 'close' || entry[0] === 'data') at = -1;
    // What a policy logs in hook.content counts once for a message.
    if (at >= 0 && entry[1] === 'content') {
      const text = JSON.stringify(entry);
      if (joined.slice(at).some((one) => JSON.stringify(one) === text)) continue;
    }
    joined.push(entry);
  }
  return joined.filter((entry) => !(entry[0] === 'content' && entry[1] === ''));
}
