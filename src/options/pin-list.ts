// What smtp-forward-tls-pin says: `sha256:` and the digest of a certificate or of its public key (hexadecimal, colons allowed, or base64), or the
// path of a file with certificates of authorities. Separated by blanks or commas. Pure; nothing is opened here.

export interface PinList {
  /** 64 hexadecimal digits, lower case. */
  readonly digests: readonly string[];
  /** Paths. */
  readonly authorities: readonly string[];
}

/** The word that is neither, or the list. */
export function readPinList(text: string): PinList | { readonly wrong: string } {
  const digests: string[] = [];
  const authorities: string[] = [];
  for (const word of text.split(/[\s,]+/)) {
    if (word === '') continue;
    const [, digest] = /^sha256:(.*)$/i.exec(word) ?? [];
    if (digest === undefined) {
      // A word with a colon is a digest of another kind, or a slip.
      if (word.includes(':')) return { wrong: word };
      authorities.push(word);
      continue;
    }
    const hex = digest.replaceAll(':', '').toLowerCase();
    if (/^[0-9a-f]{64}$/.test(hex)) digests.push(hex);
    else if (/^[A-Za-z0-9+/]{43}=$/.test(digest)) digests.push(Buffer.from(digest, 'base64').toString('hex'));
    else return { wrong: word };
  }
  return { digests, authorities };
}
