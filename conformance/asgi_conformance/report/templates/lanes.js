// From observations to the rows of a sequence drawing: what passes several boundaries unchanged is one arrow.
const INWARD = new Set(["enter", "receive"]);
const QUIET = new Set(["asgi.sent", "asgi.receiving", "client.step", "asgi.tasks"]);
const FLOWS = new Set(["enter", "receive", "send", "exit"]);

function boundariesOf(trace) {
  const seen = new Set(trace.map((row) => row[1]));
  const middle = [...seen].filter((name) => /^asgi:\d+$/.test(name)).sort((a, b) => a.slice(5) - b.slice(5));
  return [...(seen.has("outer") ? ["outer"] : []), ...middle, ...["route", "inner"].filter((name) => seen.has(name))];
}

// What stands between the boundaries, from the outside in: the trace itself names it, or else the report.
function entriesOf(trace, all) {
  const enters = new Map(trace.filter((row) => row[2] === "enter").map((row) => [row[1], row[3]]));
  return all.slice(1).map((name, at) => {
    const [inside, outside] = [enters.get(name) || {}, enters.get(all[at]) || {}];
    if (name === "inner" && all[at] === "route") return { name: "request", layer: "framework" };
    return inside.component || outside.below || (data.middleware.length === all.length - 1 ? data.middleware[at] : null);
  });
}

function ownNames(named, entries) {
  const own = named.filter((entry) => entry && entry.layer === "middleware").map((entry) => lastName(entry.name));
  return own.length === 1 ? own[0] : `${entries} entries`;
}

const lastName = (name) => String(name).split(".").pop();

function plan(trace, every, server) {
  const all = boundariesOf(trace);
  const inmost = all.includes("inner") ? "inner" : "route";
  const used = every ? all : all.filter((name) => name === "outer" || name === inmost);
  const lanes = [{ name: "Client", sub: "the suite" }, { name: "Server", sub: server ? `${server.name} ${server.version}` : "" }];
  const entries = all.length - 1;
  const named = entriesOf(trace, all);
  if (every) {
    for (let at = 0; at < entries; at += 1) {
      const entry = named[at];
      lanes.push({ name: entry ? lastName(entry.name) : `Entry ${at + 1}`, sub: entry ? entry.layer : "", full: entry ? entry.name : "" });
    }
  } else if (entries > 0) lanes.push({ name: "Middleware", sub: entries === 1 ? lastName((named[0] || { name: "1 entry" }).name) : ownNames(named, entries) });
  const inside = all.includes(inmost) || trace.some((row) => row[1] === "framework");
  if (inside) lanes.push({ name: "Framework", sub: [data.framework.name, data.framework.version].filter(Boolean).join(" ") });
  lanes.push({ name: "Application", sub: inside ? "the handler" : "" });
  // A boundary stands between the lane of its index and the next.
  const between = new Map([["wire", 0], ...used.map((name, at) => [name, at + 1])]);
  return { lanes, between, all, used, named, inside };
}

function payload(kind, found) {
  if (kind === "receive" || kind === "send") return JSON.stringify(found.event);
  if (kind === "exit") return JSON.stringify([found.outcome, found.exc && found.exc.type, found.exc && found.exc.message]);
  return kind;
}

function label(boundary, kind, found) {
  if (boundary === "app" && kind === "exit") return "handler ends";
  if (boundary === "client" && kind === "step") return `step ${found.step}: ${found.op}`;
  if (boundary === "client" && kind === "deadline") return `nothing came within ${found.seconds} s: ${found.wait}`;
  if (boundary === "wire") {
    if (kind === "connect") return "TCP connect";
    if (kind === "request") return `GET ${found.path}`;
    if (kind === "response") return `HTTP ${found.status}`;
    if (kind === "sent" || kind === "received") return showFrame(found);
    return { "sent.fin": "TCP FIN", "sent.rst": "TCP RST", "received.eof": "TCP end", "received.reset": "TCP reset" }[kind] || kind;
  }
  if (kind === "receive" || kind === "send") return showEvent(found.event, true);
  if (kind === "enter") return `called, spec_version ${found.spec_version === undefined ? "?" : found.spec_version}`;
  if (kind === "exit") return found.exc ? `${found.outcome} ${showExc(found.exc)}` : String(found.outcome);
  if (kind.endsWith(".raised")) return `${kind.split(".")[0]}() raised ${showExc(found.exc)}`;
  if (boundary === "framework" && kind === "state") {
    const name = (state) => (state === null || state === undefined ? "" : STATES[state] || String(state));
    return `${String(found.attribute).replace("_state", "")}: ${found.old === null ? "" : name(found.old) + " → "}${name(found.new)}`;
  }
  if (boundary === "framework" && kind === "raised") return `built ${showExc(found.exc)}`;
  if (boundary === "app" && kind === "op") {
    if (found.raised) return `${showCall(found)} raised ${showExc(found.raised)}`;
    return `${showCall(found)}${found.returned === undefined || found.returned === null ? " returned" : ` → ${show(found.returned)}`}`;
  }
  return `${kind} ${showData(found)}`;
}

