// The parts of the page by address: every part, case and filter is a link, and the back button works.
const root = document.documentElement;
const places = new Map();
let clicked = false;
let current = null;

function trouble(text) {
  byId("trouble").textContent = pictured(text);
  byId("trouble").hidden = !text;
}

async function go(first) {
  const hash = location.hash.slice(1);
  const [path, query] = hash.split("?", 2);
  trouble("");
  let view = path.startsWith("case/") ? "case" : path || "overview";
  let name = "";
  if (view === "cases") showList(new URLSearchParams(query || ""));
  if (view === "case") {
    let key = path.slice(5);
    try { key = decodeURIComponent(key); } catch { /* shown as it stands */ }
    const entry = data.byKey.get(key) || data.cases.find((one) => one.id === key);
    if (entry) { await showCase(entry); name = entry.id; } else { trouble(`This report has no case ${key}.`); view = "overview"; }
  }
  if (!document.querySelector(`main>section#${CSS.escape(view)}`)) view = "overview";
  for (const section of document.querySelectorAll("main>section")) section.classList.toggle("current", section.id === view);
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.getAttribute("href") === "#" + (view === "case" ? "cases" : view)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = document.querySelector(`#${view} [tabindex="-1"]`);
  document.title = pictured([name || (heading ? heading.textContent : view), title].join(" · "));
  const moved = current !== view || view === "case";
  current = view;
  if (first) return;
  scrollTo(0, clicked ? 0 : places.get(location.hash) || 0);
  // A filter keeps the focus where the hand is; a new part is announced by its heading.
  if (moved && heading) heading.focus({ preventScroll: true });
  clicked = false;
}

const title = document.title;

function theme(name) {
  if (name) root.dataset.theme = name;
  try {
    if (name) localStorage.setItem("asgi-conformance-theme", name);
    else if (localStorage.getItem("asgi-conformance-theme")) root.dataset.theme = localStorage.getItem("asgi-conformance-theme");
  } catch { /* a page opened from disk may have no storage */ }
}

theme("");
byId("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme(dark ? "light" : "dark");
});
document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest('a[href^="#"]');
  if (link) { places.set(location.hash, scrollY); clicked = true; }
});
addEventListener("scroll", () => places.set(location.hash, scrollY), { passive: true });
addEventListener("hashchange", () => go(false));
history.scrollRestoration = "manual";

(async () => {
  try {
    await open();
    prepareList();
    await go(true);
    root.dataset.ready = "yes";
    performance.mark("ready");
  } catch (problem) {
    document.querySelector("#overview").classList.add("current");
    trouble(`The cases cannot be shown: ${problem.message}. This page needs a browser with DecompressionStream (2023 or newer).`);
  }
})();
