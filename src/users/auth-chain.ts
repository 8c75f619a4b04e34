// Asks the sources of AUTH in order: the first that knows the user decides. One that cannot be asked may be the one that knows, so that a
// refusal of a later one is not final.
import type { AuthQuestion, AuthRefusal, AuthSource, Credentials } from './auth-source.ts';

export type AuthVerdict =
  | {
      readonly kind: 'accepted';
      readonly user: string;
      readonly fields?: Readonly<Record<string, string>>;
      readonly source: string;
    }
  | {
      readonly kind: 'refused';
      readonly why: AuthRefusal;
      readonly reason?: string | undefined;
      readonly source: string;
    }
  /** No source knows the user. */
  | { readonly kind: 'unknown' }
  /** `source` is the first that could not be asked. `refused`: a later one has said no, which must not be guessed at for free meanwhile. */
  | {
      readonly kind: 'unavailable';
      readonly cause: string;
      readonly source: string;
      readonly refused: boolean;
    };

/** Told of each source that could not be asked. */
export type Unavailable = (source: string, cause: string) => void;

/** What the sources that are on say; undefined when none is, or when the signal has aborted. */
export async function askSources(
  sources: readonly AuthSource[],
  credentials: Credentials,
  question: AuthQuestion,
  unavailable: Unavailable,
): Promise<AuthVerdict | undefined> {
  let verdict: AuthVerdict | undefined;
  for (const source of sources) {
    if (!source.isOn(question.values)) continue;
    const answer = await source.verify(credentials, question);
    const { name } = source;
    if (question.signal.aborted) return undefined;
    switch (answer.kind) {
      case 'accepted':
        return { ...answer, source: name };
      case 'refused':
        return verdict?.kind === 'unavailable' ? { ...verdict, refused: true } : { ...answer, source: name };
      case 'unknown':
        verdict ??= answer;
        break;
      case 'unavailable':
        unavailable(name, answer.cause);
        verdict =
          verdict?.kind === 'unavailable'
            ? { ...verdict, refused: verdict.refused || answer.refused === true }
            : { ...answer, source: name, refused: answer.refused === true };
        break;
    }
  }
  return verdict;
}
