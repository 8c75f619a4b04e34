// The examples of the pages in doc/, as specs run them: a block of code behind a comment with its name.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The block behind `<!-- name -->`, without what it is indented by. Throws when there is none. */
export function pageBlock(page: string, name: string): string {
  const text = readFileSync(join(root, page), 'utf8');
  const [, indent = '', body] =
    new RegExp(`^( *)<!-- ${name} -->\\n *\`\`\`\\w*\\n(.*?)\\n *\`\`\``, 'ms').exec(text) ?? [];
  if (body === undefined) throw new Error(`${page} has no block ${name}`);
  return body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}
