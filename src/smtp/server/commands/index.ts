// All commands by verb.
import type { Command } from '../command.ts';
import { authCommand } from './auth.ts';
import { bdatCommand } from './bdat.ts';
import { dataCommand } from './data.ts';
import { ehloCommand } from './ehlo.ts';
import { heloCommand } from './helo.ts';
import { helpCommand } from './help.ts';
import { mailCommand } from './mail.ts';
import { noopCommand } from './noop.ts';
import { quitCommand } from './quit.ts';
import { rcptCommand } from './rcpt.ts';
import { rsetCommand } from './rset.ts';
import { starttlsCommand } from './starttls.ts';
import { verbCommand } from './verb.ts';
import { vrfyCommand } from './vrfy.ts';
import { xclientCommand } from './xclient.ts';

export { outOfSequence, tlsRequired, unknownCommand } from './unknown.ts';

const others: readonly Command[] = [
  heloCommand,
  ehloCommand,
  starttlsCommand,
  authCommand,
  mailCommand,
  rcptCommand,
  dataCommand,
  bdatCommand,
  rsetCommand,
  noopCommand,
  quitCommand,
  vrfyCommand,
  verbCommand,
  xclientCommand,
];

export const commands: ReadonlyMap<string, Command> = new Map(
  [...others, helpCommand(others)].map((one) => [one.verb, one]),
);
