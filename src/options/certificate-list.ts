// What smtp-tls says: `chain.pem[,key.pem]`, several separated by blanks. Pure; nothing is opened here.

/** Where one certificate is. */
export interface CertificatePlace {
  /** Its file, PEM, the certificates of its authorities behind it. */
  readonly chain: string;
  /** The file with its key; the same where there is only one. */
  readonly key: string;
}

/** Undefined: a word is none. */
export function readCertificateList(text: string): readonly CertificatePlace[] | undefined {
  const places: CertificatePlace[] = [];
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    const [chain = '', key = chain, ...more] = word.split(',');
    if (chain === '' || key === '' || more.length > 0) return undefined;
    places.push({ chain, key });
  }
  return places;
}
