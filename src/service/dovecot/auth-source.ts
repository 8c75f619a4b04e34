// Dovecot as a source of AUTH (option smtp-auth-dovecot): who knows a user's password in Dovecot's passdb, by its auth socket.
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { AuthAnswer, AuthQuestion, AuthSource, Credentials } from '../../users/auth-source.ts';
import { AuthSocket } from './auth-socket.ts';

/** Sockets at once: each listener may have its own, and a policy may choose. */
const MAX_SOCKETS = 8;

export class DovecotAuth implements AuthSource {
  readonly name = 'smtp-auth-dovecot';
  readonly #parts: { readonly clock: Clock; readonly random: RandomInteger };
  /** By path, the one that was asked last at the end. */
  readonly #sockets = new Map<string, AuthSocket>();

  constructor(parts: { readonly clock: Clock; readonly random: RandomInteger }) {
    this.#parts = parts;
  }

  isOn(values: OptionValues): boolean {
    return values['smtp-auth-dovecot'] !== '';
  }

  verify(credentials: Credentials, question: AuthQuestion): Promise<AuthAnswer> {
    const { values } = question;
    const socket = this.#socket(values['smtp-auth-dovecot']);
    if (socket === undefined) {
      return Promise.resolve({ kind: 'unavailable', cause: `more than ${MAX_SOCKETS} auth sockets at once` });
    }
    return socket.ask(credentials, question, values['smtp-auth-timeout'] * 1000);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #socket(path: string): AuthSocket | undefined {
    let socket = this.#sockets.get(path);
    if (socket === undefined) {
      if (this.#sockets.size >= MAX_SOCKETS && !this.#closeOne()) return undefined;
      socket = new AuthSocket({ ...this.#parts, path });
    } else this.#sockets.delete(path);
    this.#sockets.set(path, socket);
    return socket;
  }

  /** Closes the one that nobody has asked for the longest time; false when all are being asked. */
  #closeOne(): boolean {
    for (const [path, socket] of this.#sockets) {
      if (!socket.isIdle) continue;
      socket.close();
      this.#sockets.delete(path);
      return true;
    }
    return false;
  }
}
