// The sequence drawing of one case.
const GUTTER = 88, ROW = 31, HEAD = 54, CHAR = 7.25;

function widths(lanes) {
  return lanes.slice(1).map((lane, at) => (at === 0 ? 212 : at === lanes.length - 2 ? 272 : lanes.length > 5 ? 184 : 185));
}

function drawing(trace, findings, every, server) {
  const layout = plan(trace, every, server);
  const rows = rowsOf(trace, layout, every);
  const mark = divergence(trace, findings);
  const worst = (findings.find((one) => ["fail", "warn", "known"].includes(one.verdict)) || {}).verdict;
  const hot = mark < 0 ? null : rows.find((row) => row.members.includes(mark)) || likeness(rows, trace[mark]);
  const xs = [GUTTER + 58];
  for (const width of widths(layout.lanes)) xs.push(xs[xs.length - 1] + width);
  const right = xs[xs.length - 1] + 74;
  const height = HEAD + rows.length * ROW + 26;
  const svg = s("svg", { class: "seq", viewBox: `0 0 ${right} ${height}`, width: right, height, role: "img", "aria-label": "Sequence drawing; the list below says the same in words." });
  svg.append(s("defs", null, ["a", "m", "fail", "warn", "known"].map((tone) => s("marker", { id: `arrow-${tone}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" }, s("path", { class: `tip-${tone}`, d: "M0 1L10 5L0 9z" })))));
  layout.lanes.forEach((lane, at) => svg.append(s("line", { class: "lane", x1: xs[at], x2: xs[at], y1: HEAD - 6, y2: height - 10 })));
  const drawn = rows.map((row, at) => drawRow(row, HEAD + at * ROW, xs, right, row === hot ? worst : "", trace));
  svg.append(...drawn);
  layout.lanes.forEach((lane, at) => {
    const wide = Math.min(140, (at ? xs[at] - xs[at - 1] : 140) - 14);
    const room = Math.floor(wide / 8.2);
    svg.append(s("g", null, s("title", null, lane.full || lane.name), s("rect", { class: "lanehead", x: xs[at] - wide / 2, y: 4, width: wide, height: 38, rx: 7 }),
      s("text", { class: "lanename", x: xs[at], y: 20, "text-anchor": "middle" }, cut(lane.name, room)),
      s("text", { class: "lanesub", x: xs[at], y: 35, "text-anchor": "middle" }, cut(lane.sub || "", Math.floor(wide / 6.6)))));
  });
  return { svg, many: layout.all.length > 2 };
}

function drawRow(row, y, xs, right, hot, trace) {
  const line = y + ROW - 9;
  const bad = row.style === "bad";
  const group = s("g", { class: [row.style === "back" ? "back" : row.style === "call" ? "call" : "", bad ? "bad" : "", hot ? `hot hot-${hot}` : ""].join(" ").trim() || null });
  group.append(s("title", null, row.members.map((index) => full(trace[index])).join("\n")));
  group.append(s("rect", { class: "row", x: 4, y: y + 1, width: right - 8, height: ROW - 1, rx: 5 }));
  group.append(s("text", { class: "time", x: GUTTER - 12, y: line - 2, "text-anchor": "end" }, `${((row.t - trace[0][0]) / 1000).toFixed(2)} ms`));
  if (row.at !== undefined) {
    const x = xs[row.at];
    const text = cut(row.text, 46);
    const wide = text.length * CHAR + 20;
    const left = Math.max(GUTTER, Math.min(x - wide / 2, right - wide - 8));
    group.append(s("g", { class: "pill" }, s("rect", { x: left, y: y + 5, width: wide, height: 21, rx: 10.5 }), s("text", { x: left + wide / 2, y: y + 19.5, "text-anchor": "middle" }, text)));
  } else {
    const [a, b] = [xs[row.from], xs[row.to]];
    const tone = hot ? hot : bad ? "fail" : row.style ? "m" : "a";
    const step = a < b ? 1 : -1;
    group.append(s("path", { class: "arrow", d: `M${a + 3 * step} ${line}H${b - 4 * step}`, "marker-end": `url(#arrow-${tone})` }));
    const span = Math.abs(b - a);
    // What the application is told may be long: it ends at its lane and may begin left of the framework's.
    const text = cut(row.text, Math.max(8, row.wide ? 56 : Math.floor((span - 16) / CHAR)));
    const over = row.wide && text.length * CHAR > span - 16;
    group.append(s("text", { class: "lab", x: over ? b - 8 : Math.min(a, b) + span / 2, y: line - 6, "text-anchor": over ? "end" : "middle" }, text));
  }
  if (hot) group.append(s("text", { class: "flagged", x: 10, y: line - 2 }, SYMBOLS[hot]), s("text", { class: "vh" }, "first divergence"));
  return group;
}

// The boundary of the finding may be folded away: then the arrow that shows the same event.
function likeness(rows, seen) {
  const flow = FLOWS.has(seen[2]) ? payload(seen[2], seen[3]) : null;
  return rows.find((row) => flow && row.kind === seen[2] && row.flow === flow) || null;
}

function wordsOf(trace) {
  return h("details", { class: "words" }, h("summary", null, `All ${trace.length} observations in words`),
    h("ol", null, trace.map((row) => h("li", null, h("code", null, `${((row[0] - trace[0][0]) / 1000).toFixed(3)} ms · ${full(row)}`)))));
}
