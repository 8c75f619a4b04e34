// Elements of the page. Texts are set as text, never as markup: most of them are strangers' words.

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${id}`);
  return found;
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} name @param {Record<string, string>} [attributes] @param {(Node | string)[]} children */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A cell whose text keeps its own direction. @param {string} label @param {string} text @param {string} [kind] */
export function cell(label, text, kind = '') {
  const made = el('td', { 'data-label': label, title: text }, el('bdi', {}, text));
  if (kind !== '') made.className = kind;
  if (text === '') made.classList.add('empty');
  return made;
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes `rows` the children, in this order: one that stays is not moved, so that it keeps the focus. @param {Element} parent @param {Element[]} rows */
export function arrange(parent, rows) {
  const wanted = new Set(rows);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  for (const [i, row] of rows.entries()) {
    const there = parent.children[i];
    if (there !== row) parent.insertBefore(row, there ?? null);
  }
}
