// SPDX-License-Identifier: Apache-2.0
// Elements without HTML: every text is a text node, so that a name from a package is shown and never acts.

const kSvg = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** A child is a node, or text. */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(kSvg, tag), attributes, children);
}

export function by_id(id) {
  return document.getElementById(id);
}

/** Changes nothing if the text is the same: a selection by the user stays. */
export function set_text(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes the children of `parent` those of `items`, in order. A child lives as long as its key does, so that focus,
 * selection and what is unfolded stay. `make(item)` returns {node, update(item)}.
 */
export function keep_children(parent, items, key_of, make) {
  const old = parent.parts ?? new Map();
  const parts = new Map();
  let after = null;
  for (const item of items) {
    const key = key_of(item);
    const part = old.get(key) ?? make(item);
    parts.set(key, part);
    part.update(item);
    const place = after ? after.nextSibling : parent.firstChild;
    if (part.node !== place) parent.insertBefore(part.node, place);
    after = part.node;
  }
  for (const [key, part] of old) if (!parts.has(key)) part.node.remove();
  parent.parts = parts;
}
