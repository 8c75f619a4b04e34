// io.popen: a file-like object that reads from or writes to a command. Its methods wait without holding up anyone else; what it holds is
// bounded, and it gives up its descriptors when it is closed, collected or cut off, and at the end of the connection.

import type { Readable, Writable } from 'node:stream';
import { ByteQueue } from '../../base/byte-queue.ts';
import { type SystemError, systemErrorOf } from '../../base/system-error.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { anything, bytes, optionalBytes } from '../../lua-api/params.ts';
import { LuaObject, type LuaValue } from '../../lua-api/value.ts';
import type { RunningCommand } from '../../ops/system.ts';
import { optionsOf } from '../../options/options.ts';
import type { StartCommand } from './commands.ts';

/** A numeral is looked for in at most so many bytes, as in Lua. */
const longestNumeral = 200;
const MEBIBYTE = 1_048_576;

type Item = string | number | undefined;

class TooLong extends Error {}

class Pipe {
  readonly command: RunningCommand;
  readonly #input: Readable | undefined;
  readonly #output: Writable | undefined;
  readonly #queue = new ByteQueue();
  #ended = false;
  #failure: SystemError | undefined;
  closed = false;
  #changed: (() => void) | undefined;

  constructor(command: RunningCommand) {
    this.command = command;
    this.#input = command.stdout;
    this.#output = command.stdin;
    this.#input?.on('error', (error) => {
      this.#failure = systemErrorOf(error);
    });
    this.#input?.on('close', () => this.#end());
    this.#input?.on('end', () => this.#end());
    this.#input?.on('readable', () => this.#changed?.());
  }

  #end(): void {
    this.#ended = true;
    this.#changed?.();
  }

  get readable(): boolean {
    return this.#input !== undefined;
  }

  /** A line that has come already: most of them need no wait. */
  lineAtOnce(formats: readonly LuaValue[]): LuaResults | undefined {
    const keep = formats[0] === 'L' || formats[0] === '*L';
    if (formats.length !== 1 || !(keep || formats[0] === 'l' || formats[0] === '*l')) return undefined;
    const length = this.#queue.lineLength();
    if (length === 0) return undefined;
    const line = this.#queue.take(length);
    return [keep ? line : line.slice(0, -1)];
  }

  /** The values of `read` with these formats; at most `longest` octets each. */
  async read(formats: readonly LuaValue[], longest: number): Promise<LuaResults> {
    const values: LuaValue[] = [];
    try {
      for (const format of formats) {
        const value = await this.#readOne(format, longest);
        values.push(value);
        if (value === undefined) break;
      }
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      // What is left is of no use any more.
      this.#input?.destroy();
      this.#queue.clear();
      return [undefined, `the output of the command is longer than ${longest} octets (lua-max-string)`, 12];
    }
    const failure = this.#failure;
    if (failure === undefined || values.at(-1) !== undefined) return values;
    this.#failure = undefined;
    return [...values, failure.text, failure.number];
  }

  async #readOne(format: LuaValue, longest: number): Promise<Item> {
    if (typeof format === 'number') return this.#readCount(Math.trunc(format), longest);
    const letter = String(format).replace('*', '').charAt(0);
    switch (letter) {
      case 'l':
      case 'L': {
        await this.#until(() => this.#queue.lineLength() > 0, longest);
        const length = this.#queue.lineLength();
        if (length === 0) return this.#rest();
        const line = this.#queue.take(length);
        return letter === 'L' ? line : line.slice(0, -1);
      }
      case 'a':
        await this.#until(() => false, longest);
        return this.#queue.take(this.#queue.length);
      case 'n':
        return this.#readNumeral();
      default:
        throw new LuaError("bad argument #1 to 'read' (invalid format)");
    }
  }

  async #readCount(count: number, longest: number): Promise<Item> {
    // 0 tells whether there is more.
    await this.#until(() => this.#queue.length >= Math.max(count, 1), longest);
    return this.#queue.length === 0 ? undefined : this.#queue.take(count);
  }

  async #readNumeral(): Promise<Item> {
    const blank = (): number => /^\s*/.exec(this.#queue.peek(longestNumeral))?.[0].length ?? 0;
    do {
      this.#queue.take(blank());
      await this.#until(() => this.#queue.length > 0, Number.POSITIVE_INFINITY);
    } while (blank() > 0);
    const numeral = /^[-+]?(0[xX][\da-fA-F.]+([pP][-+]?\d+)?|[\d.]+([eE][-+]?\d+)?)/;
    await this.#until(() => {
      const text = this.#queue.peek(longestNumeral);
      if (text.length === longestNumeral) return true;
      const found = numeral.exec(text)?.[0];
      return found === undefined ? /[^\s\d.+-]/.test(text) : found.length < text.length - 2;
    }, Number.POSITIVE_INFINITY);
    const found = numeral.exec(this.#queue.peek(longestNumeral))?.[0];
    if (found === undefined) return undefined;
    this.#queue.take(found.length);
    const value = Number(found);
    return Number.isNaN(value) ? undefined : value;
  }

  #rest(): string | undefined {
    return this.#queue.length === 0 ? undefined : this.#queue.take(this.#queue.length);
  }

  /** Reads until there is enough, or the end. Throws TooLong when that would be more than `longest`. */
  async #until(enough: () => boolean, longest: number): Promise<void> {
    for (;;) {
      if (enough() || this.#ended) {
        // What came with the end.
        for (let chunk = this.#next(); chunk !== null; chunk = this.#next()) this.#queue.push(chunk);
        if (this.#queue.length > longest && !enough()) throw new TooLong();
        return;
      }
      const chunk = this.#next();
      if (chunk !== null) {
        this.#queue.push(chunk);
        if (this.#queue.length > longest && !enough()) throw new TooLong();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  #next(): Buffer | null {
    return this.#input === undefined || this.#input.destroyed ? null : this.#input.read();
  }

  async write(text: string): Promise<LuaResults> {
    const output = this.#output;
    if (output === undefined) return [undefined, 'Bad file descriptor', 9];
    const error = await new Promise<Error | null | undefined>((resolve) => {
      output.write(Buffer.from(text, 'latin1'), resolve);
    });
    if (!error) return [true];
    const { text: message, number } = systemErrorOf(error);
    return [undefined, message, number];
  }

  async close(): Promise<LuaResults> {
    this.release();
    const status = await this.command.exited;
    return [true, status.how, status.code];
  }

  /** Gives up the descriptors: a command that reads comes to the end of its input, one that writes is told that nobody reads. */
  release(): void {
    this.closed = true;
    this.#output?.end();
    this.#input?.destroy();
    this.#queue.clear();
  }
}

/** Waits for a promise of a pipe; the command is killed and its streams are given up when the hook is cut off. */
function waitFor(pipe: Pipe, what: string, done: Promise<LuaResults>): Suspension {
  return {
    kind: 'suspension',
    describe: () => `${what} on the command ${JSON.stringify(pipe.command.text)}`,
    done,
    cancel: () => {
      pipe.command.kill();
      pipe.release();
    },
  };
}

function openPipe(pipe: Pipe): Pipe {
  if (pipe.closed) throw new LuaError('attempt to use a closed file');
  return pipe;
}

/** Beyond so many octets a read fails: no string of Lua may be longer. */
const longestString = (context: CallContext): number =>
  optionsOf(context).values['lua-max-string'] * MEBIBYTE;

const method = luaMethod<Pipe>();
const formatParams = Array.from({ length: 16 }, (_, i) => anything(`format${i + 1}`, 'any', ''));

export const pipeClass: ClassSpec = {
  name: 'FILE*',
  text: 'What io.popen gives.',
  methods: [
    method({
      name: 'read',
      params: formatParams,
      suspends: true,
      text: 'As file:read.',
      call: (context, pipe, ...formats) => {
        openPipe(pipe);
        if (!pipe.readable) return [undefined, 'Bad file descriptor', 9];
        const given = formats.filter((format) => format !== undefined);
        const wanted = given.length === 0 ? ['l'] : given;
        return pipe.lineAtOnce(wanted) ?? waitFor(pipe, 'read', pipe.read(wanted, longestString(context)));
      },
    }),
    method({
      name: 'put',
      params: [bytes('text', '')],
      suspends: true,
      text: 'Behind file:write.',
      call: (_context, pipe, text) => waitFor(openPipe(pipe), 'write', pipe.write(text)),
    }),
    method({
      name: 'close',
      params: [],
      suspends: true,
      text: 'Waits for the command to end: true, `exit` or `signal`, number.',
      call: (_context, pipe) => waitFor(openPipe(pipe), 'close', pipe.close()),
    }),
    method({ name: 'is_closed', params: [], text: '', call: (_context, pipe) => [pipe.closed] }),
  ],
  collected: (value) => {
    if (value instanceof Pipe) value.release();
  },
};

export function popenFunction(start: StartCommand): FunctionSpec {
  return luaFunction({
    name: 'popen',
    params: [bytes('command', 'For /bin/sh.'), optionalBytes('mode', '`r` or `w`.', 'r')],
    text: 'Starts a command and gives a file to read its output from or to write its input to.',
    call: (context, command, mode) => {
      if (mode !== 'r' && mode !== 'w') throw new LuaError(`bad argument #2 to 'popen' (invalid mode)`);
      const started =
        mode === 'r' ? start(context, command, 'ignore', 'pipe') : start(context, command, 'pipe', 'inherit');
      if (started.kind === 'failed') {
        const name = command.split('\0', 1)[0] ?? '';
        return [undefined, `${name.slice(0, 200)}: ${started.text}`, started.number];
      }
      return [new LuaObject(pipeClass, new Pipe(started.command))];
    },
  });
}
