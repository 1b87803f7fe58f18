// The buffer sizes of the last seconds as lines, with both marks and a scale in KiB.

/** Milliseconds shown. */
const SPAN = 30_000;
/** The least height of the scale, in high marks. */
const HEADROOM = 1.2;
const MARGIN = { top: 14, right: 14, bottom: 26, left: 44 };
/** Bytes between two values of the scale; as many as leave them apart. */
const STEPS = [16, 32, 64, 128, 256, 512, 1024].map((step) => step * 1024);
const MOST_VALUES = 6;

export class Chart {
  #canvas;
  /** The number of the connection that stands out. */
  #own;
  /** Of each connection by its number: { time, size, paused }, oldest first. */
  #lines = new Map();
  #marks = { low: 0, high: 0 };
  /** The size at the upper edge. */
  #top = 1;

  constructor(canvas) {
    this.#canvas = canvas;
  }

  add(time, own, connections) {
    this.#own = own;
    for (const { number, size, paused, low, high } of connections) {
      if (!this.#lines.has(number)) this.#lines.set(number, []);
      this.#lines.get(number).push({ time, size, paused });
      if (number === own) this.#marks = { low, high };
    }
    this.#top = this.#marks.high * HEADROOM || 1;
    for (const [number, points] of this.#lines) {
      // One point beyond the left edge stays, for the line that leads out of it.
      while (points.length > 0 && (points[1] ?? points[0]).time < time - SPAN) points.shift();
      if (points.length === 0) this.#lines.delete(number);
      for (const { size } of points) this.#top = Math.max(this.#top, size);
    }
  }

  /** Draws the seconds before `now`, which `name` calls by its name. */
  draw(now, name) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const pen = this.#sharpPen(width, height);
    pen.clearRect(0, 0, width, height);
    const own = this.#lines.get(this.#own);
    if (!own) return;

    const style = getComputedStyle(this.#canvas);
    const [left, right] = [MARGIN.left, width - MARGIN.right];
    const [top, bottom] = [MARGIN.top, height - MARGIN.bottom];
    const plot = {
      pen, left, right, top, bottom, name,
      color: (name) => style.getPropertyValue(`--${name}`),
      x: (time) => right - ((now - time) / SPAN) * (right - left),
      y: (size) => bottom - (size / this.#top) * (bottom - top),
    };
    pen.font = `12px ${style.fontFamily}`;
    drawScale(plot, this.#top);
    drawAxis(plot);
    pen.save();
    pen.beginPath();
    pen.rect(left, 0, right - left, height);
    pen.clip();
    for (const { paused, points } of runs(own)) (paused ? drawStrip : drawArea)(plot, points);
    for (const [number, points] of this.#lines) {
      if (number !== this.#own) drawLine(plot, points, 'other', 1.25);
    }
    for (const { paused, points } of runs(own)) {
      drawLine(plot, points, paused ? 'paused' : 'own', 2.25);
    }
    pen.restore();
    drawHead(plot, own.at(-1));
    drawMark(plot, this.#marks.low, 'low');
    drawMark(plot, this.#marks.high, 'high');
  }

  /** A pen in CSS pixels on a canvas that has as many pixels as the screen. */
  #sharpPen(width, height) {
    const scale = window.devicePixelRatio;
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    if (this.#canvas.width !== size.width || this.#canvas.height !== size.height) {
      Object.assign(this.#canvas, size);
    }
    const pen = this.#canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.lineJoin = 'round';
    return pen;
  }
}

/** Cuts a line where it pauses and resumes; each run begins with the last point of the one before. */
function* runs(points) {
  for (let start = 0; start < points.length;) {
    const { paused } = points[start];
    let end = start + 1;
    while (end < points.length && points[end].paused === paused) end += 1;
    yield { paused, points: points.slice(Math.max(0, start - 1), end) };
    start = end;
  }
}

/** Writes the sizes beside the left edge, with a faint rule for each. */
function drawScale({ pen, color, y, left, right }, top) {
  const step = STEPS.find((step) => top / step < MOST_VALUES) ?? STEPS.at(-1);
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  for (let size = 0; size <= top; size += step) {
    pen.fillStyle = color('muted');
    pen.fillText(`${size / 1024}`, left - 8, y(size));
    pen.fillStyle = color('edge');
    if (size > 0) pen.fillRect(left, Math.round(y(size)), right - left, 1);
  }
}

function drawAxis({ pen, color, left, right, top, bottom, name }) {
  rule(pen, left, right, bottom, color('edge'));
  pen.fillStyle = color('muted');
  pen.textBaseline = 'top';
  pen.textAlign = 'left';
  pen.fillText('30 s', left, bottom + 7);
  pen.textAlign = 'center';
  for (const seconds of [20, 10]) {
    const at = right - ((seconds * 1000) / SPAN) * (right - left);
    pen.fillText(`${seconds} s`, at, bottom + 7);
    pen.fillStyle = color('edge');
    pen.fillRect(Math.round(at), top, 1, bottom - top);
    pen.fillStyle = color('muted');
  }
  pen.textAlign = 'right';
  pen.fillText(name, right, bottom + 7);
}

function drawMark({ pen, color, y, left, right }, size, name) {
  pen.setLineDash([5, 4]);
  rule(pen, left, right, y(size), color('muted'));
  pen.setLineDash([]);
  pen.fillStyle = color('text');
  pen.textAlign = 'left';
  pen.textBaseline = 'bottom';
  // A rim in the colour of the ground keeps the words apart from the lines behind them.
  pen.strokeStyle = color('surface');
  pen.lineWidth = 3;
  const words = [`${name} mark, ${size / 1024} KiB`, left + 2, y(size) - 3];
  pen.strokeText(...words);
  pen.fillText(...words);
}

function rule(pen, left, right, height, style) {
  pen.strokeStyle = style;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(left, Math.round(height) + 0.5);
  pen.lineTo(right, Math.round(height) + 0.5);
  pen.stroke();
}

/** Shades a pause over the whole height. */
function drawStrip({ pen, color, x, top, bottom }, points) {
  const [from, until] = [x(points[0].time), x(points.at(-1).time)];
  pen.fillStyle = color('strip');
  pen.fillRect(from, top, until - from, bottom - top);
}

function drawLine({ pen, color, x, y }, points, name, width) {
  pen.strokeStyle = color(name);
  pen.lineWidth = width;
  pen.beginPath();
  for (const { time, size } of points) pen.lineTo(x(time), y(size));
  pen.stroke();
}

/** Marks the newest point. */
function drawHead({ pen, color, x, y }, { time, size, paused }) {
  pen.fillStyle = color(paused ? 'paused' : 'own');
  pen.beginPath();
  pen.arc(x(time), y(size), 4, 0, 2 * Math.PI);
  pen.fill();
}

/** Shades what is below a line. */
function drawArea({ pen, color, x, y, bottom }, points) {
  pen.fillStyle = color('under');
  pen.beginPath();
  pen.moveTo(x(points[0].time), bottom);
  for (const { time, size } of points) pen.lineTo(x(time), y(size));
  pen.lineTo(x(points.at(-1).time), bottom);
  pen.fill();
}
