// What the listeners of the metrics and of the live page take for the events of one message, in nanoseconds: without sockets, so that it can be told
// on a machine that others use. Usage: node spec/load/events-cost.mjs [ROUNDS [MESSAGES]], after npm run build.
import { from, median, numbers } from './paired.mjs';

const { settleMetrics } = await from('cli/counting.js');
const { systemClock } = await from('base/clock.js');
const { silentWriter } = await from('base/log.js');
const { LiveGatherer } = await from('observe/live/gatherer.js');
const { MetricCells } = await from('observe/metric/cells.js');
const { countEvents } = await from('observe/metric/count-events.js');
const { MetricLayout } = await from('observe/metric/layout.js');
const { openEventLog } = await from('observe/event-log.js');
const { createOptions } = await from('options/option-set.js');

const [rounds, messages] = numbers(40, 20_000);
const dialogue = [
  { command: 'MAIL FROM:<a@x.test>', code: 250, cause: 'default', hook: 'mail' },
  { command: 'RCPT TO:<bob@x.test>', code: 250, cause: 'default', hook: 'rcpt' },
  { command: 'DATA', code: 354, cause: 'default', hook: 'data' },
  { command: 'DATA', code: 250, cause: 'smtp-default-at-dot=250', hook: 'dot' },
];
const mail = (n) => ({
  ...{
    result: 'accepted',
    from: 'a@x.test',
    transaction: `t${n}`,
    message_id: undefined,
    bytes: 1000,
    sent_bytes: undefined,
  },
  ...{
    code: 250,
    cause: 'smtp-default-at-dot=250',
    unheard: undefined,
    client: '127.0.0.1',
    host: undefined,
    helo: 'c.example',
  },
  ...{
    listener: undefined,
    tls: undefined,
    user: undefined,
    next_hop: undefined,
    next_hop_tls: undefined,
    queue_id: undefined,
  },
  ...{
    ms_mail: undefined,
    ms_rcpt: undefined,
    ms_data: undefined,
    ms_policy: undefined,
    ms_forward: undefined,
  },
  ...{
    policy: 1,
    final_from: undefined,
    recipients: 1,
    to_more: undefined,
    to: [{ to: 'bob@x.test', status: 250 }],
  },
});

/** As a session does it. */
function sender(observe) {
  const log = openEventLog(silentWriter);
  const end = observe(log.bus);
  const session = log.child({ id: 's1' });
  const answers = log.bus.channel('command-answered');
  const answer = { command: '', code: 0, cause: '' };
  const each = dialogue.map((_, n) => mail(n));
  const over = {
    transaction: 't',
    sender: 'a@x.test',
    recipients: 1,
    bytes: 1000,
    code: 250,
    cause: 'default',
    client: '127.0.0.1',
  };
  const one = (n) => {
    for (const { cause, code, command, hook } of dialogue) {
      if (session.wants('hook-called'))
        session.emit('hook-called', { hook, result: 'none', seconds: 0.00002, processor: 0.00002 });
      if (!answers.wanted(session)) continue;
      answer.command = command;
      answer.code = code;
      answer.cause = cause;
      answers.emit(answer, session);
    }
    session.emit('tx-discard', over);
    if (session.wants('mail')) session.emit('mail', each[n & 3]);
  };
  return { one, end };
}

const ways = {
  nothing: () => () => {},
  metrics: (bus) => countEvents(bus, new MetricCells(new MetricLayout(settleMetrics(createOptions({}), 1)))),
  page: (bus) => {
    const gatherer = new LiveGatherer(bus, systemClock, () => {});
    return () => gatherer.stop();
  },
};
const list = Object.entries(ways).map(([name, observe]) => ({ name, ...sender(observe), found: [] }));
for (let round = -2; round < rounds; round++) {
  for (const { found, one } of list) {
    const begin = process.hrtime.bigint();
    for (let n = 0; n < messages; n++) one(n);
    if (round >= 0) found.push(Number(process.hrtime.bigint() - begin) / messages);
    // A second of the page ends.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
for (const { end, found, name } of list) {
  end();
  console.log(`${name}: median ${median(found).toFixed(0)} ns, least ${Math.min(...found).toFixed(0)} ns`);
}
