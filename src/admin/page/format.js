// How numbers, times and strangers' texts are shown. Pure.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** @param {number} n */
export const count = (n) => (n < 10 && n !== Math.round(n) ? one : whole).format(n);

/** @param {number} octets */
export function size(octets) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  let n = octets;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return `${i === 0 || n >= 100 ? whole.format(n) : one.format(n)} ${units[i]}`;
}

/** How long something takes. @param {number} seconds */
export function took(seconds) {
  if (seconds < 0.01) return `${one.format(seconds * 1000)} ms`;
  if (seconds < 1) return `${whole.format(seconds * 1000)} ms`;
  return seconds < 10 ? `${one.format(seconds)} s` : `${whole.format(seconds)} s`;
}

/** How old something is. @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

/** @param {number} ms since the Epoch */
export const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What would be invisible, or would turn what stands around it: controls of all kinds. */
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** @param {string} c */
const escaped = (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;

/** A text that strangers have made, of octets: as UTF-8 where it is that, else octets by number. @param {string | undefined} octets */
export function shown(octets) {
  let text = octets ?? '';
  if (/[\u0080-\u00ff]/.test(text) && !/[^\u0000-\u00ff]/.test(text)) {
    try {
      text = utf8.decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    } catch {
      text = text.replace(/[\u0080-\u00ff]/g, (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase()}`);
    }
  }
  return text.replace(hidden, escaped);
}
