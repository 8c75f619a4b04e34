// Library functions of ours that are written in Lua take the place of their caller when they are called last (`return string.format(...)`),
// and an error has no file and line any more: Lua's own, in C, leave the caller where it is. So calls that name a library function are
// made plain calls, in the compiled code; all other tail calls stay, and with them endless recursion. Knows the layout of Lua 5.4 as
// compiled for WebAssembly; spec/unit/lua/positions.spec.ts holds it to that.
import type { LibraryNames } from './library-names.ts';
import type { Memory } from './memory.ts';
import type { Pointer } from './wasm-api.ts';

const closure = { proto: 12 } as const;
const proto = {
  sizeCode: 20,
  sizeProtos: 28,
  sizeLocals: 32,
  lineDefined: 40,
  lastLineDefined: 44,
  constants: 48,
  code: 52,
  protos: 56,
  upvalues: 60,
  lines: 64,
  locals: 72,
} as const;
const sizes = { constant: 16, upvalue: 8, local: 12 } as const;
const string = { shortLength: 7, contents: 16 } as const;
const op = {
  move: 0,
  getUpvalue: 9,
  getGlobal: 11,
  getField: 14,
  setGlobal: 15,
  setField: 18,
  self: 20,
  call: 68,
  tailCall: 69,
  closure: 79,
} as const;
/** Instructions up to this one write register A. */
const lastLoad = op.getField;

const opcode = (instruction: number): number => instruction & 0x7f;
const argA = (instruction: number): number => (instruction >>> 7) & 0xff;
const argB = (instruction: number): number => (instruction >>> 16) & 0xff;
const argC = (instruction: number): number => instruction >>> 24;
const argK = (instruction: number): boolean => ((instruction >>> 15) & 1) === 1;
const argBx = (instruction: number): number => instruction >>> 15;

/** A function of the text, and where in the one around it it is made. */
interface Place {
  readonly at: Pointer;
  readonly outer: Place | undefined;
  /** The instruction of `outer` that makes it. */
  readonly made: number;
}

export class TailCalls {
  readonly #memory: Memory;
  readonly #names: LibraryNames;
  /** Names under which the text puts functions of its own, as globals and as fields. */
  readonly #own = { globals: new Set<string>(), fields: new Set<string>() };

  /** `names`: of the functions that must leave their caller where it is. */
  constructor(memory: Memory, names: LibraryNames) {
    this.#memory = memory;
    this.#names = names;
  }

  /**
   * Changes the code of the Lua function at `at` (lua_topointer), which must not have run yet, and of those in it. `isLibrary`: the text
   * is of the library itself, and what it makes under such names is meant too.
   */
  mend(at: Pointer, isLibrary = false): void {
    const main = this.#word(at + closure.proto);
    this.#own.globals.clear();
    this.#own.fields.clear();
    if (!isLibrary) this.#collectOwn(main);
    this.#mendAll({ at: main, outer: undefined, made: 0 });
  }

  #collectOwn(at: Pointer): void {
    const size = this.#word(at + proto.sizeCode);
    const code = this.#word(at + proto.code) >> 2;
    for (let pc = 0; pc < size; pc++) {
      const instruction = this.#memory.words[code + pc] ?? 0;
      const operation = opcode(instruction);
      const before = this.#memory.words[code + pc - 1] ?? 0;
      if (pc === 0 || opcode(before) !== op.closure || argA(before) !== argC(instruction)) continue;
      if (operation === op.setGlobal) {
        const own = this.#isEnvironment(at, argA(instruction)) ? this.#own.globals : this.#own.fields;
        own.add(this.#constant(at, argB(instruction)));
      } else if (operation === op.setField) this.#own.fields.add(this.#constant(at, argB(instruction)));
    }
    const children = this.#word(at + proto.protos);
    const count = this.#word(at + proto.sizeProtos);
    for (let i = 0; i < count; i++) this.#collectOwn(this.#word(children + 4 * i));
  }

  /** Makes the first function in the function at `at` the main chunk of a file, for debug.getinfo and tracebacks. */
  markMain(at: Pointer): void {
    const child = this.#word(this.#word(this.#word(at + closure.proto) + proto.protos));
    const line = this.#word(child + proto.lineDefined);
    // Lines of instructions are counted from there on, one after the other.
    const first = this.#word(child + proto.lines);
    const step = this.#memory.bytes[first] ?? 0;
    if (line !== 1 || step >= 126) return;
    this.#memory.bytes[first] = step + 1;
    this.#memory.words[(child + proto.lineDefined) >> 2] = 0;
    this.#memory.words[(child + proto.lastLineDefined) >> 2] = 0;
  }

