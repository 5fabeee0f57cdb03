// Elements from data. Whatever somebody wrote becomes text here, and nowhere markup.
const SVG = "http://www.w3.org/2000/svg";
const isNothing = (value) => value == null || value === false;

function fill(node, classes, rest) {
  const props = rest[0]?.constructor === Object ? rest.shift() : {};
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(props)) {
    if (isNothing(value)) continue;
    if (name === "style") for (const [key, to] of Object.entries(value)) node.style.setProperty(key, to);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...rest.flat(4).filter((child) => !isNothing(child)));
  return node;
}

// `h("p.quiet", {title}, …children)`: an element with its classes, its attributes if there are any, and what is in it.
export function h(tag, ...rest) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElement(name), classes.filter(Boolean), rest);
}
export const s = (name, ...rest) => fill(document.createElementNS(SVG, name), [], rest);

// Makes `parent` hold `children`, changing only what differs: focus, selection and scroll stay where they are.
// Nothing here carries listeners; a view listens once at its root, for elements with `data-do`.
export const put = (parent, ...children) => merge(parent, fill(document.createElement("div"), [], [{}, ...children]));

function merge(old, fresh) {
  const nodes = [...fresh.childNodes];
  nodes.forEach((node, at) => {
    let mine = old.childNodes[at];
    const key = node.dataset?.key;
    if (mine && key !== undefined && mine.dataset?.key !== key) {
      // What has a key is found again where it went, and what is new comes between: nothing that stays is moved.
      const kept = [...old.children].find((child) => child.dataset.key === key);
      while (kept && mine !== kept) [mine] = [mine.nextSibling, mine.remove()];
      if (!kept) return mine.before(node);
    }
    if (!mine) return old.append(node);
    if (mine.isEqualNode(node) && !mine.querySelector?.("input") && mine.tagName !== "INPUT") return;
    if (node.nodeType !== 1 || mine.nodeType !== 1 || mine.tagName !== node.tagName || mine.dataset.key !== key)
      return mine.replaceWith(node);
    for (const { name } of [...mine.attributes]) if (!node.hasAttribute(name) && name !== "open") mine.removeAttribute(name);
    for (const { name, value } of node.attributes) {
      if (name === "style") mine.style.cssText = node.style.cssText; // as an attribute the policy would refuse it
      else if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
    }
    if (mine.type === "checkbox") mine.checked = node.hasAttribute("checked");
    merge(mine, node);
  });
  while (old.childNodes.length > nodes.length) old.lastChild.remove();
}
