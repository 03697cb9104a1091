// Expected beside observed, with the words marked that only one of them has.
function tokens(text) {
  return String(text).match(/'(?:[^'\\]|\\.)*'|[\w.:/-]+|\s+|./gsu) || [];
}

function common(a, b) {
  if (a.length * b.length > 40000) return null;
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
  const keptA = new Set(), keptB = new Set();
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) { keptA.add(i); keptB.add(j); i += 1; j += 1; }
    else if (table[i + 1][j] >= table[i][j + 1]) i += 1;
    else j += 1;
  }
  return [keptA, keptB];
}

function marked(words, kept) {
  const parts = [];
  let run = "";
  let inside = false;
  const flush = () => {
    const core = inside ? run.trimEnd() : "";
    if (core) parts.push(h("mark", null, core));
    if (run.length > core.length) parts.push(run.slice(core.length));
    run = "";
  };
  words.forEach((word, at) => {
    const differs = !kept.has(at) && word.trim() !== "";
    if (differs !== inside && word.trim() !== "") { flush(); inside = differs; }
    run += word;
  });
  flush();
  return parts;
}

function beside(expected, observed, differs) {
  const a = tokens(expected), b = tokens(observed);
  const kept = differs && expected !== observed ? common(a, b) : null;
  const alike = kept && [...kept[0]].filter((at) => a[at].trim()).length > 0;
  return h("div", { class: "beside" },
    h("div", { class: "want" }, h("span", { class: "cap" }, "expected"), h("code", null, alike ? marked(a, kept[0]) : expected || "–")),
    h("div", null, h("span", { class: "cap" }, "observed"), h("code", null, alike ? marked(b, kept[1]) : observed || "–")));
}
