// The fuzzy body hashes known as ixHash: when each of the three applies, and what it leaves of a text before MD5 is taken. Octet by
// octet in one pass; `previous` starts anew with each call, so the pieces in which a text is given matter.

function isSpace(octet: number): boolean {
  return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d);
}

function isControl(octet: number): boolean {
  return octet < 0x20 || octet === 0x7f;
}

function isGraphic(octet: number): boolean {
  return octet >= 0x21 && octet <= 0x7e;
}

function isAlnum(octet: number): boolean {
  return (octet >= 0x30 && octet <= 0x39) || ((octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a);
}

function setOf(chars: string): ReadonlySet<number> {
  return new Set(Array.from(chars, (char) => char.charCodeAt(0)));
}

/** At least 2 line feeds and at least 20 blanks and tabs. */
export function usesIxhash1(text: string): boolean {
  let lines = 0;
  let blanks = 0;
  for (let i = 0; i < text.length && (lines < 2 || blanks < 20); i++) {
    const octet = text.charCodeAt(i);
    if (octet === 0x0a) lines++;
    else if (octet === 0x20 || octet === 0x09) blanks++;
  }
  return lines >= 2 && blanks >= 20;
}

const glyphs = setOf("<>()|@*'!?,");

/** At least 3 of `< > ( ) | @ * ' ! ? ,` and `:/`. */
export function usesIxhash2(text: string): boolean {
  let count = 0;
  for (let i = 0; i < text.length && count < 3; i++) {
    const octet = text.charCodeAt(i);
    if (glyphs.has(octet) || (octet === 0x3a && text.charCodeAt(i + 1) === 0x2f)) count++;
  }
  return count >= 3;
}

/** At least 8 octets. */
export function usesIxhash3(text: string): boolean {
  return text.length >= 8;
}

/** White space, the same character in a row once, with control and 8-bit octets; graphic characters only part the rows. */
export function filterIxhash1(text: string): Buffer {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  let previous = -1;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    if (octet === 0x0d && text.charCodeAt(i + 1) === 0x0a) continue;
    if (octet === previous && isSpace(octet)) continue;
    previous = octet;
    if (!isGraphic(octet)) kept[length++] = octet;
  }
  return kept.subarray(0, length);
}

const dropped2 = setOf('%&#;=');

/** Punctuation and blanks, the same character in a row once, `_` as `.`; 8-bit octets stay as they are. */
export function filterIxhash2(text: string): Buffer {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  let previous = -1;
  for (let i = 0; i < text.length; i++) {
    const raw = text.charCodeAt(i);
    if (isControl(raw) || isAlnum(raw) || dropped2.has(raw)) continue;
    const octet = raw === 0x5f ? 0x2e : raw;
    if (octet === previous && octet <= 0x7e) continue;
    previous = octet;
    kept[length++] = octet;
  }
  return kept.subarray(0, length);
}

/** Everything but white space, control characters and `=`, the same graphic character in a row once. */
export function filterIxhash3(text: string): Buffer {
  const kept = Buffer.allocUnsafe(text.length);
  let length = 0;
  let previous = -1;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i);
    if (isControl(octet) || isSpace(octet) || octet === 0x3d) continue;
    if (octet === previous && isGraphic(octet)) continue;
    previous = octet;
    kept[length++] = octet;
  }
  return kept.subarray(0, length);
}
