// The value of an attribute that holds a URL, put into the form of RFC 3986 as browsers read it (WHATWG URL Standard, the states from "no
// scheme" to "authority"): any number of slashes and backslashes leads to the host, with or without `http:` before them. Text is latin1.

const special = /^(https?|ftp):[/\\]*/i;
const relativeToScheme = /^[/\\]{2,}/;

/** `text` has no tabs and line ends. Anything that does not lead to a host stays as it is. */
export function hrefText(text: string): string {
  const scheme = special.exec(text);
  const slashes = scheme ?? relativeToScheme.exec(text);
  if (slashes === null) return text;
  const rest = text.slice(slashes[0].length);
  const end = rest.search(/[?#]/);
  const hierarchy = (end < 0 ? rest : rest.slice(0, end)).replaceAll('\\', '/');
  return `${scheme?.[1] ?? 'http'}://${hierarchy}${end < 0 ? '' : rest.slice(end)}`;
}
