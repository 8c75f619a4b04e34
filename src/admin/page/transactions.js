// The list of transactions: as they come, or those that a search finds. It stands still while somebody reads one of them.
import { read } from './api.js';
import { arrange, byId, cell, el, setText } from './dom.js';
import { saveCsv, saveJson } from './export.js';
import { clock, count, shown, size } from './format.js';
import { mailKey } from './store.js';

/** Rows that are added at a time: the table has so many of them at first. */
const PAGE = 50;
const SEARCH_MS = 200;
const AGAIN_MS = 2000;

/** @typedef {import('./store.js').Mail} Mail */

/** @param {Mail} mail */
const recipients = ({ to, to_more = 0 }) => {
  const [first] = to;
  const more = to.length + to_more - 1;
  return first === undefined ? '' : `${shown(first.to)}${more > 0 ? ` +${more}` : ''}`;
};
/** @param {Mail} mail */
const sender = ({ from }) => shown(from) || '<>';
/** @param {Mail} mail */
const who = ({ client, host }) => (host === undefined ? client : `${shown(host)} [${client}]`);

/** Names of the file that is saved. */
const columns = [
  'time',
  'result',
  'code',
  'from',
  'to',
  'client',
  'host',
  'helo',
  'bytes',
  'cause',
  'message_id',
  'next_hop',
  'queue_id',
  'transaction',
  'session',
  'tls',
  'user',
  'ms_policy',
  'ms_forward',
];

/** Of a transaction, as it is saved: texts readable. @param {Mail} mail */
function saved(mail) {
  /** @type {Record<string, unknown>} */
  const row = {};
  for (const [name, value] of Object.entries(mail))
    row[name] = typeof value === 'string' ? shown(value) : value;
  row.time = new Date(mail.time).toISOString();
  row.to = mail.to.map((one) => ({
    ...one,
    to: shown(one.to),
    ...(one.why !== undefined && { why: shown(one.why) }),
  }));
  return row;
}

export class Transactions {
  #store;
  #follow;
  /** Those in the table, by transaction. @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  #most = PAGE;
  #search = byId('search', HTMLInputElement);
  #result = byId('result', HTMLSelectElement);
  /** What the search found; undefined: there is none. @type {{ matched: number, kept: number, transactions: Mail[] } | undefined} */
  #found = undefined;
  /** As it stands while somebody reads. @type {Mail[] | undefined} */
  #heldList = undefined;
  #heldNew = 0;
  #open = '';
  #timer = 0;
  /** When it goes off. */
  #dueAt = Number.POSITIVE_INFINITY;
  #searchedAt = 0;
  #question = 0;
  paused = false;

  /** @param {import('./store.js').Store} store @param {() => void} follow what is called when it goes on */
  constructor(store, follow) {
    this.#store = store;
    this.#follow = follow;
    this.#search.oninput = () => this.#searchSoon(SEARCH_MS);
    this.#result.onchange = () => this.#searchSoon(0);
    byId('more', HTMLButtonElement).onclick = () => {
      this.#most += PAGE;
      this.render();
    };
    byId('follow', HTMLButtonElement).onclick = () => this.release();
    byId('transactions-csv', HTMLButtonElement).onclick = () =>
      saveCsv(
        'transactions',
        columns,
        this.#list.map((mail) => ({ ...saved(mail), to: mail.to.map(({ to }) => shown(to)).join(' ') })),
      );
    byId('transactions-json', HTMLButtonElement).onclick = () =>
      saveJson('transactions', this.#list.map(saved));
    const body = this.#body;
    body.onclick = ({ target }) => {
      const row = target instanceof Element ? target.closest('tr.sum') : null;
      if (row instanceof HTMLTableRowElement && String(getSelection()) === '') this.#toggle(row);
    };
    body.onkeydown = (event) => this.#key(event);
  }

  get #body() {
    const body = byId('transaction-table', HTMLTableElement).tBodies[0];
    if (body === undefined) throw new Error('no body');
    return body;
  }

