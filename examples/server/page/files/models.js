// SPDX-License-Identifier: Apache-2.0
// The cards of the models, and those of the engines that compute them.
import {batch_chart, latency_chart} from './charts.js';
import {by_id, element, keep_children, set_text} from './dom.js';
import * as format from './format.js';
import {counts_difference, difference, quantile, total} from './history.js';

function tensors_text(tensors) {
  return tensors.map((one) => `${one.name}: ${one.datatype} [${one.shape.map((n) => n < 0 ? 'any' : n).join(', ')}]`)
    .join('; ');
}

function figures(pairs) {
  return element('dl', {class: 'figures'}, ...pairs.filter(([, value]) => value !== '').map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

/** p50, p95, p99 and the chart of them, if there is something to show. */
function latency(histogram) {
  if (histogram.count === 0) return [];
  return [
    figures([['half within', format.duration(quantile(histogram, 0.5))],
      ['95 % within', format.duration(quantile(histogram, 0.95))],
      ['99 % within', format.duration(quantile(histogram, 0.99))]]),
    latency_chart(histogram)];
}

/** What a card is before its first update: a title, a badge, a place for what changes, and what can be unfolded. */
function card(title, unfolded) {
  const badge = element('span', {class: 'badge'});
  const live = element('div', {class: 'live'});
  const folded = unfolded.map(([summary, content]) => element('details', {}, element('summary', {}, summary), content));
  const node = element('article', {class: 'card'}, element('h3', {}, ...title, ' ', badge), live,
    folded.length > 0 ? element('div', {class: 'folded'}, ...folded) : null);
  return {node, badge, live, folded};
}

function set_badge(badge, is_good, text) {
  badge.className = is_good ? 'badge good' : 'badge bad';
  set_text(badge, text);
}

function stages_table(stages) {
  const rows = stages.map((stage) => element('tr', {},
    element('td', {}, stage.path), element('td', {}, stage.name),
    element('td', {class: 'number'}, format.count(stage.samples)),
    element('td', {class: 'number'}, format.count(stage.errors)),
    element('td', {class: 'number'}, stage.fused_into ? `in ${stage.fused_into}` : format.duration(stage.sum_ns))));
  return element('table', {}, element('thead', {}, element('tr', {},
    ...['Stage', 'Op'].map((name) => element('th', {scope: 'col'}, name)),
    ...['Samples', 'Errors', 'Time'].map((name) => element('th', {scope: 'col', class: 'number'}, name)))), element('tbody', {}, ...rows));
}

function model_facts(model) {
  const list = [['takes', tensors_text(model.inputs)], ['gives', tensors_text(model.outputs)],
    ['golden cases', model.golden_cases > 0 ? `${model.golden_cases} gave Python's answers at the start` :
      model.golden_cases_remembered > 0 ? `${model.golden_cases_remembered} passed when it was first opened` : 'none']];
  for (const one of model.engines) {
    list.push([model.engines.length > 1 ? one.model : 'engine', `${one.engine}; ${one.merging}`]);
    for (const skipped of one.skipped) list.push(['skipped', skipped]);
  }
  return element('dl', {class: 'facts'}, ...list.flatMap(([name, text]) =>
    [element('dt', {}, name), element('dd', {}, text)]));
}

function model_card(first) {
  const facts = element('div');
  const stages = element('div', {class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'stages'});
  const plan = element('pre', {class: 'plan', tabindex: '0', 'aria-label': 'plan'});
  const version = element('span', {class: 'quiet'}, `version ${first.version}`);
  const {node, badge, live, folded} = card([first.name, ' ', version],
    [['Interface and engines', facts], ['Stages, since the start', stages], ['Plan', plan]]);
  const update = ({older, ...model}) => {
    const is_ready = model.state === 'READY';
    set_badge(badge, is_ready, is_ready ? (model.is_default ? 'ready, default' : 'ready') : model.state.toLowerCase());
    folded[0].parentNode.hidden = !is_ready;
    if (!is_ready) return live.replaceChildren(element('p', {class: 'trouble'}, model.reason || 'No reason is known.'));
    const errors = counts_difference(model.errors, older?.errors);
    const requests = (model.requests ?? 0) - (older?.requests ?? 0);
    live.replaceChildren(
      element('p', {class: 'quiet'}, requests === 0 ? 'no request in this time' :
        `${format.count(requests)} ${requests === 1 ? 'request' : 'requests'}, ` +
        (total(errors) > 0 ? `failed: ${format.reasons(errors)}` : 'none failed')),
      ...latency(difference(model.time, older?.time)));
    if (model.plan !== undefined) {
      set_text(plan, model.plan);
      facts.replaceChildren(model_facts(model));
    }
    if (folded[1].open || !stages.firstChild) stages.replaceChildren(stages_table(model.stages ?? []));
  };
  return {node, update};
}

function engine_card(first) {
  const {node, badge, live} = card([first.name], []);
  const update = ({older, ...engine}) => {
    set_badge(badge, engine.ready, engine.ready ? 'ready' : 'failed');
    const sizes = engine.batch_sizes.map((n, i) => n - (older?.batch_sizes[i] ?? 0));
    const calls = sizes.reduce((all, n) => all + n, 0);
    const samples = engine.samples - (older?.samples ?? 0);
    const compute = difference(engine.compute, older?.compute);
    const rejects = counts_difference(engine.rejects, older?.rejects);
    live.replaceChildren(
      element('p', {class: 'quiet'}, engine.engine),
      ...engine.reasons.map((reason) => element('p', {class: 'trouble'}, reason)),
      figures([
        ['running', `${engine.running} of ${engine.instances}`], ['waiting', format.count(engine.waiting)],
        ['largest batch', format.count(engine.max_merged)],
        ['weights', engine.memory.weights_bytes > 0 ? format.bytes(engine.memory.weights_bytes) : '']]),
      ...(calls === 0 ? [element('p', {class: 'quiet'}, 'No engine call in this time.')] : [
        element('h4', {}, `${format.count(calls)} calls by batch size; ${format.count(samples)} samples, ` +
          `half of the calls within ${format.duration(quantile(compute, 0.5))}`),
        batch_chart(sizes)]),
      ...(total(rejects) > 0 ? [element('p', {class: 'quiet'}, `refused: ${format.reasons(rejects)}`)] : []));
  };
  return {node, update};
}

/** `status` and `older`, of the time with which the period begins; undefined: the start. */
export function show_models(status, older) {
  const with_older = (list, others, key_of) => {
    const before = new Map((others ?? []).map((one) => [key_of(one), one]));
    return list.map((one) => ({...one, older: before.get(key_of(one))}));
  };
  const model_key = (model) => JSON.stringify([model.name, model.version]);
  by_id('no-models').hidden = status.models.length > 0;
  keep_children(by_id('models'), with_older(status.models, older?.models, model_key), model_key, model_card);
  const engine_key = (engine) => engine.name;
  by_id('no-engines').hidden = status.engines.length > 0;
  keep_children(by_id('engines'), with_older(status.engines, older?.engines, engine_key), engine_key, engine_card);
}
