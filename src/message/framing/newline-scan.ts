// Finds the few places in message data that need a closer look, 16 bytes at a time: a bare LF, a bare CR, a CR at the very end, and a
// dot behind an LF. In JavaScript this would be the most expensive thing done to a large message. A WebAssembly module put together
// here byte by byte; where SIMD is missing (option --no-wasm-simd of node) the same is done in JavaScript.

/* In WebAssembly text; byte k of the data lies at address k+1, so that one offset gives each byte, the one before and the one behind:
(module
  (memory (export "memory") 2)
  (func (export "scan") (param $i i32) (param $end i32) (result i32)
    (local $found i32) (local $here v128)
    (loop $more
      (if (i32.ge_u (local.get $i) (local.get $end)) (then (return (local.get $end))))
      (local.set $here (v128.load offset=1 (local.get $i)))
      (local.set $found (i8x16.bitmask (v128.or (v128.or
        (v128.andnot (i8x16.eq (local.get $here) LF) (i8x16.eq (v128.load offset=0 (local.get $i)) CR))
        (v128.andnot (i8x16.eq (local.get $here) CR) (i8x16.eq (v128.load offset=2 (local.get $i)) LF)))
        (v128.and (i8x16.eq (local.get $here) DOT) (i8x16.eq (v128.load offset=0 (local.get $i)) LF)))))
      (local.set $i (i32.add (local.get $i) (i32.const 16)))
      (br_if $more (i32.eqz (local.get $found))))
    (i32.add (i32.sub (local.get $i) (i32.const 16)) (i32.ctz (local.get $found)))))
*/
const CR = 13;
const LF = 10;
const DOT = 46;
const PAGE = 65_536;

const simd = (opcode: number): number[] => [0xfd, opcode];
const [i, end, found, here] = [0, 1, 2, 3];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const constant = (value: number): number[] => [0x41, value];
const load = (offset: number): number[] => [...get(i), ...simd(0x00), 0, offset];
const equals = (byte: number): number[] => [...constant(byte), ...simd(0x0f), ...simd(0x23)];
const [and, andNot, or, bitmask] = [simd(0x4e), simd(0x4f), simd(0x50), simd(0x64)];
const [isZero, above, countZeros, add, subtract] = [0x45, 0x4f, 0x68, 0x6a, 0x6b];

const code: readonly number[] = [
  ...[0x03, 0x40],
  ...[...get(i), ...get(end), above, 0x04, 0x40, ...get(end), 0x0f, 0x0b],
  ...[...load(1), ...set(here)],
  ...[...get(here), ...equals(LF), ...load(0), ...equals(CR), ...andNot],
  ...[...get(here), ...equals(CR), ...load(2), ...equals(LF), ...andNot, ...or],
  ...[...get(here), ...equals(DOT), ...load(0), ...equals(LF), ...and, ...or],
  ...[...bitmask, ...set(found)],
  ...[...get(i), ...constant(16), add, ...set(i)],
  ...[...get(found), isZero, 0x0d, 0, 0x0b],
  ...[...get(i), ...constant(16), subtract, ...get(found), countZeros, add, 0x0b],
];

const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, body: readonly number[]): number[] => [id, ...length(body.length), ...body];
/** Unsigned LEB128. */
function length(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...length(value >> 7)];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const locals = [2, 1, 0x7f, 1, 0x7b];
  const body = [...locals, ...code];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 2]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('scan'), 0, 0]),
    ...section(10, [1, ...length(body.length), ...body]),
  ]);
}

/** What is used of WebAssembly here; its types come with those of browsers only. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmGlobal {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: { readonly memory: WasmMemory; readonly scan: (from: number, end: number) => number };
  };
}

/** The most octets to be looked at in one go: the memory that they are copied to grows with the longest chunk, and WebAssembly gives none back. */
export const LONGEST_SCAN = 65_536;

/** Looks through one chunk at a time. Holds no state between chunks: one serves every connection. */
export interface NewlineScanner {
  /** The bytes of `chunk` from `from` on, at most LONGEST_SCAN of them, are what `next` looks at; what came before them counts as nothing special. */
  load(chunk: Buffer, from: number): void;
  /** The first place at `index` or behind that needs a closer look; the length of the chunk when there is none. */
  next(index: number): number;
}

/** The scanner without WebAssembly. */
export class PlainScanner implements NewlineScanner {
  #chunk: Buffer = Buffer.alloc(0);
  #from = 0;

  load(chunk: Buffer, from: number): void {
    this.#chunk = chunk;
    this.#from = from;
  }

  next(index: number): number {
    const chunk = this.#chunk;
    for (let at = index; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === CR) {
        if (chunk[at + 1] !== LF) return at;
      } else if (byte === LF) {
        if (at === this.#from || chunk[at - 1] !== CR) return at;
      } else if (byte === DOT && at > this.#from && chunk[at - 1] === LF) return at;
    }
    return chunk.length;
  }
}

class SimdScanner implements NewlineScanner {
  readonly #memory: WasmMemory;
  readonly #scan: (from: number, end: number) => number;
  #bytes: Buffer;
  #offset = 0;
  #end = 0;

  constructor(memory: WasmMemory, scan: (from: number, end: number) => number) {
    this.#memory = memory;
    this.#scan = scan;
    this.#bytes = Buffer.from(memory.buffer);
  }

  load(chunk: Buffer, from: number): void {
    const size = chunk.length - from;
    const missing = size + 64 - this.#bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#bytes = Buffer.from(this.#memory.buffer);
    }
    this.#bytes[0] = 0;
    chunk.copy(this.#bytes, 1, from);
    this.#bytes[size + 1] = 0;
    this.#offset = from;
    this.#end = size;
  }

  next(index: number): number {
    return Math.min(this.#scan(index - this.#offset, this.#end), this.#end) + this.#offset;
  }
}

export function createScanner(): NewlineScanner {
  const bytes = moduleBytes();
  const wasm = (globalThis as unknown as { readonly WebAssembly: WasmGlobal }).WebAssembly;
  if (!wasm.validate(bytes)) return new PlainScanner();
  const { memory, scan } = new wasm.Instance(new wasm.Module(bytes)).exports;
  return new SimdScanner(memory, scan);
}

/** Scratch space of the scan of one chunk, for whoever leaves nothing in it between two calls. */
export const sharedScanner = createScanner();
