// The list of sessions: who is there, and what each waits for.
import { arrange, byId, cell, el, setText } from './dom.js';
import { saveCsv, saveJson } from './export.js';
import { age, count, shown, size } from './format.js';

/** Rows in the table, the longest session first. */
const FEW_ROWS = 10;
const MOST_ROWS = 200;

/** What a state means to whoever looks. @type {Record<string, string>} */
const words = {
  opening: 'to begin',
  command: 'a command',
  transaction: 'RCPT or DATA',
  content: 'content',
  hook: 'a hook',
  next_hop: 'the next hop',
  closing: 'the end',
};

/** The client, in each state. @type {Record<string, string>} */
const clientWords = { command: 'a command', transaction: 'RCPT or DATA', content: 'content' };

/** @typedef {import('./store.js').Session} Session */

/** @param {Session} row */
const seconds = ({ seconds: then, told }) => then + (Date.now() - told) / 1000;

/** @param {Session} row */
function waits({ hook, hook_seconds = 0, state, told, waits: all }) {
  const since = (Date.now() - told) / 1000;
  const what = all
    .map(({ seconds: then, what: text }) => {
      const said = text === 'client' ? (clientWords[state] ?? text) : shown(text);
      return then === undefined ? said : `${said} ${age(then + since)}`;
    })
    .join(', ');
  if (hook === undefined) return what;
  return `hook.${hook}${what === '' ? ` ${age(hook_seconds + since)}` : `: ${what}`}`;
}

/** A long one is cut where the table is narrow: it is whole where the pointer is. @param {Element} place @param {Session} row */
function showWaits(place, row) {
  const text = waits(row);
  setText(place, text);
  if (place.getAttribute('title') !== text) place.setAttribute('title', text);
}

/** @param {Session} row */
const client = ({ client: address, host }) =>
  host.startsWith('[') ? address : `${shown(host)} [${address}]`;

export class Sessions {
  #store;
  #open;
  #end;
  #state = '';
  #most = FEW_ROWS;
  /** @type {Map<string, { row: HTMLTableRowElement, news: string, waits: Element, age: Element }>} */
  #rows = new Map();
  mayChange = false;

