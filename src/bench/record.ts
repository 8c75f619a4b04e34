// What a case keeps of what happened in it, beside its trail: what was asked for and nobody has said anything about, and what was forwarded.
import type { TakenMessage } from './ports/scripted-hop.ts';
import { shown, Trail } from './trail.ts';

/** Something that was asked for and that no fake answers. */
export interface MissingFake {
  readonly what: string;
  /** The line to paste. */
  readonly paste: string;
}

export interface ForwardedMessage extends TakenMessage {
  /** As it was named. */
  readonly host: string;
}

/** Of a test, in Lua. */
export const quoted = (text: string): string => `'${shown(text).replaceAll("'", "\\'")}'`;

export class CaseRecord extends Trail {
  readonly missingFakes: MissingFake[] = [];
  readonly forwarded: ForwardedMessage[] = [];

  missing(what: string, paste: string): void {
    if (!this.missingFakes.some((one) => one.paste === paste)) this.missingFakes.push({ what, paste });
  }
}
