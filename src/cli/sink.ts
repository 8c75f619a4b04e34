// Verb `sink`: a next hop to try things out with. Takes everything but what rules refuse, keeps the newest messages in a directory, and says what it took;
// `sink --list` shows that from the directory, beside a running sink or after it.
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { readSinkWords, type SinkSettings } from './sink-rules.ts';
import { SinkSession } from './sink-session.ts';
import { readEntries, SinkStore } from './sink-store.ts';
import { privateDirectoryProblem } from './spool-directory.ts';

/** Connections at once: more than a test has, and less than the descriptors of a process. */
const MOST_CLIENTS = 200;

const directoryOf = ({ directory, port }: SinkSettings): string =>
  directory ?? join(tmpdir(), `smtpe-sink-${process.getuid?.() ?? ''}-${port}`);

/** What a stranger wrote must not steer the terminal. */
const plain = (text: string): string => text.replace(/[^ -~]/g, '?');

async function list(settings: SinkSettings): Promise<number> {
  const directory = directoryOf(settings);
  const entries = await readEntries(directory);
  if (entries.length === 0) {
    await complain([
      `sink: there is nothing in ${directory}; right would be: the same port= or dir= as the sink has`,
    ]);
    return exitCode.missing;
  }
  const lines = entries.map(
    ({ bytes, file, from, n, subject, time, to }) =>
      `${n}  ${time}  <${plain(from)}> -> ${to.map((one) => `<${plain(one)}>`).join(' ')}  ${bytes} bytes  ${plain(subject)}\n    ${join(directory, file)}\n`,
  );
  await print(lines.join(''));
  return exitCode.ok;
}

export async function sink(words: readonly string[]): Promise<number> {
  const settings = readSinkWords(words);
  if (settings.problems.length > 0) {
    await complain(settings.problems);
    return exitCode.usage;
  }
  if (settings.list) return list(settings);
  const directory = directoryOf(settings);
  const strange = settings.directory === undefined ? await privateDirectoryProblem(directory) : undefined;
  if (strange !== undefined) {
    await complain([`sink: ${directory}: ${strange}`]);
    return exitCode.system;
  }
  let store: SinkStore;
  try {
    store = await SinkStore.open(directory, settings.keep);
  } catch (error) {
    await complain([`sink: ${directory}: ${codeOrText(error)}`]);
    return exitCode.system;
  }
  const { address, port, rules, size } = settings;
  const tell = (text: string): void => void print(`${plain(text)}\n`);
  const parts = { clock: systemClock, random: systemRandom, store, rules, size, tell };
  const server = createServer({ noDelay: true }, (socket) => void new SinkSession(socket, parts));
  server.maxConnections = MOST_CLIENTS;
  const ended = new Promise<number>((resolve) => {
    server.once('error', (error) => {
      const hint =
        codeOrText(error) === 'EADDRINUSE' ? 'another program listens there; set port=' : codeOrText(error);
      void complain([`sink: cannot listen on ${address}:${port}: ${hint}`]).then(() =>
        resolve(exitCode.software),
      );
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(exitCode.ok));
  });
  server.listen(port, address, () => {
    const at = server.address();
    const where = typeof at === 'object' && at !== null ? `${address}:${at.port}` : address;
    void print(
      `sink on ${where}, messages in ${directory}; shows them: smtpe sink --list ${settings.directory === undefined ? `port=${port}` : `dir=${directory}`}\n`,
    );
  });
  return ended;
}
