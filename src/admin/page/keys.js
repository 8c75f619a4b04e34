// Keys of the page. Letters are none while somebody types.
import { byId, el } from './dom.js';

/** @typedef {{ key: string, text: string, act: () => void }} Key */

/** @param {Key[]} keys */
export function listenToKeys(keys) {
  const dialog = byId('keys', HTMLDialogElement);
  /** @type {Key[]} */
  const all = [...keys, { key: '?', text: 'this list', act: () => dialog.showModal() }];
  const others = [
    ['↓ ↑ j k', 'from one transaction to the next'],
    ['Enter', 'all that is known of a transaction, or no more'],
    ['Esc', 'closes what is open; the list goes on'],
  ];
  byId('key-list', HTMLElement).replaceChildren(
    ...[...all.map(({ key, text }) => [key, text]), ...others].flatMap(([key = '', text = '']) => [
      el('dt', {}, ...key.split(' ').flatMap((one) => [el('kbd', {}, one), ' '])),
      el('dd', {}, text),
    ]),
  );
  byId('help', HTMLButtonElement).onclick = () => dialog.showModal();
  byId('keys-close', HTMLButtonElement).onclick = () => dialog.close();
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const { target } = event;
    const types = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    const inDialog = document.querySelector('dialog[open]') !== null;
    if (inDialog || (types && event.key !== 'Escape')) return;
    const found = all.find(({ key }) => key === event.key || (key === 'Esc' && event.key === 'Escape'));
    if (found === undefined) return;
    event.preventDefault();
    found.act();
  });
}
