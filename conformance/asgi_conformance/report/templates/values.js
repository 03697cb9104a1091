// How a value of a trace reads: as Python would write it, cut where it grows long.
const STATES = { 0: "CONNECTING", 1: "CONNECTED", 2: "DISCONNECTED", 3: "RESPONSE" };

function cut(text, limit) {
  const whole = pictured(text);
  return whole.length > limit ? whole.slice(0, Math.max(1, limit - 1)) + "…" : whole;
}

// Bytes come as the ASCII text that they are, or in hexadecimal.
function bytesText({ text, hex }) {
  if (typeof text === "string") return `b'${text.replace(/['\\]/g, "\\$&")}'`;
  let out = "";
  for (let at = 0; at < hex.length; at += 2) {
    const code = parseInt(hex.slice(at, at + 2), 16);
    if (code === 0x27 || code === 0x5c) out += "\\" + String.fromCharCode(code);
    else out += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "\\x" + hex.slice(at, at + 2);
  }
  return `b'${out}'`;
}

function show(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return `'${value.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\n").replace(/\r/g, "\\r")}'`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value.$ === "bytes" && typeof (value.text ?? value.hex) === "string") return bytesText(value);
  if (value.$ === "text" || value.$ === "bytes") return `‹${value.$}, ${Number(value.len).toLocaleString("en")} long, sha256 ${String(value.sha256).slice(0, 12)}…›`;
  if (value.$ === "object") return String(value.repr);
  return `{${Object.entries(value).map(([name, item]) => `${name}: ${show(item)}`).join(", ")}}`;
}

function showEvent(event, short) {
  if (!event || typeof event !== "object") return show(event);
  const type = String(event.type);
  const bare = new Set(short ? ["code", "reason", "text", "bytes"] : []);
  const empty = (name, value) => value === null || name === "headers" && !value.length || name === "reason" && !value;
  const rest = Object.entries(event).filter(([name, value]) => name !== "type" && !(short && empty(name, value)));
  return [short ? type.replace(/^websocket\./, "") : type, ...rest.map(([name, value]) => (bare.has(name) ? show(value) : `${name}=${show(value)}`))].join(" ");
}

function showExc(exc) {
  if (!exc || typeof exc !== "object") return String(exc);
  const name = String(exc.type).split(".").pop();
  if (exc.code !== undefined) return `${name}(${show(exc.code)}, ${show(exc.reason === undefined ? "" : exc.reason)})`;
  return exc.message ? `${name}(${show(exc.message)})` : name;
}

function showFrame(frame) {
  if (frame.opcode === "close") {
    if (frame.code === null || frame.code === undefined) return "close (empty)";
    return `close ${frame.code}${frame.reason ? " " + show(frame.reason) : ""}`;
  }
  const payload = frame.payload === undefined || frame.payload === "" ? "" : " " + show(frame.payload);
  return `${frame.opcode}${frame.fin === false ? " (fin=0)" : ""}${payload}`;
}

function showCall(op) {
  const args = Object.entries(op.args || {}).map(([name, value]) => `${name}=${show(value)}`).join(", ");
  return `${op.op}(${args})`;
}

function showData(found) {
  return Object.entries(found || {}).map(([name, value]) => `${name}=${name === "exc" || name === "raised" ? showExc(value) : name === "event" ? `{${showEvent(value)}}` : show(value)}`).join(" ");
}
