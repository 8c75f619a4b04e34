// +daemon: the process that was started runs smtpe again without a terminal, waits until that one accepts connections or says why not, and
// ends with its exit code. Unlike the original, which said all was well before it had looked at anything.
import { spawn } from 'node:child_process';
import { exitCode } from './exit-code.ts';

/** Set in the environment of the process without a terminal. */
const MARK = 'SMTPE_DETACHED';

/** What the detached process tells the one that started it, once. */
export type StartMessage =
  | { readonly kind: 'listening'; readonly text: string }
  | { readonly kind: 'failed'; readonly problems: readonly string[]; readonly code: number };

function isStartMessage(message: unknown): message is StartMessage {
  return typeof message === 'object' && message !== null && 'kind' in message;
}

/** Starts this program again with the same arguments, detached, and waits for its message. */
export function startDetached(): Promise<StartMessage> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, [MARK]: '1' },
    });
    let told: StartMessage | undefined;
    child.once('message', (message) => {
      if (!isStartMessage(message)) return;
      told = message;
      child.disconnect();
      child.unref();
      resolve(message);
    });
    const failed = (problem: string): void => {
      if (told === undefined) {
        resolve({ kind: 'failed', problems: [`+daemon: ${problem}`], code: exitCode.software });
      }
    };
    child.once('error', (error) => failed(error.message));
    child.once('exit', (code, signal) =>
      failed(`the process ended at once (${signal ?? `exit code ${code}`})`),
    );
  });
}

/** The process that waits for this one to start. */
export interface Starter {
  /** Says how it went; to be called once. Resolves when it is told. */
  tell(message: StartMessage): Promise<void>;
}

/** The waiting process, in the process without a terminal; undefined in any other. Takes the mark away, so that workers have none. */
export function findStarter(): Starter | undefined {
  const marked = process.env[MARK] !== undefined && process.send !== undefined;
  delete process.env[MARK];
  if (!marked) return undefined;
  return {
    tell: async (message) => {
      await new Promise<void>((resolve) => {
        process.send?.(message, undefined, undefined, () => resolve());
      });
      if (process.connected) process.disconnect();
    },
  };
}
