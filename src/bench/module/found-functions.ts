// What a test looks at behind its client: mail that was stored, messages that were forwarded, lines of the log. Where there is not what it asks for the case
// fails.
import { findPattern } from '../../lua/pattern.ts';
import { LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes, optionalBytes, optionalFlag, optionalInteger } from '../../lua-api/params.ts';
import { troubleText } from '../../mailbox/port/outcome.ts';
import { mailPlace } from '../../modules/storage/mail-place.ts';
import { shown } from '../shown.ts';
import { benchOf } from './bench-of.ts';
import { sketch, wrong } from './read-table.ts';
import { waiting } from './waiting.ts';

export const stored = luaFunction({
  name: 'stored',
  params: [
    bytes('name', 'Whose mail, as `storage.user` takes it.'),
    optionalBytes('mailbox', 'Its full name.', 'INBOX'),
  ],
  results: [{ name: 'messages', type: 'smtpe.test.stored[]', text: 'in their order' }],
  suspends: true,
  text: 'What lies in a mailbox of `t.storage`. Fails the case when there is no such mailbox.',
  call: (context, name, mailbox) => {
    const bench = benchOf(context);
    const { world } = bench.inCase('t.stored');
    const place = mailPlace(bench.options, name);
    if (place.kind !== 'place') throw wrong('t.stored', `somebody with mail (${place.why})`, name);
    return waiting('t.stored', async () => {
      const found = await world.mail.stored(place.identity, Buffer.from(mailbox, 'latin1').toString('utf8'));
      bench.mustHaveFakes();
      if (found.kind !== 'done') return bench.fail(`t.stored ${sketch(name)}: ${troubleText(found)}`);
      return [
        found.value.map(({ data, flags, keywords, uid }) => ({
          uid,
          flags: [...flags],
          keywords: [...keywords],
          data,
        })),
      ];
    });
  },
});

export const forwarded = luaFunction({
  name: 'forwarded',
  params: [
    optionalInteger(
      'n',
      'Which message, from 1 on; nil: their number; 0: none, and the case fails when there is one.',
      undefined,
    ),
  ],
  results: [
    {
      name: 'forwarded',
      type: 'integer|smtpe.test.message',
      text: 'the number of messages, or `{ host =, sender =, recipients = {...}, data = }` of the nth',
    },
  ],
  text: 'What was forwarded in the case so far: what next hops have answered with 250. Fails the case when there is no nth.',
  call: (context, n) => {
    const bench = benchOf(context);
    const { forwarded } = bench.inCase('t.forwarded').world.record;
    bench.mustHaveFakes();
    if (n === undefined) return [forwarded.length];
    const count = forwarded.length === 1 ? '1 message was' : `${forwarded.length} messages were`;
    if (n === 0 && forwarded.length > 0)
      bench.fail(
        `expected nothing to be forwarded, ${count}: ${forwarded.map(({ host, recipients }) => `to ${recipients.join(' ')} by ${host}`).join(', ')}`,
      );
    if (n === 0) return [0];
    const message = forwarded[n - 1];
    if (message === undefined) return bench.fail(`expected message ${n} to be forwarded, ${count}`);
    const { data, host, recipients, sender } = message;
    return [{ host, sender, recipients, data }];
  },
});

export const log = luaFunction({
  name: 'log',
  params: [bytes('pattern', 'A pattern of Lua.'), optionalFlag('present', 'false: no line may fit.', true)],
  results: [{ name: 'line', type: 'string?', text: 'the first line that fits; nil' }],
  text: 'Fails the case unless a line of the log of this case fits: `level message field=value ...`. With `false` as second argument it fails when one does.',
  call: (context, pattern, present) => {
    const bench = benchOf(context);
    const { log } = bench.inCase('t.log').world;
    const line = log.lines
      .map(
        ({ fields, level, message }) =>
          `${level} ${message}${Object.entries(fields)
            .map(([name, value]) => ` ${name}=${String(value)}`)
            .join('')}`,
      )
      .find((text) => fits(text, pattern));
    if (present && line === undefined) bench.fail(`no line of the log fits ${sketch(pattern)}`);
    if (!present && line !== undefined)
      bench.fail(`expected no line of the log to fit ${sketch(pattern)}, got ${shown(line)}`);
    return [line];
  },
});

function fits(text: string, pattern: string): boolean {
  try {
    return findPattern(text, pattern) !== undefined;
  } catch (error) {
    throw new LuaError(`t.log ${sketch(pattern)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
