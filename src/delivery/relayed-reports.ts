// Sends the reports that senders have asked for (NOTIFY=SUCCESS) of messages which a next hop without DSN has taken (RFC 3461 section 5.2.3):
// through the smart host, from the null sender, once. A failure is told to the log and to nobody else.
//
// It must never answer a null sender, report what nobody has asked for, or have more under way than option limit-dsn-reports.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Options } from '../options/options.ts';
import { notifies } from '../smtp/protocol/dsn.ts';
import type { MailParameters } from '../smtp/protocol/parameters.ts';
import { hasEightBitOctets } from '../text/utf8.ts';
import { hasEightBit, hasEightBitHeaders } from './eight-bit.ts';
import { textSource } from './message-source.ts';
import type { DeliveryOutcome, RcptReply } from './port/delivery.ts';
import { isReportable, relayReport } from './report-text.ts';
import type { SmartHost } from './smart-host.ts';

export type Delivered = Extract<DeliveryOutcome, { readonly kind: 'delivered' }>;

export interface Relayed {
  /** Of the transaction. */
  readonly id: string;
  readonly sender: string;
  readonly parameters: MailParameters;
  readonly outcome: Delivered;
  readonly headers: Buffer;
  readonly options: Options;
  readonly log: Log;
}

export interface ReportDependencies {
  readonly smartHost: Pick<SmartHost, 'forward'>;
  readonly clock: Clock;
  readonly hostName: string;
}

const accepted = ({ code }: RcptReply): boolean => code >= 200 && code < 300;

/** Those who are reported about; nobody, for most messages. */
export function reportedRecipients({ dsn, rcpts }: Delivered, sender: string): readonly RcptReply[] {
  if (sender === '' || dsn === true) return NOBODY;
  if (!rcpts.some(({ recipient }) => recipient.parameters.NOTIFY !== undefined)) return NOBODY;
  return rcpts.filter((rcpt) => accepted(rcpt) && notifies(rcpt.recipient.parameters.NOTIFY, 'SUCCESS'));
}

const TOO_LONG = 'the addresses are too long for a line of a message';
const NOBODY: readonly RcptReply[] = [];

export class RelayedReports {
  readonly #dependencies: ReportDependencies;
  readonly #abort = new AbortController();
  #underWay = 0;

  constructor(dependencies: ReportDependencies) {
    this.#dependencies = dependencies;
  }

  /** Reports that are being sent. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Sends the report of a message that a client has been told 250 for, if there is to be one. Returns at once; never throws. */
  tell(relayed: Relayed): void {
    const { log, options, outcome, sender } = relayed;
    const wanted = reportedRecipients(outcome, sender);
    if (wanted.length === 0) return;
    const rcpts = isReportable(sender)
      ? wanted.filter(({ recipient }) => isReportable(recipient.address))
      : [];
    const unsent = (cause: string): void => log.emit('report-unsent', { sender, cause });
    const problem = rcpts.length === 0 ? TOO_LONG : this.#problem(options.values['limit-dsn-reports']);
    if (problem !== undefined) {
      unsent(problem);
      return;
    }
    this.#underWay++;
    void this.#send(relayed, rcpts)
      .then(
        (ended) => {
          const { host } = ended;
          if (ended.kind === 'delivered') log.emit('report-sent', { sender, host, recipients: rcpts.length });
          else unsent(`${host}: ${ended.kind === 'failed' ? ended.error : ended.text}`);
        },
        (error: Error) => unsent(error.message),
      )
      .finally(() => {
        this.#underWay--;
      });
  }

  #problem(most: number): string | undefined {
    if (this.#abort.signal.aborted) return 'the server is being stopped';
    return this.#underWay >= most ? `${most} reports are under way (limit-dsn-reports)` : undefined;
  }

  /** Gives up what is under way. */
  close(): void {
    this.#abort.abort();
  }

  async #send(relayed: Relayed, rcpts: readonly RcptReply[]): Promise<DeliveryOutcome> {
    const { clock, hostName, smartHost } = this.#dependencies;
    const { headers, id, log, options, outcome, parameters, sender } = relayed;
    const now = clock.now();
    const nextHop = outcome.host.startsWith('maildir:') ? undefined : outcome.host;
    const report = { id, sender, envid: parameters.ENVID, arrivedAt: now, rcpts, nextHop, hostName, headers };
    const message = textSource(relayReport(report, now));
    const utf8Headers = await hasEightBitHeaders(message);
    const utf8 = utf8Headers || hasEightBitOctets(sender);
    const asked: MailParameters = {
      ...(utf8 && { SMTPUTF8: true }),
      // RFC 8689 section 5: headers come back with the report, and are worth what the message was.
      ...(parameters.REQUIRETLS === true && { REQUIRETLS: true }),
    };
    return smartHost.forward(
      {
        sender: '',
        onBehalf: { kind: 'server' },
        ...(Object.keys(asked).length > 0 && { parameters: asked }),
        recipients: [{ address: sender, parameters: { NOTIFY: 'NEVER' } }],
        ...{ message, utf8Headers, eightBit: await hasEightBit(message) },
        ...{ id, options, log },
      },
      this.#abort.signal,
    );
  }
}
