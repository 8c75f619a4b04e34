// io.popen: a file-like object that reads from or writes to a command. Its methods wait without holding up anyone else.
import type { Readable, Writable } from 'node:stream';
import {
  type ClassSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  luaMethod,
  type Suspension,
} from './function-spec.ts';
import { anything, bytes, optionalBytes } from './params.ts';
import { commandSlot, ShellCommand } from './processes.ts';
import { LuaObject, type LuaValue } from './value.ts';

/** A numeral is looked for in at most so many bytes, as in Lua. */
const longestNumeral = 200;

class Pipe {
  readonly command: ShellCommand;
  readonly #input: Readable | undefined;
  readonly #output: Writable | undefined;
  #buffer = Buffer.alloc(0);
  #ended = false;
  closed = false;
  #changed: (() => void) | undefined;

  constructor(text: string, mode: 'r' | 'w') {
    this.command =
      mode === 'r' ? new ShellCommand(text, 'ignore', 'pipe') : new ShellCommand(text, 'pipe', 'inherit');
    this.#input = this.command.child.stdout ?? undefined;
    this.#output = this.command.child.stdin ?? undefined;
    this.#output?.on('error', () => {});
    this.#input?.on('error', () => this.#end());
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

  /** The values of `read` with these formats. */
  async read(formats: readonly LuaValue[]): Promise<LuaResults> {
    const values: LuaValue[] = [];
    for (const format of formats) {
      const value = await this.#readOne(format);
      values.push(value);
      if (value === undefined) break;
    }
    return values;
  }

  async #readOne(format: LuaValue): Promise<string | number | undefined> {
    if (typeof format === 'number')
      return this.#take(await this.#want((all) => all.length >= format), format);
    switch (String(format).replace('*', '').charAt(0)) {
      case 'l':
      case 'L': {
        const keep = String(format).includes('L');
        await this.#want((all) => all.includes(10));
        const end = this.#buffer.indexOf(10);
        const line = this.#take(this.#buffer.length, end < 0 ? this.#buffer.length : end + 1);
        return line === undefined || keep || end < 0 ? line : line.slice(0, -1);
      }
      case 'a':
        await this.#want(() => false);
        return this.#take(1, this.#buffer.length);
      case 'n': {
        const numeral = /^\s*[-+]?(0[xX][\da-fA-F.]+([pP][-+]?\d+)?|[\d.]+([eE][-+]?\d+)?)/;
        await this.#want((all) => {
          const found = numeral.exec(all.toString('latin1', 0, longestNumeral))?.[0];
          return found === undefined
            ? /[^\s\d.+-]/.test(all.toString('latin1'))
            : found.length < all.length - 2;
        });
        const found = numeral.exec(this.#buffer.toString('latin1', 0, longestNumeral))?.[0];
        if (found === undefined) return undefined;
        this.#take(1, found.length);
        const value = Number(found);
        return Number.isNaN(value) ? undefined : value;
      }
      default:
        throw new LuaError("bad argument #1 to 'read' (invalid format)");
    }
  }

  /** Waits until there is enough, or the end; gives the number of bytes there are. */
  async #want(enough: (all: Buffer) => boolean): Promise<number> {
    for (;;) {
      const chunk: Buffer | null = this.#input?.read() ?? null;
      if (chunk !== null) this.#buffer = Buffer.concat([this.#buffer, chunk]);
      if (enough(this.#buffer) || this.#ended) return this.#buffer.length;
      if (chunk === null) {
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
      }
    }
  }

  /** Up to `wanted` bytes off the front; undefined at the end. */
  #take(there: number, wanted: number): string | undefined {
    if (there === 0) return undefined;
    const taken = this.#buffer.toString('latin1', 0, wanted);
    this.#buffer = this.#buffer.subarray(wanted);
    return taken;
  }

  async write(pieces: readonly Buffer[]): Promise<LuaResults> {
    const output = this.#output;
    if (output === undefined) return [undefined, 'Bad file descriptor', 9];
    const error = await new Promise<Error | null | undefined>((resolve) => {
      output.write(Buffer.concat(pieces), resolve);
    });
    return error ? [undefined, error.message] : [true];
  }

  async close(): Promise<LuaResults> {
    this.closed = true;
    this.#output?.end();
    this.#input?.destroy();
    const status = await this.command.exited;
    if (status === undefined) return [undefined, this.command.failure];
    return [true, status.how, status.code];
  }
}

/** Waits for a promise of a pipe; the command is killed when the hook is cut off. */
function waitFor(pipe: Pipe, what: string, done: Promise<LuaResults>): Suspension {
  return {
    kind: 'suspension',
    describe: () => `${what} on the command ${JSON.stringify(pipe.command.command)}`,
    done,
    cancel: () => pipe.command.kill(),
  };
}

function openPipe(pipe: Pipe): Pipe {
  if (pipe.closed) throw new LuaError('attempt to use a closed file');
  return pipe;
}

const method = luaMethod<Pipe>();
const several = (name: string) =>
  Array.from({ length: 16 }, (_, i) => anything(`${name}${i + 1}`, 'any', ''));
const given = (values: readonly LuaValue[]) => values.filter((value) => value !== undefined);

export const pipeClass: ClassSpec = {
  name: 'FILE*',
  text: 'What io.popen gives.',
  methods: [
    method({
      name: 'read',
      params: several('format'),
      suspends: true,
      text: 'As file:read.',
      call: (_context, pipe, ...formats) => {
        openPipe(pipe);
        if (!pipe.readable) return [undefined, 'Bad file descriptor', 9];
        const wanted = given(formats);
        return waitFor(pipe, 'read', pipe.read(wanted.length === 0 ? ['l'] : wanted));
      },
    }),
    method({
      name: 'put',
      params: several('text'),
      suspends: true,
      text: 'Behind file:write.',
      call: (_context, pipe, ...texts) => {
        openPipe(pipe);
        const pieces = given(texts).map((text, i) => {
          const read = bytes('text', '').read(text);
          if (!read.ok) throw new LuaError(`bad argument #${i + 1} to 'write' (string expected)`);
          return Buffer.from(read.value, 'latin1');
        });
        return waitFor(pipe, 'write', pipe.write(pieces));
      },
    }),
    method({
      name: 'close',
      params: [],
      suspends: true,
      text: 'Waits for the command to end: true, `exit` or `signal`, number.',
      call: (context, pipe) => {
        openPipe(pipe);
        context.slot(commandSlot).delete(pipe.command);
        return waitFor(pipe, 'close', pipe.close());
      },
    }),
    method({ name: 'is_closed', params: [], text: '', call: (_context, pipe) => [pipe.closed] }),
  ],
};

export const popenFunction = luaFunction({
  name: 'popen',
  params: [bytes('command', 'For /bin/sh.'), optionalBytes('mode', '`r` or `w`.', 'r')],
  text: 'Starts a command and gives a file to read its output from or to write its input to.',
  call: (context, command, mode) => {
    const direction = mode.charAt(0);
    if (direction !== 'r' && direction !== 'w') {
      throw new LuaError(`bad argument #2 to 'popen' (invalid mode)`);
    }
    const pipe = new Pipe(command, direction);
    context.slot(commandSlot).add(pipe.command);
    return [new LuaObject(pipeClass, pipe)];
  },
});
