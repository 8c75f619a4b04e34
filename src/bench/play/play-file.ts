// Says to a server what a file has (played-file.ts): a message as a client sends one, or a session line by line, each after the reply to the one before.
// Time stands still while the server is at work, and is moved on to what is due next while it waits for time alone.
import { lowerAscii, withoutEnd } from '../../base/ascii.ts';
import { readAddressList } from '../../text/address-list.ts';
import { type Dialogue, stuffed } from '../dialogue.ts';
import type { OpenCase } from '../open-case.ts';
import type { Playable, Step } from './played-file.ts';

/** Who sends a message, and to whom. */
export interface Envelope {
  readonly sender: string;
  readonly recipients: readonly string[];
}

/** What it was played to, and what of it could not be said. */
export type PlayEnd = { readonly kind: 'all' } | { readonly kind: 'closed'; readonly unsaid: number };

/** Milliseconds of the clock that is moved that one reply may take. */
const MOST_WAIT = 3_600_000;
const SENDER = 'sender@client.example';

/** Values of a header, unfolded, from the top. */
function headersOf(text: string, name: string): readonly string[] {
  const end = text.search(/\r?\n\r?\n/);
  const head = end < 0 ? text : text.slice(0, end);
  const lines = head.replaceAll(/\r?\n(?=[ \t])/g, '').split(/\r?\n/);
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    const key = withoutEnd(line.slice(0, Math.max(0, colon)), ' \t');
    return lowerAscii(key) === name ? [line.slice(colon + 1)] : [];
  });
}

const addressesOf = (text: string, name: string): readonly string[] =>
  headersOf(text, name).flatMap((value) => {
    const read = readAddressList(value, 1000);
    return read.kind === 'list' ? read.mailboxes.map((one) => `${one.localPart}@${one.domain}`) : [];
  });

/** What is not said is read from the headers; undefined: they name no recipient. */
export function envelopeOf(
  text: string,
  sender: string | undefined,
  recipients: readonly string[],
): Envelope | undefined {
  const [path] = headersOf(text, 'return-path').map((value) => /<([^>]*)>/.exec(value)?.[1]);
  const [author] = addressesOf(text, 'from');
  const named = recipients.length > 0 ? recipients : ['to', 'cc'].flatMap((name) => addressesOf(text, name));
  const unique = [...new Set(named)];
  if (unique.length === 0) return undefined;
  return { sender: sender ?? path ?? author ?? SENDER, recipients: unique };
}

const isBdat = (step: Step): boolean => step.kind === 'line' && /^BDAT +[1-9]/i.test(step.text);

export class FilePlayer {
  readonly #open: OpenCase;
  readonly #dialogue: Dialogue;
  /** Taken so far. */
  #sender = false;
  #recipients = 0;

  constructor(open: OpenCase, dialogue: Dialogue) {
    this.#open = open;
    this.#dialogue = dialogue;
  }

  async play(file: Playable, helo: string, envelope: Envelope | undefined): Promise<PlayEnd> {
    await this.#dialogue.connect();
    await this.#patience();
    const isMessage = file.kind === 'message';
    const steps = isMessage ? messageSteps(file.text, helo, envelope) : file.steps;
    for (const [i, step] of steps.entries()) {
      if (this.#dialogue.isClosed)
        return { kind: 'closed', unsaid: steps.slice(i).filter(({ kind }) => kind === 'line').length };
      if (!isMessage || this.#isOfUse(step)) await this.#say(step);
      if (isMessage) this.#taken(step);
    }
    return { kind: 'all' };
  }

  /** A client that sends a message says no more of it than a server may still take. */
  #isOfUse(step: Step): boolean {
    if (step.kind !== 'line') return true;
    return !(/^RCPT/.test(step.text) && !this.#sender) && !(step.text === 'DATA' && this.#recipients === 0);
  }

  #taken(step: Step): void {
    if (step.kind !== 'line' || this.#dialogue.reply?.code !== 250) return;
    if (step.text.startsWith('MAIL')) this.#sender = true;
    if (step.text.startsWith('RCPT') && this.#sender) this.#recipients += 1;
  }

  async #say(step: Step): Promise<void> {
    const dialogue = this.#dialogue;
    switch (step.kind) {
      case 'line':
        // Octets that follow belong to the command: both are said at once, as RFC 3030 has it.
        if (isBdat(step)) dialogue.write(Buffer.from(`${step.text}\r\n`, 'latin1'));
        else await dialogue.command(step.text);
        break;
      case 'content':
        if (dialogue.reply?.code === 354) await dialogue.stuffedContent(step.text);
        break;
      case 'cut':
        if (dialogue.reply?.code === 354) dialogue.write(Buffer.from(step.text, 'latin1'));
        break;
      case 'begun':
        dialogue.write(Buffer.from(step.text, 'latin1'));
        break;
      case 'octets':
        await dialogue.say(Buffer.from(step.text, 'latin1'));
    }
    if (step.kind !== 'cut' && step.kind !== 'begun' && !isBdat(step)) await this.#patience();
  }

  /** Until there is a reply; who waits for a reply that never comes is not waited for. */
  async #patience(): Promise<void> {
    const { clock } = this.#open.world;
    const until = clock.monotonic() + MOST_WAIT;
    while (this.#dialogue.reply === undefined && !this.#dialogue.isClosed) {
      const next = clock.nextIn;
      if (next === undefined || clock.monotonic() + next > until) return;
      await this.#open.forward(next);
    }
  }
}

function messageSteps(text: string, helo: string, envelope: Envelope | undefined): readonly Step[] {
  const { recipients = [], sender = '' } = envelope ?? {};
  const lines = [`EHLO ${helo}`, `MAIL FROM:<${sender}>`, ...recipients.map((one) => `RCPT TO:<${one}>`)];
  return [
    ...[...lines, 'DATA'].map((line): Step => ({ kind: 'line', text: line })),
    { kind: 'content', text: stuffed(text) },
    { kind: 'line', text: 'QUIT' },
  ];
}
