// SPDX-License-Identifier: Apache-2.0
// The row of tiles: requests, latency, queue, errors, CPU, memory.
import {line_chart, meter} from './charts.js';
import {element} from './dom.js';
import * as format from './format.js';
import {counts_difference, difference, quantile, sum, total} from './history.js';

function tile(title, value, notes, chart = null) {
  return element('div', {class: 'tile'}, element('h3', {}, title), element('p', {class: 'value'}, value), chart,
    ...notes.filter((note) => note !== '').map((note) => element('p', {class: 'quiet'}, note)));
}

function key_of(model) {
  return `${model.name}/${model.version}`;
}

function requests_tile(history, now, then, seconds) {
  const done = now.requests - (then?.requests ?? 0);
  const rates = history.rates();
  return tile('Requests', `${format.rate(seconds > 0 ? done / seconds : 0)} /s`,
    [`${format.count(done)} in this time, ${format.count(now.requests)} since the start`],
    rates.length > 1 ? line_chart(rates, `Requests per second, now ${format.rate(rates.at(-1))}`) : null);
}

function latency_tile(status, older) {
  const before = new Map((older?.models ?? []).map((model) => [key_of(model), model]));
  const time = sum(status.models.map((model) => difference(model.time, before.get(key_of(model))?.time)));
  if (time.count === 0) return tile('Latency', '–', ['no request was answered in this time']);
  return tile('Latency', format.duration(quantile(time, 0.5)), [
    `half of the answers come within it; 95 % within ${format.duration(quantile(time, 0.95))}, ` +
    `99 % within ${format.duration(quantile(time, 0.99))}`]);
}

function queue_tile(now, then) {
  const age = difference(now.queue_age, then?.queue_age);
  return tile('In flight', `${format.count(now.in_flight)}`, [
    `of ${format.count(now.max_in_flight)} at most; ${format.count(now.queued)} of them wait for a worker`,
    age.count > 0 ? `99 % began within ${format.duration(quantile(age, 0.99))}` : '']);
}

function failures_tile(status, older) {
  const before = new Map((older?.models ?? []).map((model) => [key_of(model), model]));
  const errors = {};
  for (const model of status.models)
    for (const [code, n] of Object.entries(counts_difference(model.errors, before.get(key_of(model))?.errors)))
      errors[code] = (errors[code] ?? 0) + n;
  const rejects = counts_difference(status.runtime.rejects, older?.runtime.rejects);
  const misses = status.runtime.deadline_misses - (older?.runtime.deadline_misses ?? 0);
  return tile('Errors', format.count(total(errors)), [
    format.reasons(errors),
    total(rejects) > 0 ? `refused: ${format.reasons(rejects)}` : 'none was refused',
    misses > 0 ? `${format.count(misses)} missed their deadline` : '']);
}

function cpu_tile(now, then) {
  const periods = now.cpu_periods - (then?.cpu_periods ?? 0);
  const throttled = now.cpu_throttled_periods - (then?.cpu_throttled_periods ?? 0);
  const stopped = now.cpu_throttled_ns - (then?.cpu_throttled_ns ?? 0);
  const text = now.cpu_periods === 0 ? 'no quota, so never throttled' : throttled === 0 ? 'not throttled' :
    `throttled in ${format.percent(throttled / periods)} of the periods, for ${format.duration(stopped)}`;
  return tile('CPU', now.workers === 1 ? '1 worker' : `${now.workers} workers`, [
    now.workers < now.max_workers ? `of ${now.max_workers}: the budget is reduced` : '', now.budget, text]);
}

function memory_tile(status) {
  const {memory_usage_bytes: used, memory_limit_bytes: limit} = status.runtime;
  const weights = status.engines.reduce((all, engine) => all + engine.memory.weights_bytes, 0);
  const share = limit > 0 ? used / limit : 0;
  return tile('Memory', format.bytes(used), [
    limit > 0 ? `${format.percent(share)} of the limit, ${format.bytes(limit)}` : 'no limit is known',
    `${format.bytes(weights)} are weights`],
    limit > 0 ? meter(share, `${format.percent(share)} of the memory limit`) : null);
}

/** `before`: the point of `history` with which the period begins, or null. */
export function show_overview(parent, history, before) {
  const {status} = history.points.at(-1);
  const older = before?.status;
  parent.replaceChildren(
    requests_tile(history, status.runtime, older?.runtime, history.length(before)), latency_tile(status, older),
    queue_tile(status.runtime, older?.runtime), failures_tile(status, older),
    cpu_tile(status.runtime, older?.runtime), memory_tile(status));
}
