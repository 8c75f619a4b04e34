// A file system that counts its calls and fails at one of them, or at all from there on; what is opened fails too.
import { type Files, systemFiles } from '../../src/mailbox/files.ts';

export interface Fault {
  /** Which call fails, from 1; 0: none. */
  at: number;
  readonly code: string;
  /** All from there on, as on a disk that is full or broken. */
  readonly lasting: boolean;
}

export class FaultyFiles {
  calls = 0;
  /** What was called, by name. */
  readonly names: string[] = [];
  readonly fault: Fault;
  readonly files: Files;
  /** Called before each call. */
  before: (name: string) => void = () => undefined;
  readonly #open = new Set<object>();

  constructor(fault: Fault) {
    this.fault = fault;
    this.files = this.#wrap(systemFiles, '');
  }

  /** Files that were opened and not closed. */
  get left(): number {
    return this.#open.size;
  }

  #wrap<T extends object>(real: T, prefix: string): T {
    const wrapper: T = new Proxy(real, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        const name = `${prefix}${String(property)}`;
        if (property === 'close') {
          return async (): Promise<unknown> => {
            this.#open.delete(wrapper);
            return Reflect.apply(value, target, []);
          };
        }
        if (typeof property === 'symbol') return value.bind(target);
        return async (...args: readonly unknown[]): Promise<unknown> => {
          this.#fail(name);
          const result: unknown = await Reflect.apply(value, target, args);
          if (name !== 'open') return result;
          const opened = this.#wrap(result as object, 'file.');
          this.#open.add(opened);
          return opened;
        };
      },
    });
    return wrapper;
  }

  #fail(name: string): void {
    this.before(name);
    this.calls++;
    this.names.push(name);
    const { at, code, lasting } = this.fault;
    // What makes room, or lets go, works on a full disk.
    const makesRoom = lasting && /unlink|rm|truncate|stat|read$|opendir/.test(name);
    if (at > 0 && (this.calls === at || (lasting && this.calls > at && !makesRoom)))
      throw Object.assign(new Error(`${code}: made up, ${name}`), { code });
  }
}
