// Before each file of spec/real and spec/load: the installation of Debian packages that `global-setup.ts` has begun is over, well or not. Which
// tests are skipped is found out when their file is loaded, so this comes before that. Never installs anything.
import { existsSync } from 'node:fs';

/** The environment variable with the path of a file that is there when the installation is over. */
export const PACKAGES_DONE = 'SMTPE_TEST_PACKAGES_DONE';

const LOOK_MS = 100;

const done = process.env[PACKAGES_DONE];
while (done !== undefined && !existsSync(done)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
