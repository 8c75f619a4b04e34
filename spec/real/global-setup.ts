// Before the tests in spec/real and spec/load: the Debian packages they need, where they may be installed, and a fresh build: dist/ is the program, build/ its files one by one.
// Type errors do not stop it: `npm test` has checked the types before.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

export default function setup(): void {
  // Two groups of tests ask for it; once is enough, and a second build would pull the first one away from running tests.
  if (process.env.SMTPE_TEST_READY !== undefined) return;
  process.env.SMTPE_TEST_READY = 'yes';
  spawnSync('sh', [join(here, 'install-packages.sh')], { stdio: 'inherit' });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
  spawnSync(process.execPath, ['build.mjs'], { cwd: root, stdio: 'inherit' });
}
