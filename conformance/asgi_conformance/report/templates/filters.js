// The filter of the list: read from the address, written to the address, so that each filter is a link.
const SIMPLE = ["layer", "section", "requirement", "kind", "server"];
const EXTRA = ["route", "code", "transition", "edge", "cause", "unstable"];

function matches(filter) {
  const words = (filter.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = (filter.get("verdict") || "").split(",").filter(Boolean);
  const want = Object.fromEntries([...SIMPLE, ...EXTRA].map((name) => [name, filter.get(name) || ""]));
  const cause = want.cause ? new Set((data.causes[Number(want.cause)] || {}).cases || []) : null;
  return (entry) => {
    if (cause && !cause.has(entry.position)) return false;
    // A verdict and a layer together ask for a finding: the case itself may have come to something worse.
    if (want.layer && verdicts.length) {
      if (!verdicts.some((verdict) => entry.pairs.includes(`${verdict}/${want.layer}`))) return false;
    } else if (verdicts.length && !verdicts.includes(entry.verdict)) return false;
    else if (want.layer && !entry.pairs.some((pair) => pair.endsWith("/" + want.layer))) return false;
    if (want.section && entry.section !== want.section) return false;
    if (want.kind && entry.kind !== want.kind) return false;
    if (want.server && entry.server !== want.server) return false;
    if (want.requirement && !entry.requires.includes(want.requirement)) return false;
    if (want.route && entry.route !== want.route) return false;
    if (want.code && entry.code !== want.code) return false;
    if (want.transition && !entry.walk.includes(want.transition)) return false;
    if (want.edge && !entry.walk.some((name) => data.edges[name] === want.edge)) return false;
    if (want.unstable && !entry.unstable) return false;
    if (words.length) {
      entry.text ||= [entry.id, entry.title, entry.section, entry.server, entry.route, ...entry.requires].join("\n").toLowerCase();
      if (!words.every((word) => entry.text.includes(word))) return false;
    }
    return true;
  };
}

function toHash(filter) {
  const kept = new URLSearchParams([...filter].filter(([, value]) => value));
  return kept.size ? "#cases?" + kept.toString() : "#cases";
}

function fromForm(form, before) {
  const filter = new URLSearchParams();
  filter.set("q", form.elements.q.value.trim());
  filter.set("verdict", [...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value).join(","));
  for (const name of SIMPLE) if (form.elements[name]) filter.set(name, form.elements[name].value);
  for (const name of EXTRA) filter.set(name, before.get(name) || "");
  return filter;
}

function toForm(form, filter) {
  if (document.activeElement !== form.elements.q) form.elements.q.value = filter.get("q") || "";
  const verdicts = (filter.get("verdict") || "").split(",");
  for (const box of form.querySelectorAll("[name=verdict]")) box.checked = verdicts.includes(box.value);
  for (const name of SIMPLE) if (form.elements[name]) form.elements[name].value = filter.get(name) || "";
  const extra = EXTRA.filter((name) => filter.get(name)).map((name) => {
    const cause = name === "cause" ? data.causes[Number(filter.get(name))] : null;
    return cause ? `cause: ${cause.name}` : `${name.replace("edge", "transitions")}: ${filter.get(name)}`;
  });
  byId("extra").replaceChildren(document.createTextNode(pictured(extra.length ? "Only " + extra.join(", ") : "")));
  byId("extra").hidden = !extra.length;
}

function prepareForm(form) {
  const choices = {
    layer: ["application", "middleware", "framework", "server"],
    section: [...new Set(data.cases.map((entry) => entry.section))].sort(),
    requirement: [...new Set(data.cases.flatMap((entry) => entry.requires))].sort(),
    kind: [...new Set(data.cases.map((entry) => entry.kind))].sort(),
    server: data.servers.map((server) => server.id),
  };
  for (const name of SIMPLE) {
    const select = form.elements[name];
    if (select) select.replaceChildren(h("option", { value: "" }, "any"), ...choices[name].map((choice) => h("option", { value: choice }, choice)));
  }
}
