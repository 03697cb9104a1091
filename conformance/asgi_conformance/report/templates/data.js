// The cases stand deflated in inert elements of this page; they are inflated here, the details one chunk at a time.
async function inflate(element) {
  const raw = atob(element.textContent);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const FIELDS = ["key", "id", "title", "section", "kind", "server", "verdict", "layer", "ms", "requires", "route",
  "code", "transitions", "unstable", "chunk", "place", "pairs"];
const data = { cases: [], byKey: new Map(), requirements: {}, servers: [], middleware: [], framework: {}, edges: {}, causes: [] };
const chunks = new Map();

async function open() {
  const index = await inflate(byId("index"));
  Object.assign(data, index);
  data.edges = index.transitions;
  data.cases = index.rows.map((row) => Object.fromEntries(FIELDS.map((name, at) => [name, row[at]])));
  data.cases.forEach((entry, position) => { entry.position = position; data.byKey.set(entry.key, entry); });
  data.sorted = [...data.cases].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.position - b.position);
}

async function details(entry) {
  if (!chunks.has(entry.chunk)) {
    if (chunks.size > 8) chunks.delete(chunks.keys().next().value);
    chunks.set(entry.chunk, inflate(document.querySelector(`script[data-chunk="${Number(entry.chunk)}"]`)));
  }
  const found = (await chunks.get(entry.chunk))[entry.place];
  let now = 0;
  // Times are packed as steps; a chunk is kept, so that each case of it is unpacked once.
  if (!found.unpacked) for (const row of found.trace) row[0] = now += row[0];
  found.unpacked = true;
  return found;
}
