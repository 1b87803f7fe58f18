// One row a connection: the figures that the chart draws, to be read.

export const bytes = (count) => (count < 1024 ? `${count} B` : `${(count / 1024).toFixed(1)} KiB`);
export const rate = (count) => `${(count / 1024).toFixed(0)} KiB/s`;
export const whole = (count) => count.toLocaleString('en');

/** The gauges end this far above the high mark. */
const HEADROOM = 1.2;

export class Table {
  #body;
  #rows = new Map();

  constructor(body) {
    this.#body = body;
  }

  /** Shows the connections, that of this page first; `opened` are those that came from it. */
  show(connections, own, opened) {
    const present = new Set(connections.map(({ number }) => number));
    for (const [number, row] of this.#rows) {
      if (!present.has(number)) {
        row.element.remove();
        this.#rows.delete(number);
      }
    }
    for (const connection of connections) {
      if (!this.#rows.has(connection.number)) {
        const row = makeRow();
        this.#rows.set(connection.number, row);
        this.#body[connection.number === own ? 'prepend' : 'append'](row.element);
      }
      fill(this.#rows.get(connection.number), connection, own, opened);
    }
  }

  /** Shows that all connections are gone; their totals stay. */
  end() {
    for (const row of this.#rows.values()) {
      row.state.textContent = 'disconnected';
      row.state.classList.remove('paused');
      row.filled.style.width = '0';
      for (const figure of [row.size, row.queued, row.written]) figure.textContent = '–';
    }
  }
}

function makeRow() {
  const element = document.createElement('tr');
  const cell = (kind, className, label = '') => {
    const made = document.createElement(kind);
    made.className = className;
    if (label) made.dataset.label = label;
    element.append(made);
    return made;
  };
  const row = { element, name: cell('th', ''), state: cell('td', 'state') };
  row.name.scope = 'row';
  const buffer = cell('td', 'buffer').appendChild(document.createElement('div'));
  const gauge = buffer.appendChild(document.createElement('div'));
  gauge.className = 'gauge';
  row.filled = gauge.appendChild(document.createElement('i'));
  row.low = gauge.appendChild(document.createElement('b'));
  row.high = gauge.appendChild(document.createElement('b'));
  row.size = buffer.appendChild(document.createElement('span'));
  for (const name of ['Queued', 'Written', 'Pauses', 'Skipped']) {
    row[name.toLowerCase()] = cell('td', 'number', name);
  }
  return row;
}

function fill(row, connection, own, opened) {
  const { number, size, low, high, paused } = connection;
  const whose = number === own ? ', this page' : opened.has(number) ? ', opened here' : ', elsewhere';
  row.element.classList.toggle('own', number === own);
  row.name.textContent = `${number}${whose}`;
  row.state.textContent = paused ? 'paused' : 'accepting';
  row.state.classList.toggle('paused', paused);
  const percent = (count) => `${Math.min(100, (100 * count) / (high * HEADROOM))}%`;
  row.filled.style.width = percent(size);
  row.low.style.left = percent(low);
  row.high.style.left = percent(high);
  row.size.textContent = bytes(size);
  row.queued.textContent = rate(connection.queuedRate);
  row.written.textContent = rate(connection.writtenRate);
  row.pauses.textContent = whole(connection.pauses);
  row.skipped.textContent = whole(connection.skipped);
}
