// Loaded before the program by NODE_OPTIONS=--require: at its end it writes the packages that the process has loaded into the directory of
// LOADED_MODULES, a file for each process. What is linked in is in /proc/PID/maps.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

process.on('exit', () => {
  const linked = readFileSync('/proc/self/maps', 'latin1').match(/\S+\.node$/gm) ?? [];
  const names = [...Object.keys(require.cache), ...linked].flatMap(
    (path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? [],
  );
  writeFileSync(join(process.env.LOADED_MODULES, String(process.pid)), [...new Set(names)].join('\n'));
});
