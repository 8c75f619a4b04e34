// What the page knows: the seconds of five minutes, the last thousand transactions, the sessions. All of it is bounded.
import { read } from './api.js';

export const SECONDS = 300;
const MOST_TRANSACTIONS = 1000;

/** @typedef {{ count: number, p50: number, p95: number, p99: number }} Quantiles */
/** @typedef {{ at: number, connections: number, turned_away: number, accepted: number, refused: number, deferred: number, lost: number, bytes: number, sessions: number, refused_by: Record<string, number>, deferred_by: Record<string, number>, hooks: Record<string, Quantiles>, next_hops: Record<string, Quantiles> }} Second */
/** @typedef {{ time: number, session: string, transaction: string, result: string, from: string, client: string, helo: string, host?: string, bytes: number, code?: number, cause: string, to: { to: string, status?: number, why?: string, change?: string }[], to_more?: number } & Record<string, any>} Mail */
/** @typedef {{ id: string, client: string, host: string, state: string, hook?: string, hook_seconds?: number, waits: { for: string, what: string, seconds?: number }[], bytes: number, seconds: number, hello: string, sender?: string, recipients?: number, told: number } & Record<string, any>} Session */

export class Store {
  /** @type {Map<number, Second>} */
  #seconds = new Map();
  /** The newest first. @type {Mail[]} */
  mails = [];
  /** Since the list was read whole: transactions that are not in it. */
  leftOut = 0;
  /** @type {Map<string, Session>} */
  sessions = new Map();
  total = 0;
  /** Processes that do not answer. @type {number[]} */
  silent = [];
  /** @type {Record<string, number>} */
  states = {};

  /** Reads all that there is: at the start, and when something was lost. */
  async refresh() {
    const [rates, found] = await Promise.all([
      read(`rates?seconds=${SECONDS}`),
      read(`transactions?limit=${MOST_TRANSACTIONS}`),
    ]);
    if (rates !== undefined) {
      this.#seconds.clear();
      this.takeSeconds(rates.seconds);
    }
    if (found !== undefined) {
      this.mails = found.transactions;
      this.leftOut = 0;
    }
  }

  /** @param {Second[]} rows */
  takeSeconds(rows) {
    for (const row of rows) this.#seconds.set(row.at, row);
    const last = Math.max(...this.#seconds.keys());
    for (const at of this.#seconds.keys()) if (at <= last - SECONDS) this.#seconds.delete(at);
  }

  /** The oldest first. */
  get seconds() {
    return [...this.#seconds.values()].sort((a, b) => a.at - b.at);
  }

  /** @param {Mail[]} rows the oldest first @param {number} leftOut */
  takeMails(rows, leftOut) {
    const known = new Set(this.mails.slice(0, MOST_TRANSACTIONS).map(mailKey));
    const fresh = rows.filter((row) => !known.has(mailKey(row))).reverse();
    this.mails = [...fresh, ...this.mails].slice(0, MOST_TRANSACTIONS);
    this.leftOut += leftOut;
    return fresh.length + leftOut;
  }

  /** @param {{ whole: boolean, total: number, states: Record<string, number>, silent: number[], sessions: Session[], gone: string[] }} news */
  takeSessions({ gone, sessions, silent, states, total, whole }) {
    if (whole) this.sessions.clear();
    for (const id of gone) this.sessions.delete(id);
    for (const row of sessions) this.sessions.set(row.id, { ...row, told: Date.now() });
    this.total = total;
    this.states = states;
    this.silent = silent;
  }
}

/** @param {Mail} mail */
export const mailKey = ({ session, transaction }) => `${session} ${transaction}`;
