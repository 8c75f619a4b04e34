// The page: what the feed tells goes into the store, and what is in the store is drawn, at most once in a frame.
import { order } from './api.js';
import { byId, setText } from './dom.js';
import { Feed } from './feed.js';
import { Figures } from './figures.js';
import { clock } from './format.js';
import { listenToKeys } from './keys.js';
import { Ladder } from './ladder.js';
import { Operation } from './operation.js';
import { Plots } from './plots.js';
import { Sessions } from './sessions.js';
import { Store } from './store.js';
import { Transactions } from './transactions.js';

const store = new Store();
const pauseButton = byId('pause', HTMLButtonElement);
const notice = byId('notice', HTMLElement);
const place = byId('state', HTMLElement);
let paused = false;
let drawing = false;
let connected = 'connecting';
let mayChange = false;
/** Which server speaks; undefined before one has. @type {{ pid: number, started: number } | undefined} */
let server;

const endSession = async (/** @type {string} */ id) => {
  const { ok, text } = await order(`sessions/${encodeURIComponent(id)}/close`);
  say(ok ? `Session ${id} was ended with 421.` : text, ok);
};
const ladder = new Ladder((id) => void endSession(id));
const sessions = new Sessions(
  store,
  (id) => ladder.open(id, mayChange),
  (id) => void endSession(id),
);
const transactions = new Transactions(store, () => draw());
const figures = new Figures();
const plots = new Plots((id) => byId(id, HTMLElement));
const operation = new Operation(() => feed.start());

/** @type {number | undefined} */
let passing;
/** @param {string} text '' takes it away @param {boolean} [passes] it goes by itself */
function say(text, passes = false) {
  clearTimeout(passing);
  setText(notice, text);
  notice.hidden = text === '';
  if (passes) passing = setTimeout(() => say(''), 6000);
}

function showState() {
  place.dataset.state = connected === 'live' ? (paused ? 'paused' : 'live') : connected;
  setText(
    place,
    connected === 'live' ? (paused ? 'paused' : 'live') : connected === 'lost' ? 'no connection' : connected,
  );
}

/** Draws soon, all that has changed until then at once. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (paused) return;
    const { seconds, total } = store;
    figures.render(seconds, total);
    plots.render(seconds);
    sessions.render();
    transactions.render();
  });
}

/** @param {boolean} on */
function pause(on) {
  paused = on;
  transactions.paused = on;
  transactions.again();
  pauseButton.setAttribute('aria-pressed', String(on));
  setText(pauseButton, on ? 'Go on' : 'Pause');
  showState();
  draw();
}

/** @param {{ version: string, pid: number, started: number, may_change: boolean }} hello */
async function greet(hello) {
  setText(byId('version', HTMLElement), hello.version);
  document.title = `smtpe ${hello.version} at ${location.host}`;
  const other =
    server !== undefined && (server.pid !== hello.pid || Math.abs(server.started - hello.started) > 5000);
  server = hello;
  say(other ? `The server was started again at ${clock(hello.started)}.` : '', other);
  if (mayChange !== hello.may_change) sessions.forget();
  mayChange = hello.may_change;
  sessions.mayChange = mayChange;
  operation.may(mayChange);
  await store.refresh();
  transactions.again();
  draw();
}

/** @type {Record<string, (data: any) => void>} */
const events = {
  hello: (hello) => void greet(hello),
  rates: ({ seconds }) => store.takeSeconds(seconds),
  transactions: ({ left_out, transactions: rows }) => transactions.came(store.takeMails(rows, left_out)),
  sessions: (news) => store.takeSessions(news),
  lost: ({ events: count }) => {
    say(`The page was too slow for ${count} updates; all is read anew.`, true);
    void store.refresh().then(() => {
      transactions.again();
      draw();
    });
  },
};

const feed = new Feed(
  (name, data) => {
    events[name]?.(data);
    draw();
  },
  (state) => {
    connected = state.kind;
    showState();
    if (state.kind === 'lost')
      say(
        `No connection: ${state.text}. Trying again; what is shown is from ${clock(Date.now())} and before.`,
      );
    if (state.kind === 'locked') {
      say('This server shows its data to those who have its token.');
      operation.may(false);
      operation.toggle(true);
    }
  },
);

const themeButton = byId('theme', HTMLButtonElement);
const showTheme = () =>
  setText(themeButton, document.documentElement.dataset.theme === 'dark' ? 'Light' : 'Dark');
addEventListener('theme', showTheme);
showTheme();
const switchTheme = () => dispatchEvent(new Event('switch-theme'));
themeButton.onclick = switchTheme;
pauseButton.onclick = () => pause(!paused);

listenToKeys([
  { key: 'p', text: 'pause, and go on', act: () => pause(!paused) },
  { key: '/', text: 'search transactions', act: () => transactions.focusSearch() },
  { key: 't', text: 'token and orders', act: () => operation.toggle() },
  { key: 'd', text: 'dark or light', act: switchTheme },
  {
    key: 'Esc',
    text: 'back to what happens',
    act: () => {
      if (operation.isOpen) operation.toggle(false);
      else if (transactions.isReading) transactions.release();
      else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    },
  },
]);
feed.start();
