// Which parts of a message are the text that its reader is shown, for a footer: the first text in the order of the parts, and of alternatives each that
// is text or a page. Attachments are none of it.
import type { ChangeFault } from './change-faults.ts';
import type { ContentWords } from './content-headers.ts';
import type { PlacedPart } from './part-map.ts';

export interface TargetRules {
  readonly signed: boolean;
  readonly nested: boolean;
}

export interface ShownText {
  readonly part: PlacedPart;
  readonly html: boolean;
  readonly words: ContentWords;
}

export type ShownTexts =
  | { readonly kind: 'texts'; readonly texts: readonly ShownText[] }
  | { readonly kind: 'fault'; readonly fault: ChangeFault };

const NONE: ShownTexts = { kind: 'texts', texts: [] };

/** `wordsOf` reads the headers of a part. */
export async function shownTexts(
  part: PlacedPart,
  rules: TargetRules,
  wordsOf: (part: PlacedPart) => Promise<ContentWords>,
): Promise<ShownTexts> {
  const words = await wordsOf(part);
  if (isSealed(words.type) && !rules.signed) return { kind: 'fault', fault: 'signed' };
  switch (part.kind) {
    case 'epilogue':
      return NONE;
    case 'message': {
      const inner = part.children[0];
      return rules.nested && inner !== undefined ? shownTexts(inner, rules, wordsOf) : NONE;
    }
    case 'leaf': {
      const html = words.type === 'text/html';
      const isText = (html || words.type === 'text/plain') && part.facts?.attachedMessage !== true;
      const isShown = words.disposition !== 'attachment' && part.facts?.names.name === undefined;
      return isText && isShown ? { kind: 'texts', texts: [{ part, html, words }] } : NONE;
    }
    case 'multipart':
      return ofMultipart(part, words, rules, wordsOf);
  }
}

async function ofMultipart(
  part: PlacedPart,
  words: ContentWords,
  rules: TargetRules,
  wordsOf: (part: PlacedPart) => Promise<ContentWords>,
): Promise<ShownTexts> {
  const children = part.children;
  if (words.type === 'multipart/related') {
    let root = children[0];
    if (words.start !== undefined)
      for (const child of children) if ((await wordsOf(child)).id === words.start) root = child;
    return root === undefined ? NONE : shownTexts(root, rules, wordsOf);
  }
  const all: ShownText[] = [];
  for (const child of children) {
    const found = await shownTexts(child, rules, wordsOf);
    if (found.kind === 'fault') return found;
    all.push(...found.texts);
    if (words.type !== 'multipart/alternative' && all.length > 0) break;
  }
  return { kind: 'texts', texts: all };
}

/** What a signature is over, or nobody but the recipient can read. */
export function isSealed(type: string): boolean {
  return /^(?:multipart\/(?:signed|encrypted)|application\/(?:x-)?pkcs7-mime)$/.test(type);
}
