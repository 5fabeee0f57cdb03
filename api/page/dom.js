// Elements from data. Whatever somebody wrote becomes text here, and nowhere markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "style") for (const [key, to] of Object.entries(value)) node.style.setProperty(key, to);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

// Makes `parent` hold `children`, changing only what differs: focus, selection and scroll stay where they are.
// Nothing here carries listeners; a view listens once at its root, for elements with `data-do`.
export function put(parent, ...children) {
  merge(parent, fill(document.createElement("div"), {}, children));
}

function merge(old, fresh) {
  const nodes = [...fresh.childNodes];
  nodes.forEach((node, at) => {
    const mine = old.childNodes[at];
    if (!mine) return old.append(node);
    if (mine.isEqualNode(node)) return;
    if (node.nodeType !== 1 || mine.nodeType !== 1 || mine.tagName !== node.tagName || mine.dataset.key !== node.dataset.key)
      return mine.replaceWith(node);
    for (const { name } of [...mine.attributes])
      if (!node.hasAttribute(name) && name !== "open") mine.removeAttribute(name);
    for (const { name, value } of node.attributes) {
      if (name === "style") mine.style.cssText = node.style.cssText; // as an attribute the policy would refuse it
      else if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
    }
    merge(mine, node);
  });
  while (old.childNodes.length > nodes.length) old.lastChild.remove();
}
