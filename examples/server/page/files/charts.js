// SPDX-License-Identifier: Apache-2.0
// Charts: bars and a line, as SVG whose text stands beside it, so that it has the page's size on every screen.
import {element, svg} from './dom.js';
import * as format from './format.js';
import {quantile} from './history.js';

const kWidth = 100;
const kHeight = 40;
const kFewestBars = 16;
const kFewestSizes = 6;

/**
 * `bars`: [{label, count}]; `labels`: of the axis, at its ends and between them, or one for each bar; `description` is
 * what a screen reader says.
 */
function bar_chart(bars, labels, description) {
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const step = kWidth / bars.length;
  const shapes = bars.map((bar, i) => {
    // What is there at all is seen.
    const height = bar.count === 0 ? 0.4 : Math.max(1.5, bar.count / most * kHeight);
    const shape = svg('rect', {
      class: bar.count === 0 ? 'empty' : 'bar', x: i * step + step * 0.08, width: step * 0.84,
      y: kHeight - height, height,
    }, svg('title', {}, `${bar.label}: ${format.count(bar.count)}`));
    return shape;
  });
  return element('div', {class: 'chart'},
    svg('svg', {viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': description},
      ...shapes),
    element('div', {class: labels.length === bars.length ? 'axis each' : 'axis', 'aria-hidden': 'true'}, ...labels.map((label) => element('span', {}, label))));
}

/** As gantry::Histogram::upper_bound_of: four buckets an octave. */
function bound_of(bucket) {
  return bucket < 4 ? bucket : (4 + bucket % 4 + 1) * 2 ** (Math.floor(bucket / 4) - 1) - 1;
}

function bucket_of(bound) {
  if (bound < 4) return bound;
  const octave = Math.floor(Math.log2(bound));
  return (octave - 1) * 4 + Math.floor(bound / 2 ** (octave - 2)) % 4;
}

/** Durations on a logarithmic axis. */
export function latency_chart(histogram) {
  const found = histogram.buckets.map(([bound, n]) => [bucket_of(bound), n]);
  let first = found.at(0)[0] - 1;
  let last = found.at(-1)[0] + 1;
  const missing = Math.max(0, kFewestBars - (last - first + 1));
  first = Math.max(0, first - Math.floor(missing / 2));
  last = Math.max(last + Math.ceil(missing / 2), first + kFewestBars - 1);
  const counts = new Map(found);
  const bars = [];
  for (let bucket = first; bucket <= last; ++bucket)
    bars.push({label: `up to ${format.duration(bound_of(bucket))}`, count: counts.get(bucket) ?? 0});
  const labels = [first, (first + last) >> 1, last].map((bucket) => format.duration(bound_of(bucket)));
  return bar_chart(bars, labels, `Histogram of ${format.count(histogram.count)} durations: half within ` +
    `${format.duration(quantile(histogram, 0.5))}, 99 % within ${format.duration(quantile(histogram, 0.99))}`);
}

function size_label(i) {
  return i === 0 ? '1' : `${2 ** i}–${2 ** (i + 1) - 1}`;
}

/** `sizes`: engine calls with 1, 2 to 3, 4 to 7, ... samples. */
export function batch_chart(used) {
  const sizes = [...used, ...Array(Math.max(0, kFewestSizes - used.length)).fill(0)];
  const bars = sizes.map((n, i) => ({label: `${size_label(i)} samples`, count: n}));
  const calls = sizes.reduce((all, n) => all + n, 0);
  const text = bars.filter((bar) => bar.count > 0).map((bar) => `${format.count(bar.count)} of ${bar.label}`).join(', ');
  return bar_chart(bars, sizes.map((_, i) => size_label(i)), `${format.count(calls)} engine calls: ${text}`);
}

export function line_chart(values, description) {
  const most = Math.max(1e-9, ...values);
  const step = values.length > 1 ? kWidth / (values.length - 1) : 0;
  const points = values.map((value, i) => `${(i * step).toFixed(2)},${(38 - value / most * 36).toFixed(2)}`);
  return svg('svg', {class: 'line', viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none', role: 'img',
    'aria-label': description},
    svg('polygon', {class: 'below', points: `0,40 ${points.join(' ')} ${kWidth},40`}),
    svg('polyline', {points: points.join(' ')}));
}

/** A share of 0..1. */
export function meter(share, description) {
  const width = Math.min(1, Math.max(0, share)) * kWidth;
  return svg('svg', {class: share > 0.9 ? 'meter full' : 'meter', viewBox: '0 0 100 4', preserveAspectRatio: 'none',
    role: 'img', 'aria-label': description},
    svg('rect', {class: 'track', width: kWidth, height: 4}), svg('rect', {class: 'value', width, height: 4}));
}
