// The list of cases, the worst first; long lists grow on demand.
const PAGE = 150;
let found = data.cases;
let filterNow = new URLSearchParams();
let shown = 0;

function caseHref(entry) {
  return "#case/" + address(entry.key);
}

function row(entry) {
  const side = [entry.unstable ? "unstable" : "", entry.layer && entry.verdict !== "pass" ? entry.layer : "", data.servers.length > 1 ? entry.server : "", `${Math.round(entry.ms * 10) / 10} ms`];
  return h("li", null, h("a", { href: caseHref(entry) }, badge(entry.verdict), h("span", { class: "id" }, entry.id),
    h("span", { class: "side" }, side.filter(Boolean).join(" · ")), h("span", { class: "what" }, entry.title)));
}

function grow(count) {
  const next = found.slice(shown, shown + count);
  byId("list").append(...next.map(row));
  shown += next.length;
  byId("more").hidden = shown >= found.length;
  byId("more").textContent = `Show more (${(found.length - shown).toLocaleString("en")} left)`;
}

function showList(filter) {
  filterNow = filter;
  const form = byId("filters");
  toForm(form, filter);
  found = data.sorted.filter(matches(filter));
  shown = 0;
  byId("list").replaceChildren();
  const all = data.cases.length;
  byId("found").textContent = found.length === all ? `${all.toLocaleString("en")} cases` : `${found.length.toLocaleString("en")} of ${all.toLocaleString("en")} cases`;
  grow(PAGE);
}

function prepareList() {
  const form = byId("filters");
  prepareForm(form);
  found = data.sorted;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name !== "q") location.hash = toHash(fromForm(form, filterNow));
  });
  form.elements.q.addEventListener("input", () => {
    // Typing replaces the entry in the history: one step back leaves the search, not one letter of it.
    history.replaceState(history.state, "", toHash(fromForm(form, filterNow)));
    showList(fromForm(form, filterNow));
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    form.elements.q.value = "";
    location.hash = "#cases";
  });
  byId("more").addEventListener("click", () => grow(PAGE * 2));
}
