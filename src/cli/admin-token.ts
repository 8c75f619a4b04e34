// The token of the administration interface (option admin-token-file): read at the start, and again at each reload, so that it can be changed
// without a restart. Must never take one that cannot be right: the old one stays, and the reload says why.
import { tokenDigest } from '../admin/http-server.ts';
import { readPassword } from '../ops/password-file.ts';
import type { Options } from '../options/options.ts';

/** Who can read it must not be able to guess it. */
const SHORTEST = 16;

export type TokenOutcome =
  /** From `use` on it is the one that counts. */
  { readonly kind: 'read'; use(): void } | { readonly kind: 'wrong'; readonly problem: string };

export class AdminToken {
  #digest: Buffer | undefined;

  /** Of the one that counts; undefined: there is none. */
  get digest(): Buffer | undefined {
    return this.#digest;
  }

  async read(options: Options): Promise<TokenOutcome> {
    const path = options.values['admin-token-file'];
    if (path === '') return this.#right(undefined);
    const origin = options.origin('admin-token-file');
    const read = await readPassword('admin-token-file', path);
    if (read.kind === 'unusable') return { kind: 'wrong', problem: `${origin}: ${read.cause}` };
    const token = read.password.toString('latin1');
    if (token.length >= SHORTEST && /^[\x21-\x7e]+$/.test(token)) return this.#right(tokenDigest(token));
    const right = `${SHORTEST} or more characters without blanks, such as "openssl rand -hex 24" makes`;
    return {
      kind: 'wrong',
      problem: `${origin}: admin-token-file=${path}: its first line is no token: expected ${right}`,
    };
  }

  #right(digest: Buffer | undefined): TokenOutcome {
    return {
      kind: 'read',
      use: () => {
        this.#digest = digest;
      },
    };
  }
}
