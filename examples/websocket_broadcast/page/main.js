// Brings together the reader, the telemetry, the chart and the table.

import { Chart } from './chart.js';
import { Client } from './client.js';
import { Table, bytes, rate, whole } from './table.js';

const AT_ONCE = 4;
const MOST_CLIENTS = 12;
/** Milliseconds over which rates are taken. */
const RATE_SPAN = 1000;
/** Milliseconds between two updates of the text; and of all, where motion is to be reduced. */
const TEXT_PACE = 250;
const CALM_PACE = 1000;

const element = (id) => document.getElementById(id);
const server = `ws://${location.host}`;
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const client = new Client();
const chart = new Chart(element('chart'));
const table = new Table(element('rows'));
const clients = new Worker('/clients.js');
/** How many clients were opened from here, and their numbers as far as they are known. */
let opened = 0;
const openedNumbers = new Set();
/** Telemetry of the last second: { time, connections }, oldest first; time by the server's clock. */
const recent = [];
/** What to subtract from this page's clock to get the server's, by the sample that came fastest. */
let clockAhead = Infinity;
/** When the server ended, by this page's clock. */
let ended;

// The story in words. It changes with what the reader does, not with every pause, so that it can be
// read aloud.
const STORIES = {
  fast: 'Reading as fast as messages come: the buffer stays all but empty.',
  filling: 'Reading slowly. Kernel and browser take the first few hundred kilobytes; then the line rises.',
  pausing: 'Reading slowly. From the high mark down to the low one, messages for this page are skipped.',
  draining: 'Reading fast again: the line falls.',
  caughtUp: 'Caught up: the buffer is empty, and the gaps are just the messages that the server skipped.',
  gone: 'The server has ended. Start it again and open its new address.',
};
let story = 'fast';
let pausesBefore = 0;

function tellNext(own) {
  const next = {
    fast: () => client.slow && 'filling',
    filling: () => (client.slow ? own.pauses > pausesBefore && 'pausing' : 'fast'),
    pausing: () => !client.slow && 'draining',
    draining: () => (client.slow ? 'filling' : client.missed === own.skipped && 'caughtUp'),
    caughtUp: () => client.slow && 'filling',
  }[story]();
  if (next) tell(next, own);
}

function tell(next, own) {
  if (next === 'filling') pausesBefore = own.pauses;
  story = next;
  element('story').textContent = STORIES[story];
}

function withRates(connections) {
  const [before] = recent;
  const seconds = (recent.at(-1).time - before.time) / 1000 || 1;
  return connections.map((connection) => {
    const then = before.connections.find(({ number }) => number === connection.number) ?? connection;
    return {
      ...connection,
      queuedRate: (connection.queued - then.queued) / seconds,
      writtenRate: (connection.written - then.written) / seconds,
    };
  });
}

function showText() {
  const latest = recent.at(-1);
  if (!latest) return;
  const connections = withRates(latest.connections);
  const own = connections.find(({ number }) => number === client.number);
  table.show(connections, client.number, openedNumbers);
  if (!own) return;
  tellNext(own);
  element('own-size').textContent = bytes(own.size);
  element('own-state').textContent = own.paused ? 'paused' : 'accepting';
  element('own-state').className = own.paused ? 'state paused' : 'state';
  element('own-written').textContent = rate(own.writtenRate);
  element('own-skipped').textContent = whole(own.skipped);
  element('own-missed').textContent = whole(client.missed);
}

/** Shows that nothing goes on any more: totals stay, states and rates do not. */
function showEnd() {
  document.body.classList.add('ended');
  element('own-size').textContent = '–';
  element('own-state').textContent = 'disconnected';
  element('own-state').className = 'state';
  element('own-written').textContent = '–';
  table.end();
}

function watch() {
  const telemetry = new WebSocket(`${server}/telemetry`);
  telemetry.onmessage = ({ data }) => {
    const { time, connections } = JSON.parse(data);
    clockAhead = Math.min(clockAhead, performance.now() - time);
    recent.push({ time, connections });
    while (recent.length > 1 && recent[0].time < time - RATE_SPAN) recent.shift();
    chart.add(time, client.number, connections);
  };
  telemetry.onclose = end;
}

function end() {
  ended ??= performance.now();
  tell('gone');
  showEnd();
  for (const id of ['slow', 'open', 'close']) element(id).disabled = true;
}

function offerClients() {
  element('open').disabled = opened >= MOST_CLIENTS;
  element('close').disabled = opened === 0;
}

clients.onmessage = ({ data: number }) => openedNumbers.add(number);
element('slow').onchange = ({ target }) => { client.slow = target.checked; };
element('open').onclick = () => {
  opened += AT_ONCE;
  clients.postMessage({ server, open: AT_ONCE });
  offerClients();
};
element('close').onclick = () => {
  opened = 0;
  clients.postMessage({ close: true });
  offerClients();
  element('open').focus();
};

watch();
client.run(`${server}/broadcast`).then(end, end);

let [drawn, written] = [0, 0];
requestAnimationFrame(function frame(now) {
  requestAnimationFrame(frame);
  if (!ended && now - written >= (calm.matches ? CALM_PACE : TEXT_PACE)) {
    written = now;
    showText();
  }
  if (now - drawn >= (calm.matches ? CALM_PACE : 0)) {
    drawn = now;
    chart.draw((ended ?? performance.now()) - clockAhead, ended ? 'the end' : 'now');
  }
});
// At once, also where motion is to be reduced.
const drawSoon = () => { drawn = -Infinity; };
new ResizeObserver(drawSoon).observe(element('chart'));
matchMedia('(prefers-color-scheme: dark)').onchange = drawSoon;
element('slow').checked = false;
element('slow').disabled = !Client.supported();
element('story').textContent = Client.supported()
  ? STORIES.fast : 'This browser has no WebSocketStream, so this page cannot be a slow reader.';
offerClients();
