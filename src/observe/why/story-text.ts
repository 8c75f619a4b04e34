// A story of `smtpe why` for people. Whatever a stranger has put into the log is encoded once more, so that nothing talks to the terminal. Pure.
import { encodeText } from '../../ops/log-line.ts';
import type { Story } from './finder.ts';
import type { ReadFields, ReadRecord } from './log-record.ts';
import { pathIn } from './query.ts';

const LONGEST = 2000;
/** Columns for the names of the lines, and at most for an address. */
const NAME = 10;
const ADDRESS = 40;

const shown = (text: string | undefined): string => encodeText(text ?? '', LONGEST);

const line = (name: string, text: string): string => `  ${name.padEnd(NAME)}${text}\n`;

export function storyText(story: Story): string {
  return story.kind === 'mail' ? mailText(story.mail, story.refusals) : refusalText(story.refusal);
}

function mailText({ fields, id, stamp, to }: ReadRecord, refusals: readonly ReadRecord[]): string {
  const { bytes, cause, final_from, from, message_id, next_hop, result, transaction, unheard } = fields;
  const size = bytes === undefined || bytes === '0' ? '' : `, ${bytes} bytes`;
  const heard = unheard === 'true' ? ', the client had gone before the reply' : '';
  const name = message_id === undefined ? '' : `  ${shown(message_id)}`;
  return [
    `${shown(stamp)} ${shown(result)}${size}${heard}${name}\n`,
    line('from', `<${shown(from)}>${final_from === undefined ? '' : `, goes on as <${shown(final_from)}>`}`),
    line('client', clientText(fields)),
    recipientsText(to, fields, refusals),
    next_hop === undefined ? '' : line('next hop', hopText(fields)),
    line('cause', shown(cause)),
    line('took', timesText(fields)),
    line('id', `${shown(transaction)}, session ${shown(id)}`),
  ].join('');
}

function clientText({ client, helo, host, listener, proxy, tls, user }: ReadFields): string {
  const more = [
    helo === undefined || helo === '' ? undefined : `helo ${shown(helo)}`,
    tls === undefined ? undefined : shown(tls),
    user === undefined ? undefined : `logged in as ${shown(user)}`,
    listener === undefined ? undefined : `listener ${shown(listener)}`,
    proxy === undefined ? undefined : `by way of ${shown(proxy)}`,
  ].filter((part) => part !== undefined);
  return [`${shown(client)} ${shown(host)}`.trimEnd(), ...more].join(', ');
}

function recipientsText(
  to: readonly ReadFields[],
  { to_more }: ReadFields,
  refusals: readonly ReadRecord[],
): string {
  const width = Math.min(ADDRESS, Math.max(0, ...to.map((row) => shown(row.to).length)));
  const rows = to.map((row) => {
    const { change, status = '-', why } = row;
    const said = refusals.find(({ fields }) => pathIn(fields, 'TO') === row.to)?.fields.reply;
    const reason = [why, said].filter((text) => text !== undefined && text !== '');
    const by = change === undefined ? '' : ` ${shown(change)} by the policy`;
    return `${shown(row.to).padEnd(width)}  ${shown(status)}${by}${reason.length > 0 ? ` ${shown(reason.join(': '))}` : ''}`;
  });
  if (to_more !== undefined) rows.push(`... and ${shown(to_more)} more that the log does not name`);
  return rows.map((row, i) => line(i === 0 ? 'to' : '', row)).join('');
}

function hopText({ next_hop, next_hop_tls, queue_id }: ReadFields): string {
  const tls = next_hop_tls === undefined ? '' : ` (${shown(next_hop_tls)})`;
  return `${shown(next_hop)}${tls}${queue_id === undefined ? '' : `, where it is ${shown(queue_id)}`}`;
}

function timesText(fields: ReadFields): string {
  const of = (stage: string): string => `${stage} ${shown(fields[`ms_${stage}`] ?? '0')} ms`;
  return `${['mail', 'rcpt', 'data', 'forward'].map(of).join(', ')}; hooks ${shown(fields.ms_policy ?? '0')} ms of it, policy revision ${shown(fields.policy ?? '?')}`;
}

function refusalText({ fields, id, stamp }: ReadRecord): string {
  const { cause, client, command, from, reply } = fields;
  return [
    `${shown(stamp)} refused without a mail: ${shown(reply)}\n`,
    from === undefined ? '' : line('from', `<${shown(from)}>`),
    line('client', shown(client)),
    command === undefined || command === '' ? '' : line('command', shown(command)),
    line('cause', shown(cause)),
    id === '' ? '' : line('id', `session ${shown(id)}`),
  ].join('');
}
