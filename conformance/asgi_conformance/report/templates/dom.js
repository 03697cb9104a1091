// Elements are built from names and texts only: nothing in this page ever parses text as markup.
const SVG = "http://www.w3.org/2000/svg";
const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function pictured(text) {
  return String(text).replace(HIDDEN, (mark) => {
    const code = mark.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\\u" + code.toString(16).padStart(4, "0");
  });
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "href" && !String(value).startsWith("#")) throw new Error("only links inside the page");
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(pictured(child)));
  }
  return element;
}

const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
// A link cannot hold half a character.
const address = (text) => encodeURIComponent(String(text).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd"));
const byId = (id) => document.getElementById(id);

const SYMBOLS = { pass: "✓", note: "i", known: "≈", warn: "▲", fail: "✕", skip: "–", error: "!" };
const ORDER = ["error", "fail", "warn", "known", "note", "pass", "skip"];

function badge(verdict) {
  return h("span", { class: `badge v-${SYMBOLS[verdict] ? verdict : "none"}` },
    h("span", { class: "sym", "aria-hidden": "true" }, SYMBOLS[verdict] || "○"), verdict);
}
