// doc/house.svg shows the rooms as they are. `npm run reference` draws it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { picture } from '../house/picture.ts';
import { readImports } from '../house/read-imports.ts';
import { arrowsOf, type Room, roomOf } from '../house/rooms.ts';

const root = join(import.meta.dirname, '../../..');
const path = join(root, 'doc/house.svg');

it('doc/house.svg is current', () => {
  const { files, imports } = readImports(join(root, 'src'));
  const present = new Set(files.map(roomOf).filter((room): room is Room => room !== undefined));
  const drawn = picture(arrowsOf(imports), present);
  if (process.env.UPDATE_REFERENCE !== undefined) writeFileSync(path, drawn);
  expect(readFileSync(path, 'utf8'), 'not current: run npm run reference').toBe(drawn);
});
