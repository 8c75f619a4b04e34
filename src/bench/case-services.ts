// What scanners and web servers of a case answer: what its test has said.
import type { LuaRef, LuaValue } from '../lua-api/value.ts';
import type { FakeTable } from './fake-table.ts';
import type { Fakes, HttpFake } from './fakes.ts';
import { quoted } from './lua-text.ts';
import type {
  AskedHttp,
  ClamdAnswer,
  HttpAnswer,
  NoAnswer,
  RspamdAnswer,
  ServiceScript,
  SpamdAnswer,
} from './ports/scripted-services.ts';
import type { CaseRecord } from './record.ts';

/** Functions of the test. */
export interface TestFunctions {
  /** Rejects with the error of the function, or of what it gave. */
  callHttp(ref: LuaRef, question: LuaValue): Promise<HttpAnswer>;
}

const NO_FAKE: NoAnswer = { kind: 'none', error: 'no fake answers it' };

export class CaseServices implements ServiceScript {
  readonly #fakes: Fakes;
  readonly #record: CaseRecord;
  readonly #functions: TestFunctions;
  /** The file that the client sends or has sent last, as the test has named it. */
  sentFile: string | undefined;

  constructor(fakes: Fakes, record: CaseRecord, functions: TestFunctions) {
    this.#fakes = fakes;
    this.#record = record;
    this.#functions = functions;
  }

  clamd(message: Buffer): ClamdAnswer {
    const clean: ClamdAnswer = { kind: 'clean' };
    return this.#scanned('clamd', this.#fakes.clamd, message, clean, NO_FAKE, "'clean'");
  }

  spamd(message: Buffer): SpamdAnswer {
    const usual: SpamdAnswer = { kind: 'score', score: 0, threshold: 5, isSpam: false, symbols: [] };
    return this.#scanned('spamd', this.#fakes.spamd, message, usual, NO_FAKE, '0');
  }

  rspamd(message: Buffer): RspamdAnswer {
    const usual: RspamdAnswer = {
      ...{ kind: 'score', score: 0, required: 15, action: 'no action', symbols: [], message: undefined },
    };
    return this.#scanned('rspamd', this.#fakes.rspamd, message, usual, NO_FAKE, '0');
  }

  /** By the name of the file that was sent, else by a text that the message has, else what there is for all others. */
  #scanned<T>(service: string, table: FakeTable<T>, message: Buffer, usual: T, none: T, sample: string): T {
    if (table.isEmpty) {
      this.#record.missing(`service.${service}`, `t.${service} { default = ${sample} }`);
      return none;
    }
    const byName = this.sentFile === undefined ? undefined : table.find(this.sentFile);
    if (byName !== undefined) return byName;
    for (const key of table.keys())
      if (message.includes(Buffer.from(key, 'latin1'))) return table.find(key) ?? usual;
    return table.usual ?? usual;
  }

  async http(asked: AskedHttp): Promise<HttpAnswer> {
    const { method, url } = asked;
    const bare = url.replace(/\?.*$/s, '');
    const { http } = this.#fakes;
    const keys = [`${method} ${url}`, url, `${method} ${bare}`, bare];
    const fake = keys.map((key) => http.find(key)).find((one) => one !== undefined) ?? http.usual;
    if (fake === undefined) {
      this.#record.missing(`${method} ${url}`, `t.http { [${quoted(`${method} ${url}`)}] = 200 }`);
      return NO_FAKE;
    }
    return this.#answer(fake, asked);
  }

  async #answer(fake: HttpFake, asked: AskedHttp): Promise<HttpAnswer> {
    if (fake.kind !== 'function') return fake;
    try {
      return await this.#functions.callHttp(fake.ref, questionOf(asked));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#record.missing(`${asked.method} ${asked.url}: the function of t.http failed: ${text}`, '');
      return { kind: 'none', error: text };
    }
  }

  tcp(target: string): string {
    this.#record.missing(`a connection to ${target}`, '');
    return 'a test has no fakes for protocols of a policy itself';
  }
}

/** What a function of the test is told of a request. */
function questionOf({ body, headers, method, url }: AskedHttp): LuaValue {
  const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  const pairs = (text: string): Record<string, string> =>
    Object.fromEntries([...new URLSearchParams(text)].map(([name, value]) => [octets(name), octets(value)]));
  return {
    ...{ method, url, body },
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    form: pairs(Buffer.from(body, 'latin1').toString('utf8')),
    query: pairs(url.replace(/^[^?]*\??/, '')),
  };
}
