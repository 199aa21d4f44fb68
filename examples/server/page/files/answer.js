// SPDX-License-Identifier: Apache-2.0
// Shows an answer: classes as bars, what was found drawn on the picture and as a list, tensors as a table; and all of
// it as JSON.
import {element} from './dom.js';
import {colour_of, css_colour, draw} from './drawing.js';
import * as format from './format.js';

const kMostRows = 100;
const kMostLabels = 60;
const kMostValues = 8;
const kMostText = 200_000;

function take_list(found, kind, list) {
  if (kind === 'classes') found.classes.push(list);
  else if (kind === 'detections' || kind === 'quads') found.shapes.push(...list);
  else if (kind === 'boxes') found.shapes.push(...list.map((box) => ({box})));
  else if (kind === 'masks') found.shapes.push(...list.map((mask, index) => ({mask, index})));
  else if (kind === 'keypoints') found.shapes.push({keypoints: list});
  else list.forEach((item) => walk(found, item));  // a list or a tuple of payloads
}

/** A payload is {kind: content}. */
function walk(found, json) {
  if (json === null || typeof json !== 'object') return;
  for (const [kind, content] of Object.entries(json)) {
    if (Array.isArray(content)) take_list(found, kind, content);
    else if (kind === 'tensors') found.tensors.push(...Object.entries(content).map(([name, one]) => ({name, ...one})));
  }
}

/** An answer of the protocol has tensors; those of strings are payloads' JSON. */
function take_outputs(found, outputs) {
  for (const output of outputs) {
    if (output.datatype !== 'BYTES') {
      found.tensors.push({name: output.name, dtype: output.datatype, shape: output.shape, data: output.data});
      continue;
    }
    for (const text of output.data ?? []) {
      try {
        walk(found, JSON.parse(text));
      } catch {
        found.tensors.push({name: output.name, dtype: 'BYTES', shape: [1], data: [text]});
      }
    }
  }
}

/** {classes: lists of classes, shapes: what has a place in the picture, tensors} of an answer's JSON. */
export function parts_of(json) {
  const found = {classes: [], shapes: [], tensors: []};
  if (Array.isArray(json?.outputs)) take_outputs(found, json.outputs);
  else walk(found, json);
  return found;
}

function score_text(score) {
  return Number.isFinite(score) ? format.percent(score) : 'no score';
}

function name_of(entry, otherwise) {
  return entry.label || (entry.index === undefined ? otherwise : `class ${entry.index}`);
}

function bar(score, colour) {
  const share = Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0;
  const filled = element('span', {class: 'filled'});
  filled.style.width = `${share * 100}%`;
  if (colour) filled.style.background = css_colour(colour);
  return element('span', {class: 'score-bar', 'aria-hidden': 'true'}, filled);
}

function more(list) {
  return list.length > kMostRows ? [element('p', {class: 'quiet'}, `and ${format.count(list.length - kMostRows)} more`)] : [];
}

function classes_list(classes) {
  const rows = classes.slice(0, kMostRows).map((entry) => element('li', {},
    element('span', {class: 'label'}, name_of(entry, '?')), element('span', {class: 'score'}, score_text(entry.score)),
    bar(entry.score)));
  return [element('ol', {class: 'classes'}, ...rows), ...more(classes)];
}

function place_text(shape) {
  const round = (numbers) => numbers.map((n) => Number.isFinite(n) ? Math.round(n) : '?').join(', ');
  const parts = [];
  if (shape.box) parts.push(`box ${round(shape.box)}`);
  if (shape.quad) parts.push(`corners ${shape.quad.map((corner) => `(${round(corner)})`).join(' ')}`);
  if (shape.keypoints) parts.push(`${shape.keypoints.length} points`);
  if (shape.mask) parts.push('mask');
  return parts.join('; ');
}

function shapes_list(shapes) {
  const rows = shapes.slice(0, kMostRows).map((shape) => element('li', {},
    element('span', {class: 'label'}, name_of(shape, shape.quad ? 'area' : 'place')),
    element('span', {class: 'score'}, shape.score === undefined ? '' : score_text(shape.score)),
    bar(shape.score ?? 1, colour_of(shape)), element('span', {class: 'quiet place'}, place_text(shape))));
  return [element('ol', {class: 'classes shapes'}, ...rows), ...more(shapes)];
}

function tensors_table(tensors) {
  const values = (data) => {
    const first = (data ?? []).flat(Infinity).slice(0, kMostValues + 1);
    return first.slice(0, kMostValues).join(', ') + (first.length > kMostValues ? ', …' : '');
  };
  const rows = tensors.slice(0, kMostRows).map((one) => element('tr', {}, element('th', {scope: 'row'}, one.name),
    element('td', {}, `${one.dtype} [${one.shape.join(', ')}]`), element('td', {}, values(one.data))));
  return element('div', {class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': 'tensors'},
    element('table', {}, element('thead', {}, element('tr', {}, ...['Tensor', 'Type', 'Values']
      .map((name) => element('th', {scope: 'col'}, name)))), element('tbody', {}, ...rows)));
}

function drawn(picture, shapes) {
  const shows_labels = shapes.length <= kMostLabels;
  const canvas = element('canvas', {'aria-hidden': 'true'});
  draw(canvas, picture, shapes, (shape) => !shows_labels || shape.score === undefined ? '' :
    `${name_of(shape, '')} ${score_text(shape.score)}`.trim());
  picture.node.alt = shapes.length === 0 ? 'the picture' :
    `the picture, with ${shapes.length} places marked; the list below names them`;
  return element('div', {class: 'picture'}, picture.node, canvas);
}

function raw(json) {
  const text = JSON.stringify(json, null, 1);
  const shown = text.length > kMostText ? `${text.slice(0, kMostText)}\n…` : text;
  return element('details', {}, element('summary', {}, 'As JSON'),
    element('pre', {tabindex: '0', 'aria-label': 'the answer as JSON'}, shown));
}

/** `picture`: {node, width, height} of load_picture(), or null. */
export function answer_nodes(json, picture) {
  const {classes, shapes, tensors} = parts_of(json);
  const nodes = [];
  if (picture) nodes.push(drawn(picture, shapes));
  for (const list of classes) nodes.push(...classes_list(list));
  if (shapes.length > 0) nodes.push(...shapes_list(shapes));
  if (tensors.length > 0) nodes.push(tensors_table(tensors));
  if (classes.length + shapes.length + tensors.length === 0) nodes.push(element('p', {}, 'Nothing was found.'));
  return [...nodes, raw(json)];
}
