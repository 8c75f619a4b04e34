// A reader of the part of PromQL that the dashboard uses, strict: what it does not know is an error. It gives the selectors of a query, each with
// the labels by which something around it groups. https://prometheus.io/docs/prometheus/latest/querying/basics/

export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  /** It stands for a range of time, as rate wants it. */
  readonly isRange: boolean;
  /** Functions and aggregations around it, from the outside in. */
  readonly within: readonly string[];
  /** Labels of `by` around it. */
  readonly by: readonly string[];
}

const TOKEN =
  /\s*(?:([A-Za-z_:][\w:]*)|(\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|(=~|!~|!=|[=+\-*/(){},]|\[[^\]]*\]))/y;
const AGGREGATIONS = ['sum', 'min', 'max', 'avg', 'count'];
const RANGED = ['rate', 'increase'];

interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'sign';
  readonly text: string;
}

function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (query.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (match === null) throw new Error(`what is this: ${query.slice(at)}`);
    const [, name, number, text, sign] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined) tokens.push({ kind: 'text', text });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
  }
  return tokens;
}

class Reader {
  readonly selectors: Selector[] = [];
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(query: string) {
    this.#tokens = tokensOf(query);
  }

  read(): readonly Selector[] {
    this.#expression([], []);
    if (this.#at < this.#tokens.length) throw new Error(`more than an expression: ${this.#next().text}`);
    return this.selectors;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('it ends within an expression');
    return token;
  }

  #is(text: string): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === 'sign' && token.text === text;
  }

  #sign(text: string): void {
    const token = this.#next();
    if (token.kind !== 'sign' || token.text !== text) throw new Error(`${text} expected, not ${token.text}`);
  }

  #name(): string {
    const { kind, text } = this.#next();
    if (kind !== 'name') throw new Error(`a name expected, not ${text}`);
    return text;
  }

  #expression(within: readonly string[], by: readonly string[]): void {
    this.#operand(within, by);
    while (['+', '-', '*', '/'].some((sign) => this.#is(sign))) {
      this.#at++;
      this.#operand(within, by);
    }
  }

  #operand(within: readonly string[], by: readonly string[]): void {
    const { kind, text } = this.#next();
    if (kind === 'number') return;
    if (kind === 'sign' && text === '(') {
      this.#expression(within, by);
      this.#sign(')');
      return;
    }
    if (kind !== 'name') throw new Error(`an operand expected, not ${text}`);
    if (AGGREGATIONS.includes(text)) {
      const labels = this.#tokens[this.#at]?.text === 'by' ? this.#labels() : [];
      this.#arguments([...within, text], [...by, ...labels]);
    } else if (RANGED.includes(text) || text === 'histogram_quantile' || text === 'time')
      this.#arguments([...within, text], by);
    else if (this.#is('(')) throw new Error(`no such function here: ${text}`);
    else this.#selector(text, within, by);
  }

  #labels(): readonly string[] {
    this.#at++;
    this.#sign('(');
    const labels = [this.#name()];
    while (this.#is(',')) {
      this.#at++;
      labels.push(this.#name());
    }
    this.#sign(')');
    return labels;
  }

  #arguments(within: readonly string[], by: readonly string[]): void {
    this.#sign('(');
    if (!this.#is(')')) this.#expression(within, by);
    while (this.#is(',')) {
      this.#at++;
      this.#expression(within, by);
    }
    this.#sign(')');
  }

  #selector(metric: string, within: readonly string[], by: readonly string[]): void {
    const matchers: Matcher[] = [];
    if (this.#is('{')) {
      do {
        this.#at++;
        const label = this.#name();
        const operator = this.#next().text as Matcher['operator'];
        if (!['=', '!=', '=~', '!~'].includes(operator)) throw new Error(`no operator: ${operator}`);
        const { kind, text } = this.#next();
        if (kind !== 'text') throw new Error(`a text in quotes expected, not ${text}`);
        matchers.push({ label, operator, value: text });
      } while (this.#is(','));
      this.#sign('}');
    }
    const isRange = this.#tokens[this.#at]?.text.startsWith('[') === true;
    if (isRange) this.#at++;
    this.selectors.push({ metric, matchers, isRange, within, by });
  }
}

/** Throws what is wrong with the query. */
export function selectorsOf(query: string): readonly Selector[] {
  return new Reader(query).read();
}