  /** @param {import('./store.js').Store} store @param {(id: string) => void} open @param {(id: string) => void} end */
  constructor(store, open, end) {
    this.#store = store;
    this.#open = open;
    this.#end = end;
    byId('sessions-csv', HTMLButtonElement).onclick = () =>
      saveCsv(
        'sessions',
        [
          'id',
          'client',
          'host',
          'listener',
          'state',
          'hook',
          'waits',
          'hello',
          'sender',
          'recipients',
          'bytes',
          'messages',
          'commands',
          'tls',
          'seconds',
        ],
        this.#data,
      );
    byId('session-more', HTMLButtonElement).onclick = () => {
      this.#most = this.#most === FEW_ROWS ? MOST_ROWS : FEW_ROWS;
      this.render();
    };
    byId('sessions-json', HTMLButtonElement).onclick = () => saveJson('sessions', this.#data);
  }

  /** Those that are shown, as the server told of them. */
  get #data() {
    return this.#list.map(({ told: _, ...row }) => ({
      ...row,
      host: shown(row.host),
      hello: shown(row.hello),
      waits: row.waits.map(({ what }) => shown(what)).join(', '),
      ...(row.sender !== undefined && { sender: shown(row.sender) }),
    }));
  }

  get #list() {
    return [...this.#store.sessions.values()]
      .filter(({ state }) => this.#state === '' || state === this.#state)
      .sort((a, b) => seconds(b) - seconds(a));
  }

  /** Rows are made anew: buttons have come, or gone. */
  forget() {
    this.#rows.clear();
  }

  render() {
    const { states, total } = this.#store;
    setText(byId('session-count', HTMLElement), count(total));
    this.#chips(states);
    const list = this.#list;
    const before = this.#rows;
    this.#rows = new Map(
      list.slice(0, this.#most).map((session) => [session.id, this.#row(session, before.get(session.id))]),
    );
    const body = byId('session-table', HTMLTableElement).tBodies[0];
    if (body)
      arrange(
        body,
        [...this.#rows.values()].map(({ row }) => row),
      );
    const hidden = (this.#state === '' ? total : (states[this.#state] ?? list.length)) - this.#rows.size;
    const more = byId('session-more', HTMLButtonElement);
    const isFew = this.#most === FEW_ROWS;
    more.hidden = isFew ? hidden <= 0 : this.#rows.size <= FEW_ROWS;
    setText(more, isFew ? `Show ${count(Math.min(hidden, MOST_ROWS - FEW_ROWS))} more` : 'Show fewer');
    byId('nobody', HTMLElement).hidden = this.#rows.size > 0;
    const { silent } = this.#store;
    const place = byId('silent', HTMLElement);
    place.hidden = silent.length === 0;
    setText(
      place,
      silent.length === 0
        ? ''
        : `Process ${silent.join(', ')} does not answer: its sessions are not in the list, and what it counts comes later.`,
    );
  }

  /** @param {Session} session @param {{ row: HTMLTableRowElement, news: string, waits: Element, age: Element } | undefined} there */
  #row(session, there) {
    const { told: _, seconds: __, hook_seconds: ___, waits: ____, ...rest } = session;
    const news = JSON.stringify(rest);
    if (there?.news === news) {
      showWaits(there.waits, session);
      setText(there.age, age(seconds(session)));
      return there;
    }
    const { bytes, id, recipients, sender, state } = session;
    const wait = el('span', { class: 'tag', 'data-kind': state });
    showWaits(wait, session);
    const old = cell('age', age(seconds(session)), 'number');
    const buttons = el('td', { class: 'buttons' }, this.#button('Follow', id, this.#open));
    if (this.mayChange) {
      const end = this.#button('End', id, this.#end);
      end.classList.add('danger');
      buttons.append(end);
    }
    const row = there?.row ?? el('tr');
    const focused = row.contains(document.activeElement) ? document.activeElement?.textContent : undefined;
    row.replaceChildren(
      cell('client', client(session)),
      el('td', { 'data-label': 'waits for' }, wait),
      cell('from', sender === undefined ? shown(session.hello) : shown(sender) || '<>'),
      cell('to', recipients === undefined ? '' : String(recipients), 'number'),
      cell('octets', size(bytes), 'number'),
      old,
      buttons,
    );
    // Whoever is at a button stays there.
    if (focused)
      [...row.querySelectorAll('button')].find(({ textContent }) => textContent === focused)?.focus();
    return { row, news, waits: wait, age: old.firstElementChild ?? old };
  }

  /** @param {string} text @param {string} id @param {(id: string) => void} act */
  #button(text, id, act) {
    const made = el('button', { type: 'button', 'aria-label': `${text} session ${id}` }, text);
    made.onclick = () => act(id);
    return made;
  }

  /** @param {Record<string, number>} states */
  #chips(states) {
    const place = byId('states', HTMLElement);
    const names = Object.keys(words).filter((name) => (states[name] ?? 0) > 0 || name === this.#state);
    const there = new Map([...place.children].map((item) => [item.getAttribute('data-state') ?? '', item]));
    arrange(
      place,
      names.map((name) => {
        const item = there.get(name) ?? this.#chip(name);
        const button = item.firstElementChild;
        button?.setAttribute('aria-pressed', String(name === this.#state));
        if (button) setText(button, `${words[name]} ${count(states[name] ?? 0)}`);
        return item;
      }),
    );
  }

  /** @param {string} name */
  #chip(name) {
    const button = el('button', { type: 'button', title: `Only those that wait for ${words[name]}` });
    button.onclick = () => {
      this.#state = this.#state === name ? '' : name;
      this.render();
    };
    return el('li', { 'data-state': name }, button);
  }
}
