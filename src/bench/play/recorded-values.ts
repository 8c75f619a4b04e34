// What is in the answers of a recording, which are JSON, read without believing it.
export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As answerJson has written it: octets are a Buffer again. */
export function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text, (_, one: unknown) =>
      isJson(one) && typeof one.octets === 'string' && Object.keys(one).length === 1
        ? Buffer.from(one.octets, 'base64')
        : one,
    );
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
}

export const octetsOf = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : typeof value === 'string' ? value : '';
export const numberOf = (value: unknown, usual = 0): number => (typeof value === 'number' ? value : usual);
export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(octetsOf) : [];

/** What was said to one thing, one after the other; the last one again and again. */
export function inTurn<T>(said: T[]): T | undefined {
  return said.length > 1 ? said.shift() : said[0];
}
