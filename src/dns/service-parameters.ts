// The parameters of SVCB and HTTPS records as text, in presentation form (RFC 9460 section 2.1 and appendix A).
import { formatIPv4, formatIPv6 } from './address-text.ts';

const names = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint'];

function keyName(key: number): string {
  return names[key] ?? `key${key}`;
}

/** `alpn=h2,h3 port=8443 ...` in the order of the record; '' when there are none; undefined when they are malformed. */
export function serviceParameters(packet: Buffer, start: number, end: number): string | undefined {
  const words: string[] = [];
  let position = start;
  let last = -1;
  while (position < end) {
    if (end - position < 4) return undefined;
    const key = packet.readUInt16BE(position);
    const stop = position + 4 + packet.readUInt16BE(position + 2);
    if (stop > end || key <= last) return undefined;
    const value = parameterValue(key, packet.subarray(position + 4, stop));
    if (value === undefined) return undefined;
    words.push(value === '' ? keyName(key) : `${keyName(key)}=${value}`);
    last = key;
    position = stop;
  }
  return words.join(' ');
}

function parameterValue(key: number, value: Buffer): string | undefined {
  switch (key) {
    case 0:
      return chunks(value, 2, (offset) => keyName(value.readUInt16BE(offset)));
    case 1:
      return protocols(value);
    case 2:
      return value.length === 0 ? '' : undefined;
    case 3:
      return value.length === 2 ? String(value.readUInt16BE(0)) : undefined;
    case 4:
      return chunks(value, 4, (offset) => formatIPv4(value, offset));
    case 5:
      return value.toString('base64');
    case 6:
      return chunks(value, 16, (offset) => formatIPv6(value, offset));
    default:
      return escaped(value, '');
  }
}

/** A list of items of `size` octets, separated by commas; undefined when there is none or a piece is left. */
function chunks(value: Buffer, size: number, format: (offset: number) => string): string | undefined {
  if (value.length === 0 || value.length % size !== 0) return undefined;
  const items: string[] = [];
  for (let offset = 0; offset < value.length; offset += size) items.push(format(offset));
  return items.join(',');
}

function protocols(value: Buffer): string | undefined {
  const items: string[] = [];
  for (let position = 0; position < value.length; ) {
    const stop = position + 1 + (value[position] ?? 0);
    if (stop > value.length || stop === position + 1) return undefined;
    items.push(escaped(value.subarray(position + 1, stop), ','));
    position = stop;
  }
  return items.length === 0 ? undefined : items.join(',');
}

/** Printable ASCII but blank, quote, backslash and `also` stays; the rest becomes `\DDD`. */
function escaped(octets: Buffer, also: string): string {
  let text = '';
  for (const octet of octets) {
    const character = String.fromCharCode(octet);
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x22 && octet !== 0x5c && character !== also;
    text += plain ? character : `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}
