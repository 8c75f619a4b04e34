// `npm test`, before its tests: types, style and the build, none of which needs another, so all at once. What each prints comes in one piece when it
// ends; whoever fails, the others go on to their end, and the exit code is 1. Never starts a test.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Runs a script of package.json: whether it went well, and what it printed. */
function script(name) {
  const child = spawn('npm', ['run', '--silent', name], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ name, isGood: false, output: `${error.message}\n` }));
    child.once('close', (code) => resolve({ name, isGood: code === 0, output }));
  });
}

// The longest first.
const running = ['typecheck', 'build', 'lint'].map(async (name) => {
  const { isGood, output } = await script(name);
  process.stdout.write(output);
  if (!isGood) process.stderr.write(`npm run ${name} failed\n`);
  return isGood;
});
if ((await Promise.all(running)).includes(false)) process.exitCode = 1;
