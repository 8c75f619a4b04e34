// The hooks of several policy files, asked in their order (doc/hooks.md, Several files). Where one reply is wanted the first file that gives
// one decides, and those behind it are not asked. Content goes to all of them, and a refusal is final, as between the hooks of one file.
// Hooks whose results nobody reads are called in all files. Lines of the body go to all files one by one, so that what each has seen when another is
// asked does not depend on how they arrived.
import { chain, type Maybe } from '../../base/maybe.ts';
import { ByteSlice, type LuaRecord, type LuaValue, type SliceBatch } from '../../lua-api/value.ts';
import { type HookName, hookTable } from '../../policy/hook-table.ts';
import type { HookOutcome, HookWait } from '../../policy/instance.ts';
import { isPositive } from '../protocol/reply.ts';
import { type HookAnswer, SILENT } from './hook-answer.ts';
import type { Hooks, PolicyHooks, WaitingHook } from './hooks.ts';

export class HookChain implements PolicyHooks {
  readonly #first: Hooks;
  readonly #files: readonly Hooks[];
  /** Option hook-error=default: a hook that failed has said nothing, and the next file is asked. */
  readonly #tolerates: () => boolean;

  constructor(files: readonly [Hooks, ...(readonly Hooks[])], tolerates: () => boolean) {
    this.#first = files[0];
    this.#files = files;
    this.#tolerates = tolerates;
  }

  get revision(): number {
    return this.#first.revision;
  }

  get waiting(): WaitingHook | undefined {
    return this.#files.find((file) => file.waiting !== undefined)?.waiting;
  }

  get waits(): readonly HookWait[] {
    return this.#files.flatMap((file) => file.waits);
  }

  get spent(): number {
    return this.#files.reduce((sum, file) => sum + file.spent, 0);
  }

  has(name: HookName): boolean {
    return this.#files.some((file) => file.has(name));
  }

  get verifies(): boolean {
    return this.#files.some((file) => file.verifies);
  }

  /** They have one `client`. */
  client(fields: LuaRecord): void {
    this.#first.client(fields);
  }

  forget(module: string, field: string): void {
    for (const file of this.#files) file.forget(module, field);
  }

  call(name: HookName, args: readonly LuaValue[], sent?: number): Maybe<HookAnswer> {
    return hookTable[name].result === 'reply'
      ? this.#ask(0, name, args, sent)
      : this.#tell(0, name, args, SILENT);
  }

  /** From file `at` on, until one answers. */
  #ask(at: number, name: HookName, args: readonly LuaValue[], sent: number | undefined): Maybe<HookAnswer> {
    const file = this.#files[at];
    if (file === undefined) return SILENT;
    return chain(file.call(name, args, sent), (answer) => {
      const answered = answer.kind === 'silent' ? answer.drop : !this.#passes(answer);
      return answered ? answer : this.#ask(at + 1, name, args, sent);
    });
  }

  #passes(answer: HookAnswer): boolean {
    return answer.kind === 'failed' && this.#tolerates();
  }

  /** All files from `at` on; `before` is what the others came to. */
  #tell(at: number, name: HookName, args: readonly LuaValue[], before: HookAnswer): Maybe<HookAnswer> {
    const file = this.#files[at];
    if (file === undefined) return before;
    return chain(file.call(name, args), (answer) => {
      const both = this.#passes(answer) ? before : together(before, answer);
      // Where nobody reads a result each file has something of its own to put away.
      const stops = both.kind === 'cancelled' || (hasEnded(both) && hookTable[name].result === 'content');
      return stops ? both : this.#tell(at + 1, name, args, both);
    });
  }

  callEach(name: HookName, batch: SliceBatch): Maybe<{ readonly done: number; readonly answer: HookAnswer }> {
    const [only, another] = this.#files.filter((file) => file.has(name));
    if (only === undefined) return { done: batch.count, answer: SILENT };
    if (another === undefined) return only.callEach(name, batch);
    const line = new ByteSlice();
    line.bytes = batch.bytes;
    line.start = batch.starts[0] ?? 0;
    line.end = batch.ends[0] ?? 0;
    batch.limit = 1;
    return chain(this.#tell(0, name, [line], SILENT), (answer) => ({ done: 1, answer }));
  }

  /** In the first file's globals. */
  run(source: string): Maybe<HookOutcome> {
    return this.#first.run(source);
  }

  problemOf(source: string): string | undefined {
    return this.#first.problemOf(source);
  }

  cancel(): void {
    for (const file of this.#files) file.cancel();
  }

  close(): void {
    for (const file of this.#files) file.close();
  }
}

const hasEnded = (answer: HookAnswer): boolean => answer.kind !== 'silent' && answer.kind !== 'reply';

/** What two files have said of the same content: a refusal rather than a yes, the first of several. */
function together(before: HookAnswer, answer: HookAnswer): HookAnswer {
  if (before.kind !== 'silent' && before.kind !== 'reply') return before;
  if (answer.kind !== 'silent' && answer.kind !== 'reply') return answer;
  const drop = before.drop || answer.drop;
  const refused = before.kind === 'reply' && !isPositive(before.reply.code);
  const said = refused || answer.kind === 'silent' ? before : answer;
  return said.drop === drop ? said : { ...said, drop };
}
