// Views of the WebAssembly memory, and bytes going in and out of it. Growing the memory detaches every view, so each user asks
// here instead of keeping one.
import type { LuaApi, Pointer } from './wasm-api.ts';

const scratchSize = 65_536;
/** Up to this length one octet after the other is quicker than a call of Node's own code. */
const shortText = 24;
/** Names that are kept for fields of records, and the octets of the longest: 64 KiB together. */
const mostNames = 2048;
const longestField = 31;

/** Node's Buffer has these; they cost half of write() and toString() with an encoding, but its types do not list them. */
interface Latin1Bytes {
  latin1Write(text: string, at: number, length: number): number;
  latin1Slice(start: number, end: number): string;
}
type Bytes = Buffer & Latin1Bytes;

export class Memory {
  readonly #api: LuaApi;
  readonly #names = new Map<string, Pointer>();
  #bytes: Bytes;
  #words: Uint32Array;
  readonly #scratch: Pointer;

  constructor(api: LuaApi) {
    this.#api = api;
    this.#bytes = Buffer.from(api.memory.buffer) as Bytes;
    this.#words = new Uint32Array(api.memory.buffer);
    this.#scratch = api.malloc(scratchSize);
  }

  /** All memory as bytes. Valid until the next call into Lua. */
  get bytes(): Bytes {
    if (this.#bytes.length === 0) this.#renew();
    return this.#bytes;
  }

  /** All memory as 32-bit words: the word at address p is words[p >> 2]. Valid until the next call into Lua. */
  get words(): Uint32Array {
    if (this.#words.length === 0) this.#renew();
    return this.#words;
  }

  #renew(): void {
    this.#bytes = Buffer.from(this.#api.memory.buffer) as Bytes;
    this.#words = new Uint32Array(this.#api.memory.buffer);
  }

  /** `size` bytes, zeroed. Never freed by this class. */
  allocate(size: number): Pointer {
    const at = this.#api.malloc(size);
    if (at === 0) throw new Error(`Lua memory: no room for ${size} bytes`);
    this.bytes.fill(0, at, at + size);
    return at;
  }

  /** The address of a NUL-terminated copy that is kept for ever: for names from a bounded set only. */
  name(text: string): Pointer {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const at = this.allocate(text.length + 1);
    this.bytes.latin1Write(text, at, text.length);
    this.#names.set(text, at);
    return at;
  }

  /** `name` of a field of a record; 0 when it is none of those that are kept: records have the same few, but strangers may choose some. */
  fieldName(text: string): Pointer {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (text.length > longestField || this.#names.size >= mostNames) return 0;
    return this.name(text);
  }

  /** Runs `use` with the bytes in memory at `at`; the place is free again afterwards, also when `use` throws. */
  with<T>(value: string | Uint8Array, use: (at: Pointer, length: number) => T): T {
    return typeof value === 'string' ? this.withText(value, use) : this.withBytes(value, use);
  }

  /*
   * Texts and bytes have functions of their own on purpose: where one `value.length` is asked of strings and of buffers, the compiler of
   * Node 20 (V8 11.3) reads the length before it looks whether the value is a string, and the process ends with a SIGSEGV.
   */

  /** `with` for a latin1 text. */
  withText<T>(text: string, use: (at: Pointer, length: number) => T): T {
    const at = this.scratchText(text);
    if (at !== 0) return use(at, text.length);
    return this.#elsewhere(text.length, (place) => {
      this.#writeText(text, place);
      return use(place, text.length);
    });
  }

  /** Where a latin1 text lies, with a NUL behind it, until the next one is asked for; 0: it is too long, and needs `withText`. */
  scratchText(text: string): Pointer {
    if (text.length >= scratchSize) return 0;
    this.#writeText(text, this.#scratch);
    return this.#scratch;
  }

  /** `with` for bytes. */
  withBytes<T>(bytes: Uint8Array, use: (at: Pointer, length: number) => T): T {
    const length = bytes.byteLength;
    if (length < scratchSize) {
      this.#writeBytes(bytes, this.#scratch);
      return use(this.#scratch, length);
    }
    return this.#elsewhere(length, (at) => {
      this.#writeBytes(bytes, at);
      return use(at, length);
    });
  }

  /** Runs `use` with the address of `length` bytes and one more that are free again afterwards. */
  #elsewhere<T>(length: number, use: (at: Pointer) => T): T {
    const at = this.#api.malloc(length + 1);
    if (at === 0) throw new Error(`Lua memory: no room for ${length} bytes`);
    try {
      return use(at);
    } finally {
      this.#api.free(at);
    }
  }

  /** The bytes and a NUL at `at`. */
  write(value: string | Uint8Array, at: Pointer): void {
    if (typeof value === 'string') this.#writeText(value, at);
    else this.#writeBytes(value, at);
  }

  #writeText(text: string, at: Pointer): void {
    const { bytes } = this;
    const { length } = text;
    if (length > shortText) bytes.latin1Write(text, at, length);
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    bytes[at + length] = 0;
  }

  #writeBytes(value: Uint8Array, at: Pointer): void {
    const { bytes } = this;
    bytes.set(value, at);
    bytes[at + value.byteLength] = 0;
  }

  text(at: Pointer, length: number): string {
    return this.bytes.latin1Slice(at, at + length);
  }

  /** Whether the text up to the next NUL is this one, without NULs. */
  isCString(at: Pointer, text: string): boolean {
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
    return bytes[at + text.length] === 0;
  }

  /** The latin1 text up to the next NUL. */
  cString(at: Pointer): string {
    const bytes = this.bytes;
    return bytes.latin1Slice(at, bytes.indexOf(0, at));
  }
}
