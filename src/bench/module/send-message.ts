// `s:send`: a whole transaction, from a file or a text.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { isPositive } from '../../smtp/protocol/reply.ts';
import type { Dialogue } from '../dialogue.ts';
import type { TestBench } from '../test-bench.ts';
import { checkFields, oneLine, sketch, tableFor, textField, textsOf } from './read-table.ts';

const FIELDS = ['from', 'to', 'file', 'text'] as const;
const SENDER = 'sender@client.example';

function contentOf(directory: string, file: string): string {
  try {
    return readFileSync(resolve(directory, file)).toString('latin1');
  } catch (error) {
    const cause = codeOf(error) === 'ENOENT' ? 'there is no such file' : codeOf(error) || String(error);
    throw new LuaError(`s:send, file ${sketch(file)}: ${cause} in ${directory}, where the test stands`);
  }
}

/** What there is to send when the test does not say it. */
const usualText = (from: string, to: readonly string[]): string =>
  `From: ${from || 'MAILER-DAEMON'}\r\nTo: ${to.join(', ')}\r\nSubject: test\r\nDate: Sat, 3 Jan 2026 12:00:00 +0000\r\nMessage-ID: <test@client.example>\r\n\r\nHello.\r\n`;

/** Reads what is to be sent, and gives what sends it. Throws LuaError. */
export function sendMessage(bench: TestBench, dialogue: Dialogue, given: LuaValue): () => Promise<void> {
  const table = tableFor('s:send', given, "{ to = 'x@example.com', file = 'mail/eicar.eml' }");
  checkFields('s:send', table, FIELDS);
  if (!table.has('to')) throw new LuaError("s:send needs recipients: to = 'x@example.com', or to = { ... }");
  const to = textsOf('s:send, to', table.get('to'));
  const from = textField('s:send', table, 'from') ?? SENDER;
  for (const address of [from, ...to]) oneLine(address === from ? 's:send, from' : 's:send, to', address);
  const file = textField('s:send', table, 'file');
  const text = textField('s:send', table, 'text');
  if (file !== undefined && text !== undefined) throw new LuaError('s:send takes a file or a text, not both');
  const content = file === undefined ? (text ?? usualText(from, to)) : contentOf(bench.directory, file);
  return async () => {
    const { services } = bench.inCase('s:send').world;
    services.sentFile = file;
    await dialogue.greet();
    if (dialogue.isClosed) return;
    const isYes = async (line: string): Promise<boolean> => {
      const reply = await dialogue.command(line);
      return reply !== undefined && isPositive(reply.code) && !dialogue.isClosed;
    };
    if (!(await isYes(`MAIL FROM:<${from}>`))) return;
    let taken = 0;
    for (const recipient of to) {
      if (await isYes(`RCPT TO:<${recipient}>`)) taken += 1;
      else if (dialogue.isClosed || dialogue.reply === undefined) return;
    }
    if (taken === 0) return;
    const reply = await dialogue.command('DATA');
    if (reply?.code === 354) await dialogue.content(content);
  };
}
