// A process that has more to do than it can refuses new connections and serves those it has; the log and the metrics say so.
import { expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { watchLoad } from '../../src/cli/watch-load.ts';
import { Gate } from '../../src/net/gate.ts';
import { MetricCells } from '../../src/observe/metric/cells.ts';
import { countEvents } from '../../src/observe/metric/count-events.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { adminLayout } from '../fakes/admin-rig.ts';
import { ListenerSite } from '../fakes/listener-site.ts';

it('new connections get 421 4.3.2 while it lasts, a session that is there goes on, and each is counted by its cause', async () => {
  const gate = new Gate();
  const site = new ListenerSite({ deps: { gate } });
  const cells = new MetricCells(adminLayout);
  countEvents(site.rig.deps.log.bus, cells);
  const client = site.arrive('192.0.2.1');
  await client.reply();
  for (const cause of ['lag', 'memory', 'spool']) {
    gate.overload = cause;
    const refused = await site.arrive('192.0.2.2').rest();
    expect(refused).toBe('421 4.3.2 too much to do at the moment, try again later\r\n');
    expect(cells.values[adminLayout.family('smtpe_shed_total').at(cause)]).toBe(1);
  }
  expect(await client.command('NOOP')).toMatch(/^250/);
  gate.overload = undefined;
  expect(await site.arrive('192.0.2.2').reply()).toMatch(/^220/);
  const refused = adminLayout.family('smtpe_connections_total').at('default', 'refused_load');
  expect(cells.values[refused]).toBe(3);
  expect(site.rig.limits.total).toBe(2);
});

it('by the options as they are: it begins, it ends, and the log has a line for each', async () => {
  const [clock, gate, log] = [new FakeClock(), new Gate(), new RecordLog()];
  const options = createOptions({ 'limit-memory': '1', 'spool-dir': '/nonexistent' });
  const stop = watchLoad({ clock, gate, log, options, lagged: () => undefined });
  clock.advance(500);
  expect([gate.overload, gate.closed]).toEqual(['memory', 'overloaded']);
  options.set('limit-memory', '0', 'spec');
  clock.advance(1500);
  expect(gate.closed).toBeUndefined();
  expect(log.lines.map(({ fields, message }) => [message, fields.seconds])).toEqual([
    [
      expect.stringMatching(
        /^overloaded, new connections are refused: \d+ MiB of memory, limit-memory is 1$/,
      ),
      undefined,
    ],
    ['not overloaded any more, connections are taken', 0.5],
  ]);
  stop();
  expect(clock.pending).toBe(0);
});