  get #words() {
    const result = this.#result.value;
    return `${this.#search.value.trim()}${result === '' ? '' : ` result=${result}`}`.trim();
  }

  get #list() {
    return this.#heldList ?? this.#found?.transactions ?? this.#store.mails;
  }

  /** New ones have come. @param {number} news */
  came(news) {
    if (this.#heldList !== undefined) this.#heldNew += news;
    else this.again();
  }

  /** What was searched for is searched for again, soon: there may be more by now. Nothing that came may stay unseen because nothing comes behind it. */
  again() {
    if (this.#words === '' || this.paused || this.#heldList !== undefined) return;
    const now = Date.now();
    const at = Math.max(now, this.#searchedAt + AGAIN_MS);
    if (at < this.#dueAt) this.#searchSoon(at - now);
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  /** Goes on after somebody has read. */
  release() {
    this.#open = '';
    this.#heldList = undefined;
    this.#heldNew = 0;
    this.#rows.clear();
    this.#follow();
    if (this.#words !== '') this.#searchSoon(0);
  }

  get isReading() {
    return this.#heldList !== undefined;
  }

  /** @param {number} ms */
  #searchSoon(ms) {
    clearTimeout(this.#timer);
    this.#dueAt = Date.now() + ms;
    this.#timer = setTimeout(() => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      void this.#ask();
    }, ms);
  }

  async #ask() {
    const words = this.#words;
    const question = ++this.#question;
    this.#searchedAt = Date.now();
    const found =
      words === '' ? undefined : await read(`transactions?limit=1000&q=${encodeURIComponent(words)}`);
    // Another letter has been typed meanwhile.
    if (question !== this.#question) return;
    if (words !== '' && found === undefined) {
      this.again();
      return;
    }
    this.#found = found;
    if (
      this.#heldList === undefined ||
      document.activeElement === this.#search ||
      document.activeElement === this.#result
    ) {
      this.#heldList = undefined;
      this.#open = '';
    }
    this.render();
  }

  render() {
    const list = this.#list;
    const visible = list.slice(0, this.#most);
    const before = this.#rows;
    this.#rows = new Map();
    /** @type {HTMLTableRowElement[]} */
    const rows = [];
    for (const mail of visible) {
      const key = mailKey(mail);
      const row = before.get(key) ?? this.#row(mail, key);
      this.#rows.set(key, row);
      rows.push(row);
      if (key === this.#open) rows.push(before.get(`${key} detail`) ?? this.#detail(mail));
      const detail = rows.at(-1);
      if (key === this.#open && detail) this.#rows.set(`${key} detail`, detail);
    }
    arrange(this.#body, rows);
    if (this.#body.querySelector('tr.sum[tabindex="0"]') === null)
      this.#body.querySelector('tr.sum')?.setAttribute('tabindex', '0');
    const more = byId('more', HTMLButtonElement);
    more.hidden = list.length <= visible.length;
    setText(more, `Show ${count(Math.min(PAGE, list.length - visible.length))} more`);
    setText(byId('transaction-count', HTMLElement), this.#countText(list.length));
    byId('held', HTMLElement).hidden = this.#heldList === undefined;
    setText(
      byId('follow', HTMLButtonElement),
      this.#heldNew === 0
        ? 'The list stands still while you read: go on'
        : `${count(this.#heldNew)} new while you read: go on`,
    );
  }

  /** @param {number} shownCount */
  #countText(shownCount) {
    if (this.#found !== undefined) return `${count(this.#found.matched)} of ${count(this.#found.kept)} match`;
    const { leftOut } = this.#store;
    return `${shownCount < 1000 ? '' : 'the last '}${count(shownCount)}${leftOut > 0 ? `, ${count(leftOut)} came too fast for the list: search finds the last thousand` : ''}`;
  }

  /** @param {Mail} mail @param {string} key */
  #row(mail, key) {
    const { bytes, cause, code, result, time } = mail;
    const tag = el(
      'td',
      { 'data-label': 'result' },
      el('span', { class: 'tag', 'data-kind': result }, `${result}${code === undefined ? '' : ` ${code}`}`),
    );
    return el(
      'tr',
      { class: 'sum', tabindex: '-1', 'aria-expanded': 'false', 'data-key': key },
      cell('time', clock(time)),
      tag,
      cell('from', sender(mail)),
      cell('to', recipients(mail)),
      cell('client', who(mail)),
      cell('octets', size(bytes), 'number'),
      cell('decided', shown(cause)),
    );
  }

  /** @param {Mail} mail */
  #detail(mail) {
    const facts = el('dl', { class: 'facts' });
    const wide = ['cause'];
    const names = Object.keys(mail).filter((name) => !['to', 'time', 'result', ...wide].includes(name));
    for (const name of [...names, ...wide]) {
      const value = mail[name];
      const text = typeof value === 'string' ? shown(value) : String(value);
      facts.append(
        el('dt', {}, name),
        el('dd', wide.includes(name) ? { class: 'wide' } : {}, el('bdi', {}, text)),
      );
    }
    for (const { change, status, to, why } of mail.to) {
      const text = [
        shown(to),
        status ?? '',
        why === undefined ? '' : shown(why),
        change === undefined ? '' : `${change} by the policy`,
      ]
        .filter((part) => part !== '')
        .join('  ');
      facts.append(el('dt', {}, 'to'), el('dd', { class: 'wide' }, el('bdi', {}, text)));
    }
    return el('tr', { class: 'detail' }, el('td', { colspan: '7' }, facts));
  }

  /** @param {HTMLTableRowElement} row */
  #toggle(row) {
    const key = row.dataset.key ?? '';
    const isOpen = this.#open === key;
    for (const other of this.#body.querySelectorAll('tr.open')) {
      other.classList.remove('open');
      other.setAttribute('aria-expanded', 'false');
    }
    this.#heldList ??= [...this.#list];
    this.#open = isOpen ? '' : key;
    row.classList.toggle('open', !isOpen);
    row.setAttribute('aria-expanded', String(!isOpen));
    this.#goTo(row);
    this.render();
  }

  /** @param {Element | null | undefined} row */
  #goTo(row) {
    if (!(row instanceof HTMLElement)) return;
    this.#body.querySelector('tr[tabindex="0"]')?.setAttribute('tabindex', '-1');
    row.setAttribute('tabindex', '0');
    row.focus();
    this.#heldList ??= [...this.#list];
    byId('held', HTMLElement).hidden = false;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = event.target instanceof Element ? event.target.closest('tr.sum') : null;
    if (!(row instanceof HTMLTableRowElement)) return;
    const rows = [...this.#body.querySelectorAll('tr.sum')];
    const at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: rows.length - 1 }[
      event.key
    ];
    if (to !== undefined) this.#goTo(rows[to]);
    else if (event.key === 'Enter' || event.key === ' ') this.#toggle(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
