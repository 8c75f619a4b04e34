// Pages that are typed along: what they say to save is saved, what they say to type is typed, in their order, and what comes out is given beside what
// they show. A page says it by a comment in front of a block of code:
//   <!-- file NAME -->    the block is that file, from now on; <!-- add NAME --> is put behind what it is
//   <!-- server -->       a server, which goes on: `$ COMMAND` and the lines that it says until it serves
//   <!-- server says -->  what it has said since
// and a block of `console` without one is typed: `$ COMMAND`, then what it prints. `...` is any number of lines,
// and any text within a line.
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Program } from './program.ts';

export interface Shown {
  readonly command: string;
  /** As the page has it, and as it was. */
  readonly expected: string;
  readonly actual: string;
  /** What a server says comes by two ways, on whose order nothing depends, with warnings about this machine. */
  readonly isServer: boolean;
}

type Step =
  | { readonly kind: 'file' | 'add'; readonly name: string; readonly text: string }
  | { readonly kind: 'type' | 'server'; readonly command: string; readonly expected: string }
  | { readonly kind: 'says'; readonly expected: string };

const BLOCK = /^(?:<!-- (file|add|server says|server)(?: (\S+))? -->\n)?```(\w*)\n(.*?)^```$/gms;

/** A command with its here-document, and what it prints. */
function commandsOf(text: string): readonly { readonly command: string; readonly expected: string }[] {
  const found: { command: string; expected: string }[] = [];
  let until: string | undefined;
  for (const line of text.trimEnd().split('\n')) {
    const last = found.at(-1);
    if (until !== undefined && last !== undefined) {
      last.command += `\n${line}`;
      if (line === until) until = undefined;
    } else if (line.startsWith('$ ')) {
      found.push({ command: line.slice(2), expected: '' });
      until = /<<'(\w+)'/.exec(line)?.[1];
    } else if (last === undefined) throw new Error(`output in front of a command: ${line}`);
    else last.expected += `${line}\n`;
  }
  return found;
}

export function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(BLOCK)].flatMap(([, mark, name = '', language, text = '']): Step[] => {
    if (mark === 'file' || mark === 'add') return [{ kind: mark, name, text }];
    if (mark === 'server says') return [{ kind: 'says', expected: text }];
    if (language !== 'console') return [];
    const kind = mark === 'server' ? 'server' : 'type';
    return commandsOf(text).map((one) => ({ kind, ...one }));
  });
}

/** Without what is different each time: ids, times, processes. */
export const settled = (text: string): string =>
  text
    .replaceAll('\r', '')
    .replaceAll(/\b2[0-9A-Za-z]{15}(?:[0-9A-Za-z]{2})?\b/g, 'ID')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replaceAll(/\b\d\d:\d\d:\d\d(?:\.\d+)?\b/g, 'TIME')
    .replaceAll(/smtpe\[\d+\]/g, 'smtpe[PID]')
    .replaceAll(/ ms_\w+=\d+/g, '')
    .replaceAll(/message_id=<[^>]*>/g, 'message_id=<ID>')
    .replaceAll(/\bprocess \d+/g, 'process PID')
    .replaceAll(/^ *\d+\.\d+ /gm, ' ')
    .replaceAll(/^ *(?:total|all) \d+ ms:.*/gm, 'SUM')
    .replaceAll(/\b(seconds|ms|[a-z_]+_ms)=[\d.]+/g, '$1=N')
    .replaceAll(/\b\d+(?:\.\d+)? (ms|s)\b/g, 'N $1')
    .replaceAll(/ +N ms (?:Lua|waiting).*$/gm, '')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim();

const isGap = (line: string): boolean => line.trim() === '...';

/** A line of a page as a pattern; `...` within it is any text. */
const pattern = (line: string): string =>
  line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\.\\.\\.', '.*');

/** True when all lines of a page are there. */
function hasAll(expected: string, actual: string): boolean {
  const lines = settled(actual).split('\n');
  return settled(expected)
    .split('\n')
    .filter((line) => !isGap(line))
    .every((line) => lines.some((one) => new RegExp(`^${pattern(line)}$`).test(one)));
}

