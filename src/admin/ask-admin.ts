// Asks the administration interface of a server that runs, by the options that it has: for the verbs of the command line. Never rejects.
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
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

  /** Where and as whom. */
  get #target(): RequestOptions {
    const place = this.#place;
    const where = place.kind === 'unix' ? { socketPath: place.path } : { host: place.host, port: place.port };
    const headers = {
      Host: 'localhost',
      ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
    };
    return { ...where, headers, agent: false };
  }

  ask(method: 'GET' | 'POST', path: string, timeoutMs: number): Promise<AskOutcome> {
    return new Promise((resolve) => {
      const failed = (problem: string): void => resolve({ kind: 'failed', problem });
      const signal = AbortSignal.timeout(timeoutMs);
      const asked = request({ ...this.#target, method, path, signal }, (response) => {
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

  /**
   * An answer that goes on: each piece goes to `take`, which says when the next one may come; false: no more is wanted. Ends with the answer, which
   * is `heard` with an empty text when all of it was taken. `timeoutMs`: for the beginning, and without anything, not even a beat.
   */
  follow(
    path: string,
    timeoutMs: number,
    take: (piece: string) => Promise<boolean>,
    signal?: AbortSignal,
  ): Promise<AskOutcome> {
    return new Promise((resolve) => {
      const failed = (error: Error): void =>
        resolve({ kind: 'failed', problem: this.#text(error, timeoutMs) });
      const more = signal === undefined ? {} : { signal };
      const asked = request({ ...this.#target, method: 'GET', path, ...more }, (response) => {
        void readOn(response, take).then((text) => {
          asked.destroy();
          resolve({ kind: 'heard', status: response.statusCode ?? 0, text });
        }, failed);
      });
      asked.setTimeout(timeoutMs, () => asked.destroy(new DOMException('', 'TimeoutError')));
      asked.on('error', failed);
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
      case 'ECONNRESET':
        return `${place}: the connection was lost: smtpe has ended, or closes it`;
      case 'EACCES':
        return `${place}: user ${process.getuid?.() ?? 'this one'} may not ask there; be root, or the user or in the group of smtpe`;
      default:
        return `${place}: ${code}`;
    }
  }
}

/** Of an answer that is none of 200 its text, at most so much of it. */
const MOST_ERROR = 65_536;

async function readOn(response: IncomingMessage, take: (piece: string) => Promise<boolean>): Promise<string> {
  response.setEncoding('utf8');
  let error = '';
  for await (const piece of response) {
    if (response.statusCode === 200) {
      if (!(await take(String(piece)))) break;
    } else if (error.length < MOST_ERROR) error += String(piece);
  }
  return error;
}
