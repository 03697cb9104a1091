// One case: its sentence, what was demanded, what was seen, and how to see it again.
function commandLine(text) {
  const button = h("button", { type: "button", class: "quiet copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return h("p", { class: "cmd" }, h("code", null, text), button);
}

function findingCard(finding) {
  const requirement = data.requirements[finding.requirement];
  const breach = ["fail", "warn", "known", "error"].includes(finding.verdict);
  const about = (data.deviations || []).find((one) => one.id === finding.deviation);
  return h("article", { class: `finding edge-${SYMBOLS[finding.verdict] ? finding.verdict : "none"}` },
    h("header", null, badge(finding.verdict), h("a", { href: "#cases?requirement=" + address(finding.requirement) }, h("code", null, finding.requirement)),
      h("span", { class: "sub" }, [finding.level, requirement && requirement.source].filter(Boolean).join(" · "))),
    finding.message && !(requirement && finding.message === requirement.statement) && h("h4", null, finding.message),
    requirement && h("p", { class: "statement" }, requirement.statement),
    beside(finding.expected, finding.observed, breach),
    breach && h("p", { class: "fix" }, h("b", null, "Fault "), `${finding.layer}${finding.component ? ": " + finding.component : ""} · seen at ${finding.boundary}`),
    finding.deviation && h("p", { class: "fix" }, h("b", null, "Known deviation "), h("code", null, finding.deviation), about && about.title ? ` ${about.title}` : ""),
    breach && (finding.fix || requirement && requirement.fix) && h("p", { class: "fix" }, h("b", null, "To mend it "), finding.fix || requirement.fix));
}

const HELD = new Set(["pass", "skip"]);

// What held needs no card: a line each, with what was seen.
function heldTable(findings) {
  if (!findings.length) return null;
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "What held" }, h("table", { class: "plain held" },
    h("thead", null, h("tr", null, ["Requirement", "Layer", "Seen at", "Observed"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, findings.map((one) => {
      const requirement = data.requirements[one.requirement];
      return h("tr", null, h("th", { scope: "row" }, badge(one.verdict), " ", h("a", { href: "#cases?requirement=" + address(one.requirement) }, h("code", null, one.requirement)),
        requirement && [h("br"), h("span", { class: "sub" }, requirement.statement)]),
      h("td", null, one.layer), h("td", null, one.boundary, one.times ? ` (${one.times} times)` : ""), h("td", null, h("code", null, one.observed)));
    }))));
}

function timeline(entry, detail) {
  if (!detail.trace.length) {
    return h("p", { class: "muted" }, detail.trace_omitted ? "The trace was left out to keep the report small; the command above shows it." : "Nothing was observed.");
  }
  const server = data.servers.find((one) => one.id === entry.server);
  const frame = h("div", { class: "scroll seqbox", tabindex: "0", role: "group", "aria-label": "Timeline" });
  const box = h("input", { type: "checkbox" });
  const paint = () => {
    const { svg } = drawing(detail.trace, detail.findings, box.checked, server);
    frame.replaceChildren(svg);
  };
  box.addEventListener("change", paint);
  paint();
  const note = detail.complete ? "" : "The trace is not complete: the run of this case broke off.";
  return [h("div", { class: "tools" }, h("label", null, box, " every boundary and observation"), h("span", null, "An arrow that passes a lane was passed on unchanged. Times are for drawing only."), note && h("b", null, note)), frame, wordsOf(detail.trace)];
}

// What the runs of an unstable case found that came to another answer than the one that counts.
function otherAttempts(entry, detail) {
  const others = detail.attempts.map((one, at) => ({ ...one, at })).filter((one) => one.verdict !== entry.verdict && (one.findings || one.reason));
  return others.map((one) => h("details", { class: "attempt" },
    h("summary", null, badge(one.verdict), ` Findings of attempt ${one.at + 1}`),
    one.reason && h("p", { class: "notice" }, one.reason),
    (one.findings || []).filter((finding) => !HELD.has(finding.verdict)).map(findingCard)));
}

function neighbour(step, entry) {
  const at = found.indexOf(entry);
  const other = at < 0 ? null : found[at + step];
  return other ? h("a", { href: caseHref(other), rel: step < 0 ? "prev" : "next" }, step < 0 ? "← previous" : "next →") : null;
}

async function showCase(entry) {
  const detail = await details(entry);
  const order = (finding) => ORDER.indexOf(finding.verdict);
  const findings = [...detail.findings].sort((a, b) => order(a) - order(b));
  const meta = [entry.kind, entry.section, entry.server, entry.route, detail.handler, `${entry.ms} ms`].filter(Boolean);
  const same = data.servers.length > 1 ? data.cases.filter((one) => one.id === entry.id && one !== entry) : [];
  byId("detail").replaceChildren(...[
    h("p", { class: "crumbs" }, h("a", { href: toHash(filterNow) }, "← All cases"), h("span", { class: "right" }, neighbour(-1, entry), neighbour(1, entry))),
    h("div", { class: "case-head" }, badge(entry.verdict), h("h3", null, entry.id), h("p", { class: "sentence" }, entry.title), h("p", { class: "meta" }, meta.join(" · ")),
      same.length ? h("p", { class: "meta" }, "Elsewhere: ", same.map((one) => [h("a", { href: caseHref(one) }, badge(one.verdict), " ", one.server), " "])) : null),
    detail.reason && h("p", { class: "notice" }, detail.reason),
    entry.unstable && h("p", { class: "notice edge-warn" }, "Unstable: run again alone, this case came to another answer."),
    detail.attempts.length > 1 && h("p", { class: "attempts" }, "Attempts: ", detail.attempts.map((one, at) => [at ? ", " : "", `${one.verdict} in ${one.duration_ms} ms`, one.times > 1 ? ` (${one.times} times)` : ""])),
    detail.reproduce && commandLine(detail.reproduce),
    entry.unstable && otherAttempts(entry, detail),
    h("h3", null, "Findings"),
    findings.length ? null : h("p", { class: "muted" }, "No requirement was judged."),
    findings.filter((one) => !HELD.has(one.verdict)).map(findingCard),
    heldTable(findings.filter((one) => HELD.has(one.verdict))),
    h("h3", null, "Timeline"),
    timeline(entry, detail),
  ].flat(Infinity).filter(Boolean));
}
