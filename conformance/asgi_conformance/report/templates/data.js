// The cases stand deflated in inert elements of this page; they are inflated here, the details one chunk at a time.
// What stands in many cases stands once, in a table; a column holds places in it.
async function inflate(element) {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser cannot inflate them");
  const raw = atob(element.textContent);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const data = { cases: [], byKey: new Map(), requirements: {}, servers: [], middleware: [], framework: {}, edges: {}, causes: [] };
const chunks = new Map();

// Columns as objects, one for each case.
function objects(columns, tables) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, at) => Object.fromEntries(names.map((name) => [name, tables[name] ? tables[name][columns[name][at]] : columns[name][at]])));
}

function sums(steps) {
  let now = 0;
  return steps.map((step) => (now += step));
}

async function open() {
  const { tables, names, transitions, scripts, seen, sizes, ...rest } = await inflate(byId("index"));
  Object.assign(data, rest);
  tables.cites = tables.cites.map((places) => places.map((place) => names[place]));
  tables.walk = tables.walk.map((places) => places.map((place) => transitions[place]));
  seen.script = sums(seen.script);
  const told = objects(scripts, tables);
  const several = data.servers.length > 1;
  data.cases = objects(seen, tables).map(({ script, cites, ms, ...entry }, position) =>
    ({ ...told[script], ...entry, key: several ? `${told[script].id}@${entry.server}` : told[script].id, requires: cites, ms: ms / 10, script, position }));
  data.cases.forEach((entry) => data.byKey.set(entry.key, entry));
  // In the chunks a case stands beside the same case on other servers.
  const order = [...data.cases].sort((a, b) => a.script - b.script || a.position - b.position);
  let at = 0;
  sizes.forEach((size, chunk) => { for (let place = 0; place < size; place += 1) Object.assign(order[at++], { chunk, place }); });
  data.sorted = [...data.cases].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.position - b.position);
}

async function details(entry) {
  if (!chunks.has(entry.chunk)) {
    if (chunks.size > 8) chunks.delete(chunks.keys().next().value);
    chunks.set(entry.chunk, inflate(document.querySelector(`script[data-chunk="${Number(entry.chunk)}"]`)));
  }
  const { tables, cases } = await chunks.get(entry.chunk);
  const value = (name) => tables[name][cases[name][entry.place]];
  const times = sums(cases.steps[entry.place]);
  return {
    findings: value("group").map((at) => ({ message: "", expected: "", observed: "", component: "", fix: "", level: "", ...tables.findings[at] })),
    reason: value("reason"),
    reproduce: value("command").join(entry.id),
    handler: value("handler"),
    attempts: value("attempts"),
    complete: cases.whole[entry.place] > 0,
    trace_omitted: cases.whole[entry.place] > 1,
    // Times are hundredths of a millisecond in here, microseconds where they are drawn.
    trace: value("sequence").map((at, position) => [times[position] * 10, ...tables.rows[at]]),
  };
}
