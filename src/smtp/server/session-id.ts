// Session and transaction ids: 18 characters, unique on this machine, made as the original makes them. Six base-62 digits of the UTC time,
// five characters for the process, five digits of a counter, and two for the transaction (`00`: the session itself).
import type { Clock, RandomInteger } from '../../base/clock.ts';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const COUNTER_MAX = 65_535;
const TRANSACTIONS = 62 * 62;

function digit(value: number): string {
  return DIGITS.charAt(value % 62);
}

/** Five characters. Up to 99999 in decimal, above a `p` and four base-62 digits, which no decimal number can look like. */
function processPart(pid: number): string {
  if (pid <= 99_999) return String(pid).padStart(5, '0');
  let rest = pid % 62 ** 4;
  let text = '';
  for (let i = 0; i < 4; i++) {
    text = digit(rest) + text;
    rest = Math.floor(rest / 62);
  }
  return `p${text}`;
}

export class SessionIds {
  readonly #clock: Clock;
  readonly #process: string;
  #counter: number;

  constructor(clock: Clock, random: RandomInteger, pid: number = process.pid) {
    this.#clock = clock;
    this.#process = processPart(pid);
    // Containers all have process id 1: a random start keeps their ids apart.
    this.#counter = random(COUNTER_MAX);
  }

  next(): string {
    this.#counter = (this.#counter % COUNTER_MAX) + 1;
    const now = new Date(this.#clock.now());
    const time =
      digit(now.getUTCFullYear() - 1900) +
      digit(now.getUTCMonth()) +
      digit(now.getUTCDate() - 1) +
      digit(now.getUTCHours()) +
      digit(now.getUTCMinutes()) +
      digit(now.getUTCSeconds());
    return `${time}${this.#process}${String(this.#counter).padStart(5, '0')}00`;
  }
}

/** The ids of the transactions of one session: its id with another end, counting up from a random start, never `00`. */
export class TransactionIds {
  readonly #prefix: string;
  #counter: number;

  constructor(idSess: string, random: RandomInteger) {
    this.#prefix = idSess.slice(0, -2);
    this.#counter = random(TRANSACTIONS);
  }

  next(): string {
    this.#counter = this.#counter + 1 >= TRANSACTIONS ? 1 : this.#counter + 1;
    return `${this.#prefix}${digit(Math.floor(this.#counter / 62))}${digit(this.#counter)}`;
  }
}
