// Archives made octet by octet, right or wrong on purpose, for specs of what is in them.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string | Buffer;
  readonly data?: Buffer | string;
  /** Before its data, where that is another one. */
  readonly localName?: string;
  readonly encrypted?: boolean;
  readonly method?: number;
  /** The directory does not have it. */
  readonly hidden?: boolean;
  /** Stands where the one before does. */
  readonly overlaps?: boolean;
  /** Before its data there is no header. */
  readonly missing?: boolean;
  readonly extra?: Buffer;
  readonly zip64?: boolean;
}

export interface ZipShape {
  readonly prefix?: string;
  readonly behind?: string;
  readonly noDirectory?: boolean;
}

const octets = (text: string | Buffer): Buffer =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : text;

export function zip(files: readonly ZipFile[], shape: ZipShape = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(shape.prefix ?? '', 'latin1')];
  const directory: Buffer[] = [];
  let at = 0;
  let last = 0;
  let count = 0;
  for (const file of files) {
    const data = octets(file.data ?? '');
    const method = file.method ?? (data.length > 50 ? 8 : 0);
    const packed = method === 8 ? deflateRawSync(data) : data;
    const name = octets(file.name);
    const localName = octets(file.localName ?? file.name);
    const flags = (file.encrypted === true ? 1 : 0) | (typeof file.name === 'string' ? 0x800 : 0);
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(20, 0);
    fixed.writeUInt16LE(flags, 2);
    fixed.writeUInt16LE(method, 4);
    fixed.writeUInt32LE(crc32(data), 10);
    fixed.writeUInt32LE(file.zip64 === true ? 0xffffffff : packed.length, 14);
    fixed.writeUInt32LE(file.zip64 === true ? 0xffffffff : data.length, 18);
    fixed.writeUInt16LE(localName.length, 22);
    const header = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fixed, localName, packed]);
    const offset = file.overlaps === true ? last : file.missing === true ? at + 5 : at;
    last = offset;
    parts.push(header);
    at += header.length;
    if (file.hidden === true) continue;
    count++;
    const wide = Buffer.alloc(20);
    wide.writeUInt16LE(1, 0);
    wide.writeUInt16LE(16, 2);
    wide.writeBigUInt64LE(BigInt(data.length), 4);
    wide.writeBigUInt64LE(BigInt(packed.length), 12);
    const extra = Buffer.concat([
      file.extra ?? Buffer.alloc(0),
      file.zip64 === true ? wide : Buffer.alloc(0),
    ]);
    const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), fixed, Buffer.alloc(14)]);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(offset, 42);
    directory.push(central, name, extra);
  }
  if (shape.noDirectory === true) return Buffer.concat(parts);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end, Buffer.from(shape.behind ?? '', 'latin1')]);
}

export function tar(
  files: readonly {
    readonly name: string;
    readonly data?: string | Buffer;
    readonly link?: string;
    /** Records of a pax header before it. */
    readonly pax?: string;
  }[],
  /** '' for an archive of the time before there was one: what says then that it is one is its sums. */
  mark = 'ustar\x0000',
): Buffer {
  const blocks: Buffer[] = [];
  const add = (name: string, data: Buffer, kind: string, link = ''): void => {
    const head = Buffer.alloc(512);
    head.write(name, 0, 100, 'utf8');
    head.write('0000644\0', 100);
    head.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    head.write(kind, 156);
    head.write(link, 157, 100);
    head.write(mark, 257);
    head.fill(' ', 148, 156);
    const sum = head.reduce((total, octet) => total + octet, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(head, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  };
  for (const { data, link, name, pax } of files) {
    if (pax !== undefined) add('pax', octets(pax), 'x');
    if (Buffer.byteLength(name) > 100) add('././@LongLink', octets(`${name}\0`), 'L');
    add(name, octets(data ?? ''), link === undefined ? '0' : '2', link);
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** With the name of what is in it. */
export function gzip(name: string, data: Buffer): Buffer {
  const plain = gzipSync(data);
  plain[3] = 8;
  return Buffer.concat([plain.subarray(0, 10), Buffer.from(`${name}\0`, 'latin1'), plain.subarray(10)]);
}

/** Version 4: nothing in it but names, as who lists it sees it. */
export function rar4(
  files: readonly { readonly name: string; readonly encrypted?: boolean }[],
  isLocked = false,
): Buffer {
  const block = (kind: number, flags: number, rest: Buffer): Buffer => {
    const head = Buffer.alloc(7);
    head[2] = kind;
    head.writeUInt16LE(flags, 3);
    head.writeUInt16LE(7 + rest.length, 5);
    return Buffer.concat([head, rest]);
  };
  const file = ({ encrypted, name }: { readonly name: string; readonly encrypted?: boolean }): Buffer => {
    const rest = Buffer.alloc(25);
    rest.writeUInt32LE(3, 0);
    rest.writeUInt32LE(3, 4);
    rest.writeUInt16LE(name.length, 19);
    return Buffer.concat([
      block(0x74, 0x8000 | (encrypted === true ? 4 : 0), Buffer.concat([rest, Buffer.from(name)])),
      Buffer.from('abc'),
    ]);
  };
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\0', 'latin1'),
    block(0x73, isLocked ? 0x80 : 0, Buffer.alloc(6)),
    ...files.map(file),
    block(0x7b, 0, Buffer.alloc(0)),
  ]);
}

/** Version 5. */
export function rar5(names: readonly string[], isLocked = false): Buffer {
  const block = (header: Buffer, data = Buffer.alloc(0)): Buffer =>
    Buffer.concat([Buffer.alloc(4), Buffer.from([header.length]), header, data]);
  const file = (name: string): Buffer =>
    block(
      Buffer.concat([Buffer.from([2, 2, 3, 0, 3, 0, 0, 0, name.length]), Buffer.from(name)]),
      Buffer.from('abc'),
    );
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'),
    block(Buffer.from(isLocked ? [4, 0, 0, 0, 15] : [1, 0, 0])),
    ...names.map(file),
    block(Buffer.from([5, 0, 0])),
  ]);
}

