// Requests to the server, with the token where there is one. It is kept for this tab and this visit.

const KEY = 'smtpe-token';

export const token = () => sessionStorage.getItem(KEY) ?? '';

/** @param {string} text '' forgets it */
export function setToken(text) {
  if (text === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, text);
}

/** @param {string} path @param {RequestInit} [init] */
export function ask(path, init = {}) {
  const given = token();
  const headers = new Headers(given === '' ? [] : [['Authorization', `Bearer ${given}`]]);
  return fetch(path, { cache: 'no-store', ...init, headers });
}

/** What is wrong with an answer, as the server says it. @param {Response} response */
export async function problemOf(response) {
  try {
    const { error, problems = [] } = await response.json();
    return [error, ...problems].join('\n');
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

/** Data, or undefined when there are none now: the feed says why. @param {string} path */
export async function read(path) {
  try {
    const response = await ask(path);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} path @param {object} [body] @returns {Promise<{ ok: boolean, text: string, data?: Record<string, any> }>} */
export async function order(path, body) {
  try {
    const response = await ask(path, { method: 'POST', ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) return { ok: false, text: await problemOf(response) };
    return { ok: true, text: '', data: await response.json() };
  } catch {
    return { ok: false, text: 'the server does not answer' };
  }
}
