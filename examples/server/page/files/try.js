// SPDX-License-Identifier: Apache-2.0
// The form: a model, what it gets, and its answer.
import {answer_nodes} from './answer.js';
import {by_id, element, keep_children, set_text} from './dom.js';
import * as format from './format.js';
import {load_picture} from './picture.js';

const kMostExampleValues = 256;

let models = [];  // those that are ready

function key_of(model) {
  return JSON.stringify([model.name, model.version]);
}

function chosen() {
  return models.find((model) => key_of(model) === by_id('model').value);
}

function path_of(model) {
  return `v2/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}/infer`;
}

function takes_files(model) {
  return model.inputs.length === 1 && model.inputs[0].datatype === 'BYTES';
}

/** A request with zeros. */
function example_of(model) {
  const inputs = model.inputs.map(({name, datatype, shape}) => {
    const example = shape.map((extent) => extent < 0 ? 1 : extent);
    const values = example.reduce((product, extent) => product * extent, 1);
    const zero = datatype === 'BYTES' ? '' : datatype === 'BOOL' ? false : 0;
    return {name, datatype, shape: example, data: values <= kMostExampleValues ? Array(values).fill(zero) : []};
  });
  const lines = inputs.map((input) => `  ${JSON.stringify(input)}`);
  return `{"inputs": [\n${lines.join(',\n')}\n]}`;
}

function show_kind() {
  const is_file = by_id('kind-file').checked;
  by_id('file-row').hidden = !is_file;
  by_id('json-row').hidden = is_file;
}

function show_model() {
  const model = chosen();
  if (!model) return;
  by_id(takes_files(model) ? 'kind-file' : 'kind-json').checked = true;
  by_id('kind-file').disabled = !takes_files(model);
  by_id('json').value = example_of(model);
  show_kind();
}

function make_option(model) {
  const node = element('option', {value: key_of(model)});
  const update = (now) => set_text(node, `${now.name}, version ${now.version}${now.is_default ? ' (default)' : ''}`);
  return {node, update};
}

/** Called with each status; what the user chose stays as long as it is there. */
export function show_choices(status) {
  const select = by_id('model');
  const before = select.value;
  models = status.models.filter((model) => model.state === 'READY');
  keep_children(select, models, key_of, make_option);
  if (before === '') {  // the first time: what people most likely want
    const defaults = models.filter((model) => model.is_default);
    const first = defaults.find(takes_files) ?? defaults[0];
    if (first) select.value = key_of(first);
  }
  if (before !== select.value) show_model();
  by_id('run').disabled = models.length === 0 || by_id('form').ariaBusy === 'true';
  set_text(by_id('form-note'), models.length === 0 ? 'No model is ready.' : '');
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl_text(url, type, file) {
  return `curl -H ${quoted(`Content-Type: ${type}`)} --data-binary ${quoted(`@${file ? file.name : 'request.json'}`)} ` +
    quoted(url);
}

async function send(model) {
  const file = by_id('kind-file').checked ? by_id('file').files[0] : null;
  // Without a type the body would be taken for a message of the protocol.
  const type = file ? file.type || 'application/x-file' : 'application/json';
  const url = new URL(path_of(model), document.baseURI);
  const began = performance.now();
  const response = await fetch(url, {method: 'POST', headers: {'Content-Type': type}, body: file ?? by_id('json').value});
  const text = await response.text();
  const ns = (performance.now() - began) * 1e6;
  const folded = element('details', {}, element('summary', {}, 'With curl'),
    element('pre', {tabindex: '0', 'aria-label': 'the request with curl'}, curl_text(url.href, type, file)));
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // shown as it came
  }
  if (!response.ok || json === null)
    return [element('p', {class: 'trouble'}, `${response.status}: ${json?.error ?? text}`), folded];
  const picture = file && await load_picture(file, (model.plan ?? '').includes('exif_orientation=true'));
  const title = `${response.headers.get('X-Model-Name')}, version ${response.headers.get('X-Model-Version')}`;
  return [element('h3', {}, title), element('p', {class: 'quiet'}, `answered in ${format.duration(Math.round(ns))}, ` +
    'the way to the server and back included'), ...answer_nodes(json, picture), folded];
}

async function run(event) {
  event.preventDefault();
  const model = chosen();
  const form = by_id('form');
  if (!model || form.ariaBusy === 'true') return;
  if (by_id('kind-file').checked && by_id('file').files.length === 0) {
    set_text(by_id('form-note'), 'Choose a file first.');
    return by_id('file').focus();
  }
  form.ariaBusy = 'true';
  by_id('run').disabled = true;
  set_text(by_id('form-note'), 'Running …');
  let nodes = [];
  try {
    nodes = await send(model);
  } catch (error) {
    nodes = [element('p', {class: 'trouble'}, `There is no answer: ${error.message}`)];
  }
  by_id('answer').replaceChildren(...nodes);
  by_id('answer').hidden = false;
  set_text(by_id('form-note'), '');
  form.ariaBusy = 'false';
  by_id('run').disabled = models.length === 0;
}

function take_files(event, transfer) {
  if (!transfer || transfer.files.length === 0 || by_id('kind-file').disabled) return;
  event.preventDefault();
  by_id('file').files = transfer.files;
  by_id('kind-file').checked = true;
  show_kind();
}

export function start_form() {
  by_id('form').addEventListener('submit', run);
  by_id('model').addEventListener('change', show_model);
  for (const id of ['kind-file', 'kind-json']) by_id(id).addEventListener('change', show_kind);
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();  // else the browser would leave the page for the file
    take_files(event, event.dataTransfer);
  });
  document.addEventListener('paste', (event) => take_files(event, event.clipboardData));
}
