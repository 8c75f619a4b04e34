// Verb `trace` with a file: plays a message or a session to a policy, without a server and a network, and prints every step of it as the trace of a
// server does.
import { dirname, join } from 'node:path';
import { envelopeOf } from '../bench/play/play-file.ts';
import { readPlayedFile } from '../bench/play/played-file.ts';
import { type TracedFile, traceFile } from '../bench/play/trace-file.ts';
import type { Recording } from '../observe/record/format.ts';
import type { TraceEntry } from '../observe/trace/entry.ts';
import { Ladder } from '../observe/trace/ladder.ts';
import type { Options } from '../options/options.ts';
import { asciiJson, printable } from '../text/printable.ts';
import { exitCode } from './exit-code.ts';
import { isThere, policyFor } from './policy-for.ts';
import { complain as complainHere, print as printHere } from './problems.ts';
import { readOptionFile } from './read-option-file.ts';
import { ScratchDirectories } from './scratch-directories.ts';
import { readTraceWords } from './trace-words.ts';
import { type CommandLine, verbTable } from './verb.ts';

/** Where it prints, and complains. */
export interface Output {
  readonly print: (text: string) => Promise<unknown>;
  readonly complain: (problems: readonly string[]) => Promise<unknown>;
}

/** `options`: as a server would have them, for the policy. */
export async function traceVerb(
  options: Options,
  { json, operands, words }: Pick<CommandLine, 'json' | 'operands' | 'words'>,
  { complain, print }: Output = { complain: complainHere, print: printHere },
): Promise<number> {
  const asked = readTraceWords(operands);
  if (typeof asked === 'string') {
    await complain([`${asked}\nusage: ${verbTable.trace.usage}`]);
    return exitCode.usage;
  }
  const file = await readPlayedFile(asked.path);
  if (file.kind === 'unusable') {
    await complain([file.problem]);
    return exitCode.usage;
  }
  if (file.kind === 'recording') {
    await print(recordingText(file.recording, json, asked.content));
    if (file.problem !== undefined) await complain([`${asked.path} is not whole: ${file.problem}`]);
    return file.problem === undefined ? exitCode.ok : exitCode.missing;
  }
  const { host, recipients, sender } = asked;
  const envelope = file.kind === 'message' ? envelopeOf(file.text, sender, recipients) : undefined;
  if (file.kind === 'message' && envelope === undefined) {
    await complain([`${asked.path} names no recipient in To or Cc; say to=ADDRESS`]);
    return exitCode.usage;
  }
  const policy = await policyFor(options);
  if (policy.kind === 'missing') {
    await complain([`${policy.problem}; name the policy: smtpe trace ${asked.path} POLICY.lua`]);
    return exitCode.usage;
  }
  const fakes = asked.fakes ?? (await testBeside(policy.path));
  const ladder = new Ladder({ content: asked.content });
  const texts: string[] = [];
  const scratch = new ScratchDirectories();
  const traced = await traceFile({
    scratch,
    ...{ file, envelope, client: asked.client, host, helo: asked.helo ?? host ?? 'client.example' },
    ...{ tls: asked.tls, policy, fakes, words, readFile: readOptionFile },
    optionFile: policy.optionFile,
    push: (entry) => texts.push(...lines(entry, json, ladder)),
  });
  scratch.close();
  await print(texts.map((text) => `${text}\n`).join(''));
  if (traced.kind === 'problem') {
    await complain([traced.text]);
    return traced.of === 'options' ? exitCode.usage : exitCode.software;
  }
  const end = json ? [asciiJson(summary(traced))] : endLines(traced, fakes);
  await print(end.map((line) => `${line}\n`).join(''));
  if (file.kind === 'session' && file.cut)
    await complain([
      `${asked.path} ends within a message: it has no line "." (or fewer octets than BDAT says)`,
    ]);
  return traced.missing.length > 0 || traced.failed || traced.waits !== undefined
    ? exitCode.missing
    : exitCode.ok;
}

const lines = (entry: TraceEntry, json: boolean, ladder: Ladder): readonly string[] =>
  json ? [asciiJson(entry)] : ladder.lines(entry);

/** As the server has seen it. */
function recordingText(recording: Recording, json: boolean, content: boolean): string {
  const { began, client, entries, omitted, script, session } = recording;
  const ladder = new Ladder({ content });
  const about = `session ${session} of ${client}, ${new Date(began).toISOString()}, policy ${script}`;
  const left = omitted > 0 ? [`(${omitted} octets were not kept)`] : [];
  const text = json
    ? entries.map((entry) => asciiJson(entry))
    : [printable(about), ...entries.flatMap((entry) => ladder.lines(entry)), ...left];
  return text.map((line) => `${line}\n`).join('');
}

type Traced = Extract<TracedFile, { kind: 'traced' }>;

function summary({ failed, forwarded, missing, unsaid, waits }: Traced): object {
  return {
    ...{ kind: 'played', failed, unsaid, waits, missing },
    forwarded: forwarded.map(({ data, host, recipients, sender }) => ({
      ...{ host, sender, recipients, octets: data.length },
    })),
  };
}

function endLines(
  { forwarded, missing, unsaid, waits }: Traced,
  fakes: string | undefined,
): readonly string[] {
  return [
    ...forwarded.map(({ data, host, recipients, sender }) =>
      printable(
        `would go to ${host}: from <${sender}> to ${recipients.map((one) => `<${one}>`).join(' ')}, ${data.length} octets`,
      ),
    ),
    ...(unsaid > 0 ? [`the server has closed the connection: ${unsaid} more lines were not said`] : []),
    ...(waits === undefined ? [] : [`the session does not end: ${printable(waits)}, which nothing ends`]),
    ...missing.map(({ paste, what }) =>
      paste === ''
        ? `there can be no answer for ${printable(what)}`
        : `nobody has said what ${printable(what)} answers:   ${printable(paste)}`,
    ),
    ...(missing.some(({ paste }) => paste !== '')
      ? [
          fakes === undefined
            ? "such lines stand in a file that begins with: local t = require 'smtpe.test', and is named: fakes=FILE"
            : `such lines stand in ${printable(fakes)}`,
        ]
      : []),
  ];
}

/** The test of a policy, whose fakes hold when no others are named. */
async function testBeside(policy: string): Promise<string | undefined> {
  const own = policy.replace(/(?:\.lua)?$/i, '_test.lua');
  for (const path of [own, join(dirname(policy), 'policy_test.lua')]) if (await isThere(path)) return path;
  return undefined;
}
