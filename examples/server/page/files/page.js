// SPDX-License-Identifier: Apache-2.0
// The page: asks for v2/status every two seconds while it is seen, and shows it.
import {by_id, set_text} from './dom.js';
import * as format from './format.js';
import {History} from './history.js';
import {show_models} from './models.js';
import {show_overview} from './overview.js';
import {show_choices, start_form} from './try.js';

const kInterval = 2000;
const kTimeout = 10_000;

const history = new History();
const plans = new Map();
let planned = '';  // the models whose plans are known
let last_answer = null;

async function fetch_status(with_plans) {
  const response = await fetch(with_plans ? 'v2/status?plans=true' : 'v2/status',
    {cache: 'no-store', signal: AbortSignal.timeout(kTimeout)});
  if (!response.ok) throw new Error(`it answers with status ${response.status}`);
  return response.json();
}

function key_of(model) {
  return JSON.stringify([model.name, model.version]);
}

/** Plans do not change while a model is loaded, so they are asked for when there are other models. */
async function status_with_plans() {
  const models_of = (status) => status.models.map((model) => `${key_of(model)} ${model.state}`).join();
  const last = history.points.at(-1)?.status.server.uptime_ms ?? Infinity;
  let status = await fetch_status(false);
  if (models_of(status) !== planned || status.server.uptime_ms < last) {
    status = await fetch_status(true);
    plans.clear();
    for (const model of status.models) plans.set(key_of(model), model.plan);
    planned = models_of(status);
  }
  for (const model of status.models) model.plan = plans.get(key_of(model));
  return status;
}

function show() {
  if (history.points.length === 0) return;
  const {status} = history.points.at(-1);
  const {server} = status;
  const period = by_id('period').value;
  const before = history.before(period === 'start' ? period : Number(period));
  const length = history.length(before);
  const is_short = before !== null && length < Number(period) - 5;
  set_text(by_id('period-note'), is_short ? `so far ${format.age(length * 1000)}` : '');
  set_text(by_id('version'), server.version);
  set_text(by_id('uptime'), `serves for ${format.age(server.uptime_ms)}`);
  set_text(by_id('state'), server.ready ? 'ready' : `not ready: ${server.reasons.join('; ')}`);
  by_id('state').className = server.ready ? 'badge good' : 'badge bad';
  show_overview(by_id('overview'), history, before);
  show_models(status, before?.status);
  show_choices(status);
}

function show_trouble(error) {
  const reason = error.name === 'TimeoutError' ? 'it takes too long' : error.message;
  const shown = last_answer ? ` What is shown is of ${last_answer.toLocaleTimeString()}.` : '';
  set_text(by_id('trouble'), `The server does not answer (${reason}). The page tries again every two seconds.${shown}`);
  by_id('trouble').hidden = false;
  by_id('state').className = 'badge bad';
  set_text(by_id('state'), 'no answer');
  document.body.classList.add('stale');
}

async function refresh() {
  try {
    history.add(await status_with_plans());
  } catch (error) {
    return show_trouble(error);
  }
  last_answer = new Date();
  by_id('trouble').hidden = true;
  set_text(by_id('trouble'), '');
  document.body.classList.remove('stale');
  show();
}

function until_seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener('visibilitychange', resolve, {once: true}));
}

async function run() {
  for (;;) {
    await until_seen();
    await refresh();
    await new Promise((resolve) => setTimeout(resolve, kInterval));
  }
}

start_form();
by_id('period').addEventListener('change', show);
run();
