// SPDX-License-Identifier: Apache-2.0
// A picture as a model saw it: turned as its EXIF says, or as it is stored. What was found is told in those pixels.
import {element} from './dom.js';

/**
 * {node: an <img>, width, height} of a file; null if this browser cannot show it. A canvas would turn every picture,
 * whatever is asked for; an <img> does as its style says.
 */
export async function load_picture(file, heeds_exif) {
  const node = element('img', {class: heeds_exif ? 'measured' : 'measured as-stored', alt: ''});
  node.src = URL.createObjectURL(file);
  try {
    await node.decode();
    document.body.append(node);  // `width` is that of the style as long as it is in the document
    const {width, height} = node;
    node.remove();
    node.classList.remove('measured');
    return width > 0 && height > 0 ? {node, width, height} : null;
  } catch {
    return null;
  } finally {
    // Shown, the picture lives on without its address; a second one with this address is not asked for.
    URL.revokeObjectURL(node.src);
  }
}
