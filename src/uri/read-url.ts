// A URL as Node reads it. Not by URL.canParse: where that is called often, Node 20 takes octets above ASCII for UTF-8 and refuses names that it reads
// otherwise.

/** undefined: it is none (WHATWG URL Standard). */
export function readUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
