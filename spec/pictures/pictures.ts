// The pictures of doc/ that a script draws, by the file they are in.
import { dialogue } from './dialogue.ts';
import { hookOrder } from './hook-order.ts';
import { machinesInService } from './machines.ts';
import type { Sheet } from './sheet.ts';
import { whereMailIs } from './where-mail-is.ts';

export const pictures: Readonly<Record<string, () => Sheet>> = {
  'doc/dialogue.svg': dialogue,
  'doc/hook-order.svg': hookOrder,
  'doc/where-mail-is.svg': whereMailIs,
  'doc/machines.svg': machinesInService,
};
