// What changes something: only with the token, or where the server wants none (its socket).
import { order, setToken, token } from './api.js';
import { byId, setText } from './dom.js';

export class Operation {
  #panel = byId('operation', HTMLElement);
  #button = byId('operate', HTMLButtonElement);
  #field = byId('token', HTMLInputElement);
  #orders = byId('orders', HTMLElement);
  #forget = byId('forget', HTMLButtonElement);
  #outcome = byId('outcome', HTMLOutputElement);
  #tried = false;

  /** @param {() => void} tokenChanged */
  constructor(tokenChanged) {
    this.#button.onclick = () => this.toggle();
    byId('token-form', HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      const given = this.#field.value.trim();
      if (!/^[\x21-\x7e]+$/.test(given)) {
        this.say(false, 'A token has no blanks: it is the first line of admin-token-file.');
        return;
      }
      setToken(given);
      this.#field.value = '';
      this.#tried = true;
      this.say(true, '');
      tokenChanged();
    };
    this.#forget.onclick = () => {
      setToken('');
      this.say(true, '');
      tokenChanged();
    };
    this.#on('reload', async () => {
      const { data, ok, text } = await order('reload');
      const { changed = [], need_restart = [], silent = [] } = data ?? {};
      const parts = [
        ['changed', changed],
        ['need a restart', need_restart],
        ['processes that stand still', silent],
      ].filter(([, list]) => list.length > 0);
      this.say(
        ok,
        ok ? ['Reloaded.', ...parts.map(([name, list]) => `${name}: ${list.join(', ')}`)].join('\n') : text,
      );
    });
    this.#on('drain', async () => {
      const { data, ok, text } = await order('drain');
      this.say(
        ok,
        ok ? `Draining: new connections are turned away after ${data?.wait} s, sessions go on.` : text,
      );
    });
    this.#on('undrain', async () => {
      const { ok, text } = await order('undrain');
      this.say(ok, ok ? 'New connections are taken.' : text);
    });
    byId('verbose-form', HTMLFormElement).onsubmit = async (event) => {
      event.preventDefault();
      const seconds = Number(byId('verbose', HTMLSelectElement).value);
      const { ok, text } = await order('verbose', { smtp: true, for: seconds });
      this.say(ok, ok ? `Dialogues are logged for ${seconds} s.` : text);
    };
  }

  /** @param {boolean} [open] */
  toggle(open = !this.isOpen) {
    this.#panel.hidden = !open;
    this.#button.setAttribute('aria-expanded', String(open));
    if (open) (this.#orders.hidden ? this.#field : byId('reload', HTMLButtonElement)).focus();
    else this.#button.focus();
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  /** What the server has said of the token that it was shown. @param {boolean} mayChange */
  may(mayChange) {
    const has = token() !== '';
    this.#orders.hidden = !mayChange;
    this.#forget.hidden = !has;
    byId('token-form', HTMLFormElement).hidden = mayChange && !has;
    if (has && !mayChange) this.wrong();
    else if (this.#tried && mayChange) this.say(true, 'The token is right.');
    this.#tried = false;
  }

  wrong() {
    setToken('');
    this.#forget.hidden = true;
    this.say(false, 'That is not the token of this server.');
  }

  /** @param {boolean} ok @param {string} text */
  say(ok, text) {
    setText(this.#outcome, text);
    this.#outcome.dataset.kind = ok ? 'good' : 'bad';
  }

  /** @param {string} id @param {() => Promise<void>} act */
  #on(id, act) {
    const button = byId(id, HTMLButtonElement);
    button.onclick = async () => {
      button.disabled = true;
      await act();
      button.disabled = false;
      button.focus();
    };
  }
}