  #word(at: Pointer): number {
    return this.#memory.words[at >> 2] ?? 0;
  }

  #mendAll(place: Place): void {
    const size = this.#word(place.at + proto.sizeCode);
    const code = this.#word(place.at + proto.code);
    const { words } = this.#memory;
    for (let pc = 0; pc < size; pc++) {
      const instruction = words[(code >> 2) + pc] ?? 0;
      const operation = opcode(instruction);
      if (operation === op.tailCall) {
        if (this.#isLibrary(place, argA(instruction), pc)) {
          // All results, nothing closed: the return that follows does that.
          words[(code >> 2) + pc] = (instruction & 0x00ff_7f80) | op.call;
        }
      } else if (operation === op.closure) {
        const child = this.#word(this.#word(place.at + proto.protos) + 4 * argBx(instruction));
        this.#mendAll({ at: child, outer: place, made: pc });
      }
    }
  }

  /** Whether what register `register` holds before instruction `pc` was found under the name of a library function. */
  #isLibrary(place: Place, register: number, pc: number): boolean {
    const code = this.#word(place.at + proto.code) >> 2;
    for (let i = pc - 1; i >= 0; i--) {
      const instruction = this.#memory.words[code + i] ?? 0;
      const operation = opcode(instruction);
      const loads = operation <= lastLoad || operation === op.self || operation === op.call;
      if (!(loads || operation === op.closure) || argA(instruction) !== register || operation === 10)
        continue;
      switch (operation) {
        case op.getGlobal: {
          if (!this.#isEnvironment(place.at, argB(instruction)))
            return this.#isFunction(place, argC(instruction));
          const name = this.#constant(place.at, argC(instruction));
          return this.#names.functions.has(name) && !this.#own.globals.has(name);
        }
        case op.getField:
          return this.#isFunction(place, argC(instruction)) || this.#isInLibrary(place, instruction, i);
        case op.self:
          return argK(instruction) && this.#isFunction(place, argC(instruction));
        case op.move:
          return this.#isLibraryLocal(place, argB(instruction), i);
        case op.getUpvalue:
          return this.#isLibraryUpvalue(place, argB(instruction));
        default:
          return false;
      }
    }
    return false;
  }

  /** The local variable in `register` at instruction `pc`: by what it was given when it was declared. */
  #isLibraryLocal(place: Place, register: number, pc: number): boolean {
    const locals = this.#word(place.at + proto.locals);
    const count = this.#word(place.at + proto.sizeLocals);
    let left = register;
    for (let i = 0; i < count; i++) {
      const at = locals + sizes.local * i;
      const [from, to] = [this.#word(at + 4), this.#word(at + 8)];
      if (from > pc) return false;
      if (pc >= to) continue;
      if (left === 0) return this.#isLibrary(place, register, from);
      left -= 1;
    }
    return false;
  }

  #isLibraryUpvalue(place: Place, index: number): boolean {
    if (place.outer === undefined) return false;
    const at = this.#word(place.at + proto.upvalues) + sizes.upvalue * index;
    const { bytes } = this.#memory;
    const [inStack, number] = [bytes[at + 4] ?? 0, bytes[at + 5] ?? 0];
    return inStack === 0
      ? this.#isLibraryUpvalue(place.outer, number)
      : this.#isLibraryLocal(place.outer, number, place.made);
  }

  /** A field with the name of a library function, which the text itself does not make. */
  #isFunction(place: Place, constant: number): boolean {
    const name = this.#constant(place.at, constant);
    return this.#names.functions.has(name) && !this.#own.fields.has(name);
  }

  /** `string.format`: a field of what is found under the global name of a library. */
  #isInLibrary(place: Place, getField: number, pc: number): boolean {
    if (!this.#names.functions.has(this.#constant(place.at, argC(getField)))) return false;
    const before = this.#memory.words[(this.#word(place.at + proto.code) >> 2) + pc - 1] ?? 0;
    if (opcode(before) !== op.getGlobal || argA(before) !== argB(getField)) return false;
    if (!this.#isEnvironment(place.at, argB(before))) return false;
    const name = this.#constant(place.at, argC(before));
    return this.#names.libraries.has(name) && !this.#own.globals.has(name);
  }

  /** A constant of the function at `at` that is a short string. */
  #constant(at: Pointer, index: number): string {
    return this.#text(this.#word(this.#word(at + proto.constants) + sizes.constant * index));
  }

  /** Whether an upvalue of the function at `at` is the table of globals; fields of others are looked up in the same way. */
  #isEnvironment(at: Pointer, upvalue: number): boolean {
    const name = this.#word(this.#word(at + proto.upvalues) + sizes.upvalue * upvalue);
    return name !== 0 && this.#text(name) === '_ENV';
  }

  #text(at: Pointer): string {
    return this.#memory.text(at + string.contents, this.#memory.bytes[at + string.shortLength] ?? 0);
  }
}
