// npm run site: lays the pages out in var/site-build, has vitepress make var/site of them, and looks whether all links lead somewhere.
// `npm run site -- preview` serves it on 127.0.0.1:4173 then. SITE_BASE is the path under which it will be served, by default /.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { complaints } from './check.ts';
import { repositoryAt } from './repository.ts';
import { stage } from './stage.ts';

const root = join(import.meta.dirname, '../..');
const base = process.env.SITE_BASE ?? '/';
const work = join(root, 'var/site-build');
const pages = join(work, 'pages');
const out = process.env.SITE_OUT ?? join(root, 'var/site');

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, {
    cwd: work,
    stdio: 'inherit',
    env: { ...process.env, SITE_OUT: out },
  });
  if (status !== 0) fail(`${command} ${args.join(' ')} failed`);
}

/** As the lock in this directory says; nothing is run at the installation. */
function install(): void {
  const names = ['package.json', 'package-lock.json'];
  const isThere = names.every((name) => {
    const [own, other] = [join(import.meta.dirname, name), join(work, name)];
    return existsSync(other) && readFileSync(own, 'utf8') === readFileSync(other, 'utf8');
  });
  if (isThere && existsSync(join(work, 'node_modules/vitepress'))) return;
  rmSync(join(work, 'node_modules'), { recursive: true, force: true });
  for (const name of names) copyFileSync(join(import.meta.dirname, name), join(work, name));
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
}

function layOut(): void {
  rmSync(pages, { recursive: true, force: true });
  const staged = stage(repositoryAt(root));
  if (staged.dead.length > 0) fail(`links that lead nowhere:\n  ${staged.dead.join('\n  ')}`);
  for (const [path, text] of staged.pages) {
    mkdirSync(dirname(join(pages, path)), { recursive: true });
    writeFileSync(join(pages, path), text);
  }
  for (const path of staged.pictures) {
    mkdirSync(dirname(join(pages, path)), { recursive: true });
    copyFileSync(join(root, path), join(pages, path));
  }
  cpSync(import.meta.dirname, join(pages, '.vitepress'), {
    recursive: true,
    filter: (path) => !/package(?:-lock)?\.json$/.test(path),
  });
}

mkdirSync(work, { recursive: true });
install();
layOut();
const vitepress = 'node_modules/vitepress/bin/vitepress.js';
run(process.execPath, [vitepress, 'build', 'pages']);
const wrong = complaints(out, base);
if (wrong.length > 0) fail(`links of the site that lead nowhere:\n  ${wrong.join('\n  ')}`);
process.stdout.write(`the site is in ${out}\n`);
if (process.argv.includes('preview'))
  run(process.execPath, [vitepress, 'preview', 'pages', '--host', '127.0.0.1']);