export function cab(names: readonly string[]): Buffer {
  const head = Buffer.alloc(44);
  head.write('MSCF', 0);
  head.writeUInt32LE(44, 16);
  head.writeUInt16LE(names.length, 28);
  const entry = (name: string): Buffer => Buffer.concat([Buffer.alloc(16), Buffer.from(`${name}\0`)]);
  const entries = names.map(entry);
  head.writeUInt32LE(Buffer.concat([head, ...entries]).length, 8);
  return Buffer.concat([head, ...entries]);
}

/** As Outlook sends it (winmail.dat). `data` in its properties: as a message inside. */
export function tnef(
  files: readonly {
    readonly title: string;
    readonly longName?: string;
    readonly data?: Buffer | string;
    readonly inside?: Buffer;
  }[],
): Buffer {
  const attribute = (level: number, tag: number, data: Buffer): Buffer => {
    const head = Buffer.alloc(9);
    head[0] = level;
    head.writeUInt32LE(tag, 1);
    head.writeUInt32LE(data.length, 5);
    return Buffer.concat([head, data, Buffer.alloc(2)]);
  };
  const number = (value: number): Buffer => {
    const written = Buffer.alloc(4);
    written.writeUInt32LE(value);
    return written;
  };
  const value = (tag: number, data: Buffer): Buffer =>
    Buffer.concat([
      number(tag),
      number(1),
      number(data.length),
      data,
      Buffer.alloc((4 - (data.length % 4)) % 4),
    ]);
  const attachment = ({ data, inside, longName, title }: (typeof files)[number]): Buffer => {
    const properties: Buffer[] = [Buffer.concat([number(0x37050003), number(1)])];
    // One of those that have a name of their own: a number, and a text.
    properties.push(Buffer.concat([number(0x8001000b), Buffer.alloc(16), number(0), number(7), number(1)]));
    properties.push(
      Buffer.concat([
        number(0x80021003),
        Buffer.alloc(16),
        number(1),
        number(6),
        Buffer.from('a\0b\0\0\0\0\0'),
        number(2),
        number(1),
        number(2),
      ]),
    );
    if (inside !== undefined) properties.push(value(0x3701000d, Buffer.concat([Buffer.alloc(16), inside])));
    if (longName !== undefined) properties.push(value(0x3707001f, Buffer.from(`${longName}\0`, 'utf16le')));
    return Buffer.concat([
      attribute(2, 0x00069002, Buffer.alloc(14)),
      attribute(2, 0x00018010, Buffer.from(`${title}\0`, 'latin1')),
      ...(data === undefined ? [] : [attribute(2, 0x0006800f, octets(data))]),
      attribute(2, 0x00069005, Buffer.concat([number(properties.length), ...properties])),
    ]);
  };
  return Buffer.concat([
    Buffer.from('789f3e220100', 'hex'),
    attribute(1, 0x00089006, number(0x10000)),
    attribute(1, 0x00078008, Buffer.from('IPM.Microsoft Mail.Note\0')),
    ...files.map(attachment),
  ]);
}
