// A session as the process of a shadow policy is shown it: one text of octets (latin1). Its first line has its id, when it began and its client; then
// come its steps, each as a letter, the number of its octets, a colon and these. What client and server say, and content, is there as it was said: it is
// nearly all of it, and every session of a service pays for how it is written. Steps that not every session has are JSON. Pure.
import type { EventFields } from '../../base/events.ts';
import { asciiJson } from '../../text/printable.ts';
import type { TapeStep } from '../trace/steps.ts';

export interface ShownHead {
  readonly session: string;
  readonly client: string;
  /** Milliseconds since the Epoch. */
  readonly began: number;
}

/** One that was read; its steps have no times: the shadow is not asked how long it takes. */
export interface ShownSteps extends ShownHead {
  readonly steps: readonly TapeStep[];
}

export const headText = ({ began, client, session }: ShownHead): string => `${session} ${began} ${client}\n`;

export function stepText(step: TapeStep): string {
  switch (step[0]) {
    case 'clientSays':
      return form('c', step[2].line);
    case 'serverSays':
      return form('s', step[2]);
    case 'piece':
      return form('p', step[2].octets);
    case 'content':
      // Without its beginning, which is in the pieces.
      return form('o', `${step[2].octets} ${step[2].end}`);
    case 'end':
      return form('e', step[2].end);
    default: {
      const [name, , ...told] = step;
      return form('j', asciiJson([name, ...told]));
    }
  }
}

const form = (letter: string, text: string): string => `${letter}${text.length}:${text}`;

/** Reads what `headText` and `stepText` have made. Throws when it is something else. */
export function readShown(text: string): ShownSteps {
  const end = text.indexOf('\n');
  const [session = '', began, client = ''] = text.slice(0, end).split(' ');
  const steps: TapeStep[] = [];
  for (let at = end + 1; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const next = colon + 1 + Number(text.slice(at + 1, colon));
    steps.push(stepOf(text.charAt(at), text.slice(colon + 1, next)));
    at = next;
  }
  return { session, client, began: Number(began), steps };
}

function stepOf(letter: string, text: string): TapeStep {
  switch (letter) {
    case 'c':
      return ['clientSays', 0, { line: text }];
    case 's':
      return ['serverSays', 0, text];
    case 'p':
      return ['piece', 0, { octets: text }];
    case 'e':
      return ['end', 0, { end: text } as EventFields<'link-disconnect'>];
    case 'o': {
      const space = text.indexOf(' ');
      return ['content', 0, { octets: Number(text.slice(0, space)), head: '', end: text.slice(space + 1) }];
    }
    case 'j': {
      const [name, ...told] = JSON.parse(text) as [string, ...unknown[]];
      return [name, 0, ...told] as unknown as TapeStep;
    }
    default:
      throw new Error(`no step begins with ${letter}`);
  }
}
