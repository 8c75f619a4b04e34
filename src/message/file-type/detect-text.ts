// What a text is by what stands at its beginning: a script, HTML, a shortcut, a message. Called by detect.ts for what has no other mark. Text in UTF-16
// is read as what it says. A guess, as all of this must be: only what is distinctive counts, so that a letter is not taken for a program.
import type { Detected } from './detect.ts';

/** Octets that are read. */
const looked = 8192;

const found = (type: string, ext: string): Detected => ({ type, ext });
const html = found('text/html', 'html');

/** By the first line. */
function byShebang(text: string): Detected | undefined {
  const line = /^#![^\n]{0,200}/.exec(text)?.[0];
  if (line === undefined) return undefined;
  const program = /(?:^|[/\s])(python|perl|ruby|node|php|pwsh|powershell|osascript)/.exec(line)?.[1] ?? 'sh';
  const kinds: Readonly<Record<string, readonly [string, string]>> = {
    python: ['text/x-python', 'py'],
    perl: ['text/x-perl', 'pl'],
    ruby: ['text/x-ruby', 'rb'],
    node: ['text/javascript', 'js'],
    php: ['application/x-httpd-php', 'php'],
    pwsh: ['application/x-powershell', 'ps1'],
    powershell: ['application/x-powershell', 'ps1'],
    osascript: ['application/x-applescript', 'scpt'],
  };
  const [type, ext] = kinds[program] ?? ['application/x-sh', 'sh'];
  return found(type, ext);
}

/** What is so much of one language that a letter would not have it; each pattern is linear. */
const languages: readonly (readonly [RegExp, Detected])[] = [
  [/<hta:application|<script[^>]{0,100}vbscript/, found('application/hta', 'hta')],
  [
    /<(?:package|job)\b[^>]{0,200}>[^<]{0,200}<(?:job|script|comment|runtime|reference|object|\?job)/,
    found('application/x-windows-script', 'wsf'),
  ],
  [
    /<scriptlet>|<component[^>]{0,100}>\s{0,20}<registration/,
    found('application/x-windows-scriptlet', 'sct'),
  ],
  [/<persistedquery\b|<librarydescription\b|<pcsettings>/, found('application/x-windows-link', 'library-ms')],
  [/^\s{0,200}<\?php/, found('application/x-httpd-php', 'php')],
  [
    /^\s{0,200}(?:set\s{1,8}\w{1,40}\s{0,8}=\s{0,8}(?:wscript\.)?createobject\s{0,8}\(|dim\s{1,8}\w|option explicit\b|on error resume next\b)/m,
    found('text/vbscript', 'vbs'),
  ],
  [
    /\bwscript\.(?:createobject|shell|echo|sleep|quit)|\bnew activexobject\s?\(|\bactivexobject\(['"]/,
    found('text/javascript', 'js'),
  ],
  [
    /\b(?:set\s{1,8}\w{1,40}\s{0,8}=\s{0,8})?createobject\s{0,8}\(\s{0,8}"|^\s{0,200}(?:option explicit|on error resume next)\b|\bexecuteglobal\b/m,
    found('text/vbscript', 'vbs'),
  ],
  [
    /^\s{0,200}@?echo off\b|^\s{0,8}(?:rem )?@?setlocal\b|\bcmd(?:\.exe)? \/c\b|%comspec%/m,
    found('application/x-bat', 'bat'),
  ],
  [
    /\b(?:invoke-expression|invoke-webrequest|start-process|set-executionpolicy|downloadstring\(|frombase64string\(|new-object (?:system\.)?net\.)/,
    found('application/x-powershell', 'ps1'),
  ],
];

/** A function that a file begins with, or nothing but statements: JavaScript as downloaders are written. */
const script =
  /^\s{0,200}(?:(?:\/\*[^*]{0,400}\*\/|\/\/[^\n]{0,400}\n)\s{0,100}){0,5}(?:["']use strict["'];|\(function\s?\w{0,40}\s?\(|\(\(\)\s?=>|!function\s?\(|function\s{1,8}\w{1,80}\s?\(|(?:var|let|const)\s{1,8}[\w$]{1,80}\s{0,8}=|eval\s?\()/;

export function detectText(octets: Buffer): Detected | undefined {
  const text = textOf(octets.subarray(0, looked));
  if (text === undefined || text === '') return undefined;
  const shebang = byShebang(text);
  if (shebang !== undefined) return shebang;
  const lower = text.toLowerCase();
  if (/^\s{0,200}\[(?:\{000214a0-0000-0000-c000-000000000046\}|internetshortcut)\]/.test(lower))
    return found('application/x-mswinurl', 'url');
  if (/^\s{0,200}\[desktop entry\]/.test(lower)) return found('application/x-desktop', 'desktop');
  if (/^\s{0,200}\[(?:version|autorun|defaultinstall)\]/.test(lower))
    return found('application/x-setup-script', 'inf');
  if (/^windows registry editor version/.test(lower)) return found('application/x-ms-regedit', 'reg');
  for (const [pattern, what] of languages) if (pattern.test(lower)) return what;
  if (/^(?:\s|<!--[^>]{0,400}-->|<\?xml[^>]{0,200}>|<!doctype[^>]{0,400}>){0,50}<(?:svg)\b/.test(lower))
    return found('image/svg+xml', 'svg');
  if (
    /<!doctype html|<html[\s>]|<(?:script|iframe|meta|body|head|form|object|embed)\b[^<]{0,400}>/.test(lower)
  )
    return html;
  if (script.test(text)) return found('text/javascript', 'js');
  if (/^\s{0,200}<\?xml\b/.test(lower)) return found('application/xml', 'xml');
  if (/^begin:vcalendar/.test(lower)) return found('text/calendar', 'ics');
  if (/^begin:vcard/.test(lower)) return found('text/vcard', 'vcf');
  return isMessage(lower) ? found('message/rfc822', 'eml') : undefined;
}

/** Undefined for what is no text. */
function textOf(octets: Buffer): string | undefined {
  const mark = octets.toString('latin1', 0, 3);
  if (mark.startsWith('\xff\xfe')) return octets.toString('utf16le', 2);
  if (mark.startsWith('\xfe\xff')) {
    const even = Buffer.from(octets.subarray(2, octets.length - (octets.length % 2)));
    return even.swap16().toString('utf16le');
  }
  // UTF-16 without a mark: every second octet is 0.
  const zeros = octets.subarray(0, 64).filter((octet) => octet === 0).length;
  if (zeros > 20)
    return octets[0] === 0
      ? Buffer.from(octets.subarray(0, octets.length & ~1))
          .swap16()
          .toString('utf16le')
      : octets.toString('utf16le');
  const text = octets.toString('latin1', mark === '\xef\xbb\xbf' ? 3 : 0);
  return zeros > 0 ? undefined : text;
}

/** A block of headers with some that every message has. */
function isMessage(lower: string): boolean {
  const lines = lower.split(/\r?\n/, 60);
  let known = 0;
  for (const [i, line] of lines.entries()) {
    if (line === '') break;
    if (/^[ \t]/.test(line) && i > 0) continue;
    const name = /^([!-9;-~]{1,60}):/.exec(line)?.[1];
    if (name === undefined)
      return i === 0 && line.startsWith('from ') && lines.length > 1
        ? isMessage(lines.slice(1).join('\n'))
        : false;
    if (/^(?:received|from|to|subject|date|message-id|mime-version|return-path|content-type)$/.test(name))
      known++;
  }
  return known >= 3;
}
