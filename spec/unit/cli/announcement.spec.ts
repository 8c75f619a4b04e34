// What the terminal is told of where smtpe listens: every address once, and a line for each listener that has something of its own.
import { describe, expect, it } from 'vitest';
import { announcement } from '../../../src/cli/announcement.ts';
import { type ConnectionHandler, listenerRows } from '../../../src/net/listener-row.ts';
import type { ListeningPlace } from '../../../src/net/listeners.ts';
import { createOptions } from '../../../src/options/option-set.ts';

const nobodyConnects: ConnectionHandler = { connection: () => undefined, refusal: () => '' };

function said(listen: string): readonly string[] {
  const options = createOptions({ 'smtp-listen': listen });
  const rows = listenerRows(options, nobodyConnects);
  const places = rows.map(
    (row): ListeningPlace => ({
      row,
      endpoints: row.addresses.map(({ address = '', port = 0 }) => ({ address, port })),
    }),
  );
  const text = announcement(places, 'policy.lua', options);
  return text.slice(0, text.indexOf('\n  policy ')).split('\n').slice(1);
}

describe('below the first line of the announcement', () => {
  it.each([
    ['nothing for one without a name and flags', '127.0.0.1:2525', []],
    ['its name', 'mx=127.0.0.1:2525', ['  mx       127.0.0.1:2525']],
    ['its flags', '127.0.0.1:2525/no-tls', ['           127.0.0.1:2525 no-tls']],
    [
      'all when there are several',
      '127.0.0.1:2525 sub=127.0.0.1:2587',
      ['           127.0.0.1:2525', '  sub      127.0.0.1:2587'],
    ],
  ])('%s', (_, listen, lines) => {
    expect(said(listen)).toEqual(lines);
  });
});
