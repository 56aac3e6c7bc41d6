// What every script of a page makes elements with: attributes by name, `text` as text, then children.
const made = (tag, { text, ...attributes } = {}, ...children) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
