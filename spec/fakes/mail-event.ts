// A `mail` event as a spec wants it.
import { eventTable } from '../../src/base/event-table/event-table.ts';
import type { EventFields } from '../../src/base/events.ts';

type Mail = EventFields<'mail'>;

const usual: Mail = {
  ...{ result: 'accepted', from: 'a@example.com', transaction: 'T1', bytes: 100, code: 250, cause: 'mx1:25' },
  ...{ client: '192.0.2.1', helo: 'mx.example.com', policy: 1, recipients: 1 },
  to: [{ to: 'b@example.net', status: 250 }],
};

/** Its fields are in the order of the table, as everybody reports them. */
export function mailEvent(own: Partial<Mail> = {}): Mail {
  const all: Partial<Record<string, unknown>> = { ...usual, ...own };
  const names = Object.keys(eventTable.mail.fields).filter((name) => all[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, all[name]])) as unknown as Mail;
}
