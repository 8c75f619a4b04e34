// The names in a certificate, out of the text that Node makes of subjectAltName: `DNS:a.example, email:"b\u002c@c", IP Address:192.0.2.1`. What
// could be mistaken for another name stands there as a JSON string (CVE-2021-44532). Pure.

export interface AltNames {
  readonly dns: readonly string[];
  readonly email: readonly string[];
}

export function readAltNames(text: string | undefined): AltNames {
  const names = { dns: [] as string[], email: [] as string[] };
  for (const [, kind, quoted, plain] of (text ?? '').matchAll(
    /(?:^|, )(DNS|email|[^:,"]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))/g,
  )) {
    const name = quoted === undefined ? plain : unquoted(quoted);
    if (name === undefined || name === '') continue;
    if (kind === 'DNS') names.dns.push(name);
    else if (kind === 'email') names.email.push(name);
  }
  return names;
}

function unquoted(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
