// Asks the administration interface of a server that runs, by the options that it has: for the verbs of the command line. Never rejects.
import { request } from 'node:http';
import { codeOrText } from '../base/errors.ts';
import { readPassword } from '../ops/password-file.ts';
import { ADMIN_PLACES, type AdminPlace, readAdminListen } from '../options/admin-listen.ts';
import type { Options } from '../options/options.ts';

export interface Heard {
  readonly kind: 'heard';
  readonly status: number;
  readonly text: string;
}

export type AskOutcome = Heard | { readonly kind: 'failed'; readonly problem: string };

/** A list of ten thousand sessions has 3 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

export class AdminClient {
  readonly #place: Exclude<AdminPlace, { kind: 'none' }>;
  readonly #shown: string;
  readonly #token: string | undefined;

  private constructor(
    place: Exclude<AdminPlace, { kind: 'none' }>,
    shown: string,
    token: string | undefined,
  ) {
    this.#place = place;
    this.#shown = shown;
    this.#token = token;
  }

  /** Or what is wrong with the options. */
  static async open(options: Options): Promise<AdminClient | string> {
    const shown = options.values['admin-listen'];
    const place = readAdminListen(shown) ?? { kind: 'none' };
    if (place.kind === 'none') {
      return `admin-listen is empty: a server that is to be asked needs it, in the option file that both read, such as ${ADMIN_PLACES}`;
    }
    const path = options.values['admin-token-file'];
    if (place.kind === 'unix' || path === '') return new AdminClient(place, shown, undefined);
    const read = await readPassword('admin-token-file', path);
    if (read.kind === 'unusable') return `${options.origin('admin-token-file')}: ${read.cause}`;
    return new AdminClient(place, shown, read.password.toString('latin1'));
  }

  ask(method: 'GET' | 'POST', path: string, timeoutMs: number): Promise<AskOutcome> {
    const place = this.#place;
    return new Promise((resolve) => {
      const failed = (problem: string): void => resolve({ kind: 'failed', problem });
      const where =
        place.kind === 'unix' ? { socketPath: place.path } : { host: place.host, port: place.port };
      const headers = {
        Host: 'localhost',
        ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
      };
      const signal = AbortSignal.timeout(timeoutMs);
      const asked = request({ ...where, method, path, headers, agent: false, signal }, (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > MOST_BYTES) response.destroy(new Error('it says too much'));
          else pieces.push(piece);
        });
        response.on('end', () =>
          resolve({
            kind: 'heard',
            status: response.statusCode ?? 0,
            text: Buffer.concat(pieces).toString('utf8'),
          }),
        );
        response.on('error', (error) => failed(this.#text(error, timeoutMs)));
      });
      asked.on('error', (error) => failed(this.#text(error, timeoutMs)));
      asked.end();
    });
  }

  #text(error: Error, timeoutMs: number): string {
    const place = `admin-listen=${this.#shown}`;
    if (error.name === 'AbortError' || error.name === 'TimeoutError')
      return `${place}: no answer within ${timeoutMs / 1000} s`;
    const code = codeOrText(error);
    switch (code) {
      case 'ECONNREFUSED':
      case 'ENOENT':
        return `${place}: nobody is there: smtpe does not run, or it runs with another admin-listen`;
      case 'EACCES':
        return `${place}: user ${process.getuid?.() ?? 'this one'} may not ask there; be root, or the user or in the group of smtpe`;
      default:
        return `${place}: ${code}`;
    }
  }
}