function full(row) {
  const [, boundary, kind, found] = row;
  return `${boundary} · ${kind} · ${kind === "receive" || kind === "send" ? showEvent(found.event) : showData(found)}`;
}

function place(row, layout) {
  const [, boundary, kind] = row;
  const last = layout.lanes.length - 1;
  if (boundary === "wire") {
    const toClient = kind.startsWith("received") || kind === "response";
    return toClient ? { from: 1, to: 0, style: kind.includes(".") ? "back" : "" } : { from: 0, to: 1, style: kind.includes(".") ? "back" : "" };
  }
  if (layout.between.has(boundary)) {
    const left = layout.between.get(boundary);
    const inward = INWARD.has(kind) || kind === "send.raised" || kind === "sent" || kind === "receive.raised";
    const style = kind === "exit" ? "back" : kind === "enter" ? "call" : kind.endsWith("raised") ? "bad" : kind === "sent" ? "back" : "";
    return inward ? { from: left, to: left + 1, style } : { from: left + 1, to: left, style };
  }
  if (boundary === "app" && kind === "op") return { from: layout.inside ? last - 1 : 1, to: last, style: "back", wide: true };
  if (boundary === "framework") return { at: layout.inside ? last - 1 : last, style: "" };
  if (boundary === "app" || boundary === "route") return { at: last, style: "" };
  if (boundary === "client") return { at: 0, style: kind === "deadline" ? "bad" : "" };
  return { at: 1, style: "" };
}

function rowsOf(trace, layout, every) {
  const rows = [];
  // Folded, the last boundary at which a call was seen stands for the innermost one: not each sees calls begin and end.
  const inmost = layout.used[layout.used.length - 1];
  const last = Object.fromEntries(["enter", "exit"].map((kind) => [kind, [...layout.all].reverse().find((name) => trace.some((row) => row[1] === name && row[2] === kind))]));
  trace.forEach((given, index) => {
    const folds = !every && layout.used.length > 1 && last[given[2]] === given[1] && given[1] !== "outer";
    const row = folds ? [given[0], inmost, given[2], given[3]] : given;
    const [t, boundary, kind, found] = row;
    if ((boundary.startsWith("asgi:") || boundary === "route" && FLOWS.has(kind)) && !layout.between.has(boundary)) return;
    if (!every && QUIET.has(`${boundary === "wire" ? "wire" : boundary === "client" ? "client" : "asgi"}.${kind}`)) return;
    const spot = place(row, layout);
    if (FLOWS.has(kind) && layout.between.has(boundary)) {
      const same = payload(kind, found);
      const open = rows.slice(-12).reverse().find((r) => r.kind === kind && r.flow === same && r.to === spot.from);
      if (open) { open.to = spot.to; open.members.push(index); return; }
      const by = every ? null : changer(trace, layout, kind, boundary, same);
      if (by) rows.push({ t, kind: "changed", boundary, text: `changed by ${by}`, members: [index], at: Math.max(spot.from, 2), style: "", about: same });
      rows.push({ t, kind, boundary, flow: same, text: label(boundary, kind, found), members: [index], ...spot });
      return;
    }
    rows.push({ t, kind, boundary, text: label(boundary, kind, found), members: [index], ...spot });
  });
  return rows;
}

// Which entry of the stack an event owes its form to, when it reached the other end in a form it did not start with.
function changer(trace, layout, kind, boundary, flow) {
  if (kind !== "receive" && kind !== "send") return null;
  const way = kind === "receive" ? layout.all : [...layout.all].reverse();
  if (way.length < 2 || boundary !== way[way.length - 1]) return null;
  const at = way.findIndex((name) => trace.some((row) => row[1] === name && row[2] === kind && payload(kind, row[3]) === flow));
  if (at < 1) return null;
  const entry = layout.named[layout.all.indexOf(kind === "receive" ? way[at] : way[at - 1]) - 1];
  return entry ? lastName(entry.name) : "the middleware";
}

// Which observation a finding speaks of: at its boundary, the one whose words its "observed" repeats.
function divergence(trace, findings) {
  const finding = findings.find((one) => ["fail", "warn", "known"].includes(one.verdict));
  if (!finding) return -1;
  const said = new Set(tokens(finding.observed).filter((word) => /[\w']/.test(word)));
  let best = -1, most = 0.5;
  trace.forEach((row, index) => {
    if (row[1] !== finding.boundary) return;
    const text = row[3].event ? showEvent(row[3].event) : label(row[1], row[2], row[3]);
    const words = tokens(text).filter((word) => /[\w']/.test(word));
    const share = words.length ? words.filter((word) => said.has(word)).length / words.length : 0;
    if (share > most) { most = share; best = index; }
  });
  return best;
}
