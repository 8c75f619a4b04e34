// doc/architecture.md and the comments of src lead to files that are there: whatever they name with a path, or with .ts, exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'doc/architecture.md'), 'utf8');
const baseNames = new Set(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((path) =>
    path.replace(/^.*\//, ''),
  ),
);

/** What stands in backquotes, and in blocks of code. */
const quoted = [...page.matchAll(/```[^\n]*\n([\s\S]*?)```|`([^`\n]+)`/g)].map(
  ([, block, word]) => block ?? word ?? '',
);
const words = quoted.flatMap((text) => text.split(/[\s,;()]+/));
/** `smtp/server/commands/<verb>` is its folder. */
const paths = words
  .map((word) => word.replace(/[/]<.*$/, '/').replace(/[.:]$/, ''))
  .filter((word) =>
    /^[a-z][a-z0-9-]*(\/[a-zA-Z0-9._*-]+)+\/?$|^[a-z][a-z0-9-]*\/$|^[a-z][a-z0-9-]*\.(ts|lua|md|cf)$/.test(
      word,
    ),
  );

/** Made by `npm run build`, so not in a clean checkout. */
const made = ['build/', 'dist/'];

function exists(path: string): boolean {
  if (made.includes(path)) return true;
  if (!path.includes('/'))
    return baseNames.has(path) || existsSync(join(root, path)) || existsSync(join(root, 'doc', path));
  const bare = path.replace(/\/?(\*.*)?$/, '');
  return ['src', '.', 'doc'].some(
    (place) => existsSync(join(root, place, bare)) || existsSync(join(root, place, `${bare}.ts`)),
  );
}

it('names more than a few files', () => {
  expect(new Set(paths).size).toBeGreaterThan(60);
});

it('names only what exists', () => {
  expect([...new Set(paths)].filter((path) => !exists(path))).toEqual([]);
});

/** A file, or a room and what is in it. */
const named =
  /(?<![\w/.*-])([a-z][a-z0-9-]*(?:\/[a-z0-9-]+)*\.ts\b|[a-z][a-z0-9-]*(?:\/[a-z0-9-]+)+)(?![\w/.-]*\w)/g;
const mediaType = /^(?:message\/(?:rfc822|global)|text\/plain)$/;

it('comments name only what exists', () => {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const rooms = new Set(files.map((path) => path.replace(/\/.*$/, '')));
  const wrong = files.flatMap((file) => {
    const comments = [...readFileSync(join(src, file), 'utf8').matchAll(/^\s*(?:\/\/|\/?\*)(.*)$/gm)].map(
      ([line]) => line,
    );
    const names = comments.flatMap((line) => [...line.matchAll(named)].map(([name]) => name));
    return names
      .filter(
        (name) => name.endsWith('.ts') || (rooms.has(name.replace(/\/.*$/, '')) && !mediaType.test(name)),
      )
      .filter((name) => !exists(name) && !existsSync(join(src, dirname(file), name)))
      .map((name) => `${file}: ${name}`);
  });
  expect(wrong).toEqual([]);
});
