// The build puts the files of src/ together in others, so that none of them may look for something beside itself: `installed.ts` does.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { besideProgram, installed } from '../../../src/installed.ts';

const source = join(import.meta.dirname, '../../../src');

it('only installed.ts asks where its own file is; packages are found from anywhere', () => {
  const asking = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'installed.ts')
    .filter((name) => {
      const text = readFileSync(join(source, name), 'utf8');
      return /import\.meta|__dirname/.test(text.replaceAll('createRequire(import.meta.url)', ''));
    });
  expect(asking).toEqual([]);
});

it('finds what comes with the program', () => {
  expect(readFileSync(installed('package.json'), 'utf8')).toContain('"name": "smtpe"');
  expect(readFileSync(besideProgram('admin/page/index.html'), 'utf8')).toContain('<html');
});