/** True when the text is what the page shows. */
export function isAsShown({ actual, expected, isServer }: Shown): boolean {
  if (isServer) return hasAll(expected, actual);
  const lines = settled(expected).split('\n');
  const all = lines.map((line) => (isGap(line) ? '(?:.*\n)*?' : `${pattern(line)}\n`)).join('');
  return new RegExp(`^${all}$`).test(`${settled(actual)}\n`);
}

/** A server that has not said by then what is expected has not said it. */
const PATIENCE_MS = 30_000;

export interface Typist {
  /** Where it begins; empty. */
  readonly directory: string;
  /** The built program. */
  readonly main: string;
  /** What the page's ports and paths are here, so that several pages can be typed at once, and by anybody; the longer ones first. */
  readonly ports: Readonly<Record<string, string>>;
  /** Where the option file of the machine is, which nobody has to name. */
  readonly optionFile?: string;
}

/** `smtpe`, as it is typed. */
function program(main: string, optionFile: string | undefined): string {
  const run = `exec '${process.execPath}' '${main}'`;
  if (optionFile === undefined) return `#!/bin/sh\n${run} "$@"\n`;
  const file = `'file=${optionFile}'`;
  return `#!/bin/sh
case "$1" in
  check|status|sessions|reload|drain|undrain|top|store|info) verb=$1; shift; ${run} "$verb" ${file} "$@";;
  ''|run|*=*) ${run} ${file} "$@";;
  *) ${run} "$@";;
esac
`;
}

/** Plays the page. Servers have ended when it gives its result. */
export async function typeAlong(
  page: string,
  { directory, main, optionFile, ports }: Typist,
): Promise<readonly Shown[]> {
  const bin = join(directory, '.bin');
  await mkdir(bin);
  await writeFile(join(bin, 'smtpe'), program(main, optionFile), { mode: 0o755 });
  const here = (text: string): string =>
    Object.entries(ports).reduce((all, [port, mine]) => all.replaceAll(port, mine), text);
  const asPage = (text: string): string =>
    Object.entries(ports).reduce((all, [port, mine]) => all.replaceAll(mine, port), text);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1', LC_ALL: 'C' };
  const shown: Shown[] = [];
  const servers: Program[] = [];
  let seen = 0;
  const place = join(directory, '.place');
  await writeFile(place, directory);
  const cwd = async (): Promise<string> => (await readFile(place, 'utf8')).trim();
  /** What a server says until all is there that is expected, or it is over. */
  const hear = async (expected: string): Promise<string> => {
    const server = servers.at(-1);
    if (server === undefined) throw new Error('there is no server');
    const since = (): string => asPage(server.stdout.slice(seen));
    const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    await Promise.race([server.wroteWhen(() => hasAll(expected, since())), late]);
    const text = since();
    seen = server.stdout.length;
    return text;
  };
  try {
    for (const step of stepsOf(page)) {
      switch (step.kind) {
        case 'file':
        case 'add': {
          const path = resolve(await cwd(), here(step.name));
          await mkdir(dirname(path), { recursive: true });
          if (step.kind === 'file') await writeFile(path, here(step.text));
          else await appendFile(path, `\n${here(step.text)}`);
          break;
        }
        case 'server': {
          servers.push(
            new Program('/bin/sh', ['-c', `exec ${here(step.command)} 2>&1`], { cwd: await cwd(), env }),
          );
          shown.push({ ...step, actual: await hear(step.expected), isServer: true });
          break;
        }
        case 'says':
          shown.push({ ...step, command: 'server', actual: await hear(step.expected), isServer: true });
          break;
        case 'type': {
          const script = `exec 2>&1\n${here(step.command)}\npwd > '${place}'`;
          const { stdout } = await new Program('/bin/bash', ['-c', script], { cwd: await cwd(), env }).ended;
          shown.push({ ...step, actual: asPage(stdout), isServer: false });
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return shown;
}
