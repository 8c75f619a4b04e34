// Before the tests in spec/real and spec/load: the Debian packages they need, where they may be installed, and a fresh build: dist/ is the program,
// build/ its files one by one. `npm test` has built already (SMTPE_TEST_BUILT). The packages come while the tests that need none run;
// `await-packages.ts` waits for them. Never fails for a package that does not come: what needs it is skipped by name.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGES_DONE } from './await-packages.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

export default function setup(): (() => Promise<void>) | undefined {
  // Two groups of tests ask for it; once is enough, and a second build would pull the first one away from running tests.
  if (process.env.SMTPE_TEST_READY !== undefined) return undefined;
  process.env.SMTPE_TEST_READY = 'yes';
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-packages-'));
  const done = join(directory, 'done');
  process.env[PACKAGES_DONE] = done;
  const installing = spawn('sh', [join(here, 'install-packages.sh')], { stdio: 'inherit' });
  const over = once(installing, 'close')
    .catch((error: Error) => console.error(`packages are not installed: ${error.message}`))
    .then(() => writeFileSync(done, ''));
  if (process.env.SMTPE_TEST_BUILT === undefined) {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
    spawnSync(process.execPath, ['build.mjs'], { cwd: root, stdio: 'inherit' });
  }
  return async () => {
    await over;
    rmSync(directory, { recursive: true });
  };
}
