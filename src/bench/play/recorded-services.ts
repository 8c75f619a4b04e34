// What scanners and web servers have answered in a recording, for whoever asks them again.
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type {
  AskedHttp,
  ClamdAnswer,
  HttpAnswer,
  NoAnswer,
  RspamdAnswer,
  ServiceScript,
  SpamdAnswer,
} from '../ports/scripted-services.ts';
import type { CaseRecord } from '../record.ts';
import { isJson, type Json, numberOf, octetsOf, parsed, textsOf } from './recorded-values.ts';

/** Answers that are none of a service. */
const OF_OTHERS: ReadonlySet<string> = new Set([
  'dns',
  'random',
  'recipient',
  'accounts',
  'command',
  'store',
]);

/** Services answer in the order in which they did. */
export class RecordedServices implements ServiceScript {
  readonly #answers: { readonly of: string; readonly key: string; readonly answer: Json }[];
  readonly #record: CaseRecord;

  constructor(entries: readonly TraceEntry[], record: CaseRecord) {
    this.#record = record;
    this.#answers = entries.flatMap((entry) =>
      entry.kind === 'answer' && !OF_OTHERS.has(entry.of)
        ? [{ of: entry.of, key: entry.key, answer: parsed(entry.answer) }]
        : [],
    );
  }

  /** The next one, taken; or why there is none. */
  #next(of: string, what: string, fits: (key: string) => boolean = () => true): Json | NoAnswer {
    const at = this.#answers.findIndex((one) => one.of === of && fits(one.key));
    const [found] = at < 0 ? [] : this.#answers.splice(at, 1);
    if (found === undefined) {
      this.#record.missing(what, '');
      return { kind: 'none', error: 'the recording has no answer' };
    }
    const { error, fields } = found.answer;
    if (typeof error === 'string') return { kind: 'none', error };
    return isJson(fields) ? fields : {};
  }

  clamd(): ClamdAnswer {
    const fields = this.#next('clamd', 'service.clamd');
    if (isNone(fields)) return fields;
    return fields.is_infected === true
      ? { kind: 'found', signature: octetsOf(fields.signature) }
      : { kind: 'clean' };
  }

  spamd(): SpamdAnswer {
    const fields = this.#next('spamd', 'service.spamd');
    if (isNone(fields)) return fields;
    return {
      ...{ kind: 'score', score: numberOf(fields.score), threshold: numberOf(fields.threshold, 5) },
      ...{ isSpam: fields.is_spam === true, symbols: textsOf(fields.symbols) },
    };
  }

  rspamd(): RspamdAnswer {
    const fields = this.#next('rspamd', 'service.rspamd');
    if (isNone(fields)) return fields;
    // By number and by name.
    const symbols = isJson(fields.symbols)
      ? Object.entries(fields.symbols).filter(([name]) => !/^\d+$/.test(name))
      : [];
    return {
      ...{ kind: 'score', score: numberOf(fields.score), required: numberOf(fields.required_score, 15) },
      action: octetsOf(fields.action),
      symbols: symbols.flatMap(([name, its]) =>
        isJson(its)
          ? [{ name, score: numberOf(its.score), description: undefined, options: textsOf(its.options) }]
          : [],
      ),
      message: isJson(fields.messages) ? octetsOf(fields.messages.smtp_message) || undefined : undefined,
    };
  }

  http({ method, url }: AskedHttp): HttpAnswer {
    const fields = this.#next('http', `${method} ${url}`, (key) => url.includes(key));
    if (isNone(fields)) return fields;
    const headers = octetsOf(fields.headers)
      .split('\r\n')
      .flatMap((line) => {
        const [, name, value = ''] = /^([!-9;-~]+):\s*(.*)$/.exec(line) ?? [];
        return name === undefined || /^content-(?:length|encoding)$/i.test(name)
          ? []
          : [[name, value] as const];
      });
    return { kind: 'answer', code: numberOf(fields.rcode, 200), headers, body: octetsOf(fields.content) };
  }

  tcp(target: string): string {
    this.#record.missing(`a connection to ${target}`, '');
    return 'a recording has no answers of protocols of a policy itself';
  }
}

const isNone = (fields: Json | NoAnswer): fields is NoAnswer => fields.kind === 'none';
