// EBCDIC as text: code page 037 and what differs in 500 and 1047 (RFC 1345). All three are Latin-1 in another order.
import type { Decoding } from './decoding.ts';
import type { EbcdicPage } from './label.ts';

const cp037 = [
  '000102039c09867f978d8e0b0c0d0e0f101112139d8508871819928f1c1d1e1f',
  '80818283840a171b88898a8b8c050607909116939495960498999a9b14159e1a',
  '20a0e2e4e0e1e3e5e7f1a22e3c282b7c26e9eaebe8edeeefecdf21242a293bac',
  '2d2fc2c4c0c1c3c5c7d1a62c255f3e3ff8c9cacbc8cdcecfcc603a2340273d22',
  'd8616263646566676869abbbf0fdfeb1b06a6b6c6d6e6f707172aabae6b8c6a4',
  'b57e737475767778797aa1bfd0dddeae5ea3a5b7a9a7b6bcbdbe5b5dafa8b4d7',
  '7b414243444546474849adf4f6f2f3f57d4a4b4c4d4e4f505152b9fbfcf9faff',
  '5cf7535455565758595ab2d4d6d2d3d530313233343536373839b3dbdcd9da9f',
].join('');

const differences: Readonly<Record<EbcdicPage, readonly (readonly [octet: number, latin1: number])[]>> = {
  cp037: [],
  cp500: [
    [0x4a, 0x5b],
    [0x4f, 0x21],
    [0x5a, 0x5d],
    [0x5f, 0x5e],
    [0xb0, 0xa2],
    [0xba, 0xac],
    [0xbb, 0x7c],
  ],
  cp1047: [
    [0x5f, 0x5e],
    [0xad, 0x5b],
    [0xbd, 0x5d],
    [0xb0, 0xac],
    [0xba, 0xdd],
    [0xbb, 0xa8],
  ],
};

function tableOf(page: EbcdicPage): Buffer {
  const table = Buffer.from(cp037, 'hex');
  for (const [octet, latin1] of differences[page]) table[octet] = latin1;
  // The "new line" of EBCDIC ends a line, too.
  table[0x15] = 10;
  return table;
}

const tables: Readonly<Record<EbcdicPage, Buffer>> = {
  cp037: tableOf('cp037'),
  cp500: tableOf('cp500'),
  cp1047: tableOf('cp1047'),
};

export class EbcdicDecoding implements Decoding {
  readonly broken = false;
  readonly #table: Buffer;

  constructor(page: EbcdicPage) {
    this.#table = tables[page];
  }

  push(bytes: Buffer): string {
    const out = Buffer.allocUnsafe(bytes.length);
    for (let i = 0; i < bytes.length; i++) out[i] = this.#table[bytes[i] as number] as number;
    return out.toString('latin1');
  }

  end(): string {
    return '';
  }
}
