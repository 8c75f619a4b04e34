import { describe, expect, it } from 'vitest';
import { usageText } from '../../../src/cli/help.ts';
import { verbs, verbTable } from '../../../src/cli/verb.ts';

describe('smtpe help', () => {
  it('is one screen: usage, every verb, options with their defaults', () => {
    const lines = usageText().split('\n');
    expect(lines.length).toBeLessThanOrEqual(36);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(84);
    for (const verb of verbs) expect(usageText()).toContain(`  ${verb.padEnd(9)}${verbTable[verb].text}`);
    expect(usageText()).toMatch(/^ {2}smtp-server-port=25 +\S/m);
  });
});
