// Rewrites the few things of Lua 5.1 source that Lua 5.4 reads differently, line for line:
//   escapes that 5.4 does not know ("\." "\-")   are the character itself;
//   goto used as a name                           becomes _goto51 (a goto statement stays one);
//   arg in a vararg function that has no `...`    is the table of the extra arguments.
// Everything else is left as it is, so that Lua 5.4 source works too.

type TokenKind = 'name' | 'string' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset of the token, and behind it, in the source. */
  readonly start: number;
  readonly end: number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const knownEscape = /\\(?:[abfnrtvz\\"'\r\n]|\d{1,3}|x[\da-fA-F]{2}|u\{[\da-fA-F]+\})/y;

/** The source as Lua 5.4 understands it. Source that is no Lua at all comes back in a form that Lua refuses as well. */
export function translate(source: string): string {
  // Nothing to do for nearly all source: no odd escape, no goto, no arg.
  if (!/\\[^abfnrtvz\\"'\r\n\d]|\bgoto\b|\barg\b/.test(source)) return source;
  const edits: Edit[] = [];
  const tokens = tokenize(source, edits);
  renameGoto(tokens, edits);
  declareArg(tokens, edits);
  return applied(source, edits);
}

/** The names, strings and symbols of Lua source, without comments and blanks. */
export function tokensOf(source: string): readonly Token[] {
  return tokenize(source, []);
}

function applied(source: string, edits: Edit[]): string {
  edits.sort((a, b) => a.start - b.start);
  const pieces: string[] = [];
  let at = 0;
  for (const edit of edits) {
    pieces.push(source.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  pieces.push(source.slice(at));
  return pieces.join('');
}

/** Names, strings and symbols; comments and blanks are left out. Strings with odd escapes are mended by `edits`. */
function tokenize(source: string, edits: Edit[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: TokenKind, end: number): void => {
    tokens.push({ kind, text: kind === 'string' ? '' : source.slice(at, end), start: at, end });
    at = end;
  };
  while (at < source.length) {
    const character = source.charAt(at);
    if (/\s/.test(character)) at += 1;
    else if (source.startsWith('--', at)) at = commentEnd(source, at);
    else if (/[A-Za-z_]/.test(character)) push('name', endOf(source, /\w*/y, at));
    else if (/\d/.test(character))
      push('symbol', endOf(source, /0[xX][\da-fA-F.]*(?:[pP][-+]?\d+)?|[\d.]+(?:[eE][-+]?\d+)?/y, at));
    else if (character === '"' || character === "'") push('string', stringEnd(source, at, edits));
    else if (character === '[' && longBracket(source, at) >= 0) push('string', longEnd(source, at));
    else push('symbol', endOf(source, /\.{1,3}|::|[=~<>]=|[\s\S]/y, at));
  }
  return tokens;
}

function endOf(source: string, what: RegExp, at: number): number {
  what.lastIndex = at;
  return what.test(source) ? Math.max(what.lastIndex, at + 1) : at + 1;
}

/** The number of `=` of a long bracket that opens at `at`, or -1. */
function longBracket(source: string, at: number): number {
  const end = endOf(source, /\[=*/y, at);
  return source.charAt(end) === '[' ? end - at - 1 : -1;
}

function longEnd(source: string, at: number): number {
  const level = longBracket(source, at);
  const close = `]${'='.repeat(level)}]`;
  const end = source.indexOf(close, at + level + 2);
  return end < 0 ? source.length : end + close.length;
}

function commentEnd(source: string, at: number): number {
  if (source.charAt(at + 2) === '[' && longBracket(source, at + 2) >= 0) return longEnd(source, at + 2);
  const end = source.indexOf('\n', at);
  return end < 0 ? source.length : end;
}

function stringEnd(source: string, start: number, edits: Edit[]): number {
  const quote = source.charAt(start);
  let at = start + 1;
  while (at < source.length) {
    const character = source.charAt(at);
    if (character === quote) return at + 1;
    if (character === '\n') return at;
    if (character !== '\\') {
      at += 1;
      continue;
    }
    knownEscape.lastIndex = at;
    if (knownEscape.test(source)) at = skipped(source, at, knownEscape.lastIndex);
    else {
      edits.push({ start: at, end: at + 1, text: '' });
      at += 2;
    }
  }
  return at;
}

/** Behind an escape; `\z` swallows the white space that follows, line ends included, and `\` a CRLF. */
function skipped(source: string, start: number, end: number): number {
  if (source.startsWith('\r\n', start + 1)) return end + 1;
  let at = end;
  if (source.charAt(start + 1) === 'z') while (/\s/.test(source.charAt(at))) at += 1;
  return at;
}

function renameGoto(tokens: readonly Token[], edits: Edit[]): void {
  const brackets: string[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind === 'symbol' && /^[({[]$/.test(token.text)) brackets.push(token.text);
    else if (token.kind === 'symbol' && /^[)}\]]$/.test(token.text)) brackets.pop();
    if (token.kind !== 'name' || token.text !== 'goto') continue;
    const before = tokens[i - 1];
    const after = tokens[i + 1];
    const isField = brackets.at(-1) === '{' && after?.text === '=' && /^[{,;]$/.test(before?.text ?? '');
    if (isField) edits.push({ start: token.start, end: token.end, text: '["goto"]' });
    else if (before?.text === '.') edits.push({ start: before.start, end: token.end, text: '["goto"]' });
    else if (before?.text === ':' || after?.kind !== 'name') {
      edits.push({ start: token.start, end: token.end, text: '_goto51' });
    }
  }
}

interface OpenFunction {
  /** Behind the parameter list; undefined when the function gets no `arg`. */
  readonly body: number | undefined;
  readonly depth: number;
  usesDots: boolean;
  usesArg: boolean;
}

const openers = new Set(['function', 'do', 'if', 'repeat']);
const closers = new Set(['end', 'until']);

function declareArg(tokens: readonly Token[], edits: Edit[]): void {
  const functions: OpenFunction[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined) break;
    const innermost = functions.at(-1);
    if (token.kind === 'name' && openers.has(token.text)) depth += 1;
    if (token.kind === 'name' && token.text === 'function') {
      const list = parameterList(tokens, i);
      const body = list.dots && !list.names.has('arg') ? list.end : undefined;
      functions.push({ body, depth, usesDots: false, usesArg: false });
      i = list.last;
    } else if (token.kind === 'name' && closers.has(token.text)) {
      if (innermost !== undefined && innermost.depth === depth) {
        functions.pop();
        if (innermost.body !== undefined && innermost.usesArg && !innermost.usesDots) {
          edits.push({
            start: innermost.body,
            end: innermost.body,
            text: ' local arg = {n = select("#", ...), ...} ',
          });
        }
      }
      depth -= 1;
    } else if (innermost !== undefined && token.text === '...') innermost.usesDots = true;
    else if (
      token.kind === 'name' &&
      token.text === 'arg' &&
      tokens[i - 1]?.text !== '.' &&
      tokens[i - 1]?.text !== ':'
    ) {
      // An inner function sees the `arg` of the nearest vararg function around it.
      for (let k = functions.length - 1; k >= 0; k--) {
        const open = functions[k];
        // Marked before: so are those around it.
        if (open === undefined || open.usesArg) break;
        open.usesArg = true;
        if (open.body !== undefined) break;
      }
    }
  }
}

/** The parameters of the function whose keyword is token `at`. */
function parameterList(
  tokens: readonly Token[],
  at: number,
): {
  readonly dots: boolean;
  readonly names: ReadonlySet<string>;
  readonly end: number;
  readonly last: number;
} {
  let i = at + 1;
  while (i < tokens.length && tokens[i]?.text !== '(') i += 1;
  const names = new Set<string>();
  let dots = false;
  for (i += 1; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined || token.text === ')') break;
    if (token.text === '...') dots = true;
    else if (token.kind === 'name') names.add(token.text);
  }
  return { dots, names, end: tokens[i]?.end ?? 0, last: i };
}
