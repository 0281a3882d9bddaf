// Lines over time, on uPlot: colours of the theme, a label for who cannot see it, marks, and points that can be clicked.

import uPlot from '../vendor/uPlot.esm.js';
import { h } from './dom.js';
import { clock, rate } from './format.js';

const KEEPS = 900;

/**
 * A chart within `root`. `series`: `[{ label, colour, unit }]`, the colour as a property such as `--c1`; `onPoint` is told
 * `{ x, index, series, value, values }` of a point that was clicked. `set` takes seconds since 1970 and a list of values
 * for each series; `push` one more of each; `mark` draws a line with a word at a time.
 */
export function lineChart(root, { series, height = 180, onPoint, label, legend = series.length > 1, min = 0 }) {
  const place = h('div', { class: 'chart', role: 'img', 'aria-label': label ?? series.map((one) => one.label).join(', ') });
  root.append(place);
  let data = [[], ...series.map(() => [])];
  const marks = [];
  const unit = series[0]?.unit ?? '';
  const options = {
    width: Math.max(place.clientWidth, 120),
    height,
    legend: { show: legend, live: true },
    cursor: { points: { size: 8 }, drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_, low, high) => [Math.min(min, low ?? 0), (high ?? 1) > min ? high * 1.1 : min + 1] } },
    axes: [axis({ space: 80, values: (_, ticks) => ticks.map((tick) => clock(tick * 1_000)) }),
      axis({ size: 46 + 9 * unit.length, values: (_, ticks) => ticks.map((tick) => short(tick) + unit) })],
    series: [{ label: 'at', value: (_, at) => (at === null ? '–' : clock(at * 1_000)) },
      ...series.map((one) => ({
        label: one.label,
        stroke: () => colour(one.colour ?? '--c1'),
        width: 2,
        points: { show: Boolean(onPoint), size: 5 },
        value: (_, value) => (value === null || value === undefined ? '–' : rate(value) + (one.unit ?? '')),
      }))],
    hooks: { draw: [(plot) => marks.forEach((mark) => drawMark(plot, mark))] },
  };
  const plot = new uPlot(options, data, place);
  if (onPoint) plot.over.addEventListener('click', () => click(plot, data, series, onPoint));
  const watcher = new ResizeObserver(() => place.clientWidth > 0 && plot.setSize({ width: place.clientWidth, height }));
  watcher.observe(place);
  const repaint = () => plot.redraw(false, true);
  document.addEventListener('theme', repaint);
  return {
    set(xs, ...ys) {
      data = [xs, ...ys];
      plot.setData(data);
      describe(place, label, series, data);
    },
    push(x, ...ys) {
      const grown = [[...data[0], x], ...ys.map((value, index) => [...data[index + 1], value])];
      this.set(...grown.map((list) => list.slice(-KEEPS)));
    },
    mark(x, text) {
      marks.push({ x, text });
      plot.redraw(false);
    },
    destroy() {
      document.removeEventListener('theme', repaint);
      watcher.disconnect();
      plot.destroy();
      place.remove();
    },
  };
}

/** What a property of the theme is right now. */
export function colour(name) {
  const property = name.startsWith('var(') ? name.slice(4, -1) : name;
  return property.startsWith('--') ? getComputedStyle(document.documentElement).getPropertyValue(property).trim() : property;
}

function axis(more) {
  return {
    stroke: () => colour('--dim'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { stroke: () => colour('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
    ...more,
  };
}

function short(number) {
  return Math.abs(number) >= 1_000 ? `${Number((number / 1_000).toPrecision(3))}k` : String(Number(number.toPrecision(3)));
}

function drawMark(plot, { x, text }) {
  const left = plot.valToPos(x, 'x', true);
  const { left: from, top, width, height } = plot.bbox;
  if (!(left >= from && left <= from + width)) return;
  const pen = plot.ctx;
  pen.save();
  pen.strokeStyle = colour('--warn');
  pen.fillStyle = colour('--ink');
  pen.setLineDash([4, 4]);
  pen.beginPath();
  pen.moveTo(left, top);
  pen.lineTo(left, top + height);
  pen.stroke();
  pen.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  const isFar = left > from + width * 0.8;
  pen.textAlign = isFar ? 'right' : 'left';
  pen.fillText(text, left + (isFar ? -6 : 6), top + 14 * devicePixelRatio);
  pen.restore();
}

/** The point that is nearest to the cursor, of the series whose line is nearest to it. */
function click(plot, data, series, onPoint) {
  const index = plot.cursor.idx;
  if (index === null || index === undefined) return;
  const values = data.slice(1).map((list) => list[index]);
  const distance = (value) => (value === null || value === undefined ? Infinity : Math.abs(plot.valToPos(value, 'y') - plot.cursor.top));
  const nearest = values.reduce((best, value, at) => (distance(value) < distance(values[best]) ? at : best), 0);
  onPoint({ x: data[0][index], index, series: series[nearest], value: values[nearest], values });
}

function describe(place, label, series, data) {
  const newest = series.map((one, index) => `${one.label} ${rate(data[index + 1].at(-1) ?? NaN)}${one.unit ?? ''}`);
  place.setAttribute('aria-label', `${label ? `${label}: ` : ''}${newest.join(', ')}`);
}
