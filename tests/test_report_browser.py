"""The HTML report in a real browser: opened from disk, it works, asks for nothing and executes nothing foreign."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sample_cases import HOSTILE
from sample_report import sample

from asgi_conformance.report import write

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome") or ""
_AXE = (os.environ.get("AXE_CORE", ""), str(Path(__file__).parent.parent / "node_modules/axe-core/axe.min.js"))
AXE = next((path for path in _AXE if path and Path(path).is_file()), "")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is missing (install it, or set CHROMIUM_PATH)"),
]
FAILING = "close.client.code[4001-bye]"
VIEWS = ("", "#routes", "#cases", "#close-codes", "#states", "#requirements", "#servers", "#run")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    samples: dict[str, dict[str, Any]] = {
        "plain": {},
        "two": {"servers": 2},
        "hostile": {"hostile": True, "servers": 2},
        "large": {"cases": 5000},
    }
    for name, given in samples.items():
        write(sample(**given), folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in samples}


@pytest.fixture
def trouble() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, trouble: list[str]) -> Iterator[Any]:
    """A page that is watched: no message on the console, no exception, no request but the file itself."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = context.new_page()
    found.on("console", lambda message: trouble.append(f"console: {message.text}"))
    found.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    found.on("dialog", lambda dialog: trouble.append(f"dialog: {dialog.message}"))
    found.on("request", lambda request: trouble.append(f"request: {request.url}") if _outside(request.url) else None)
    yield found
    context.close()
    assert trouble == []


def _outside(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


def opened(page: Any, url: str, address: str = "") -> Any:
    page.goto("about:blank")
    page.goto(url + address)
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def view(page: Any) -> str:
    return str(page.evaluate("document.querySelector('main>section.current').id"))


def rows(page: Any) -> list[str]:
    return [str(text) for text in page.locator("#list .id").all_inner_texts()]


def test_it_opens_from_disk(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"])
    assert view(page) == "overview"
    assert page.locator(".headline").inner_text() == "Does not conform"
    for address in VIEWS:
        page.evaluate(f"location.hash = '{address}'")
        page.wait_for_function(f"document.querySelector('main>section.current').id === '{address[1:] or 'overview'}'")


def test_five_thousand_cases_are_listed_in_portions(page: Any, files: dict[str, str]) -> None:
    opened(page, files["large"], "#cases")
    page.wait_for_selector("#list li")
    assert page.locator("#found").inner_text() == "5,000 cases"
    assert page.locator("#list li").count() == 150
    page.click("#more")
    assert page.locator("#list li").count() == 450


def test_search_narrows_and_its_address_shows_the_same(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"], "#cases")
    page.fill("#filters [name=q]", "client.code 4001")
    page.wait_for_function("document.querySelectorAll('#list li').length === 2")
    assert "q=client.code" in page.url
    opened(page, page.url)
    assert len(rows(page)) == 2
    assert page.input_value("#filters [name=q]") == "client.code 4001"


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("cause=1", 6),
        ("verdict=fail", 9),
        ("verdict=fail,warn", 14),
        ("layer=middleware&verdict=fail", 6),
        ("section=route", 40),
        ("requirement=asgi.send.after-end", 1),
        ("kind=route&verdict=skip", 10),
        ("route=%2Fws%2Ffeed", 10),
        ("code=client%3A4001", 2),
        ("unstable=1", 1),
        ("edge=1.1-2.1", 7),
        ("verdict=fail&q=nothing-like-it", 0),
    ],
)
def test_every_filter_is_a_link(page: Any, files: dict[str, str], address: str, count: int) -> None:
    opened(page, files["plain"], f"#cases?{address}")
    assert len(rows(page)) == count


def test_a_transition_is_a_link(page: Any, files: dict[str, str]) -> None:
    """The map of states leads to the cases that took a transition."""
    opened(page, files["plain"], "#states")
    link = page.locator("a[href*='transition=']").first.get_attribute("href")
    opened(page, files["plain"], link)
    transition = unquote(link.partition("transition=")[2])
    took = [case["id"] for case in sample()["cases"] if transition in case["tags"].get("transitions", ())]
    assert took
    assert sorted(rows(page)) == sorted(took)


def test_an_unstable_case_shows_what_its_other_attempts_found(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"], "#case/state.walk[30]")
    page.wait_for_selector("#case details.attempt")
    assert page.locator("#case details.attempt summary").inner_text().endswith("Findings of attempt 1")
    assert not page.locator("text=2 disconnects, in the first attempt").is_visible()
    page.click("#case details.attempt summary")
    assert page.locator("text=2 disconnects, in the first attempt").is_visible()


def test_filters_by_hand(page: Any, files: dict[str, str]) -> None:
    opened(page, files["two"], "#cases")
    page.check("#filters [name=verdict][value=fail]", force=True)
    page.wait_for_function("location.hash.includes('verdict=fail')")
    page.select_option("#filters [name=server]", "uvicorn-wsproto")
    page.wait_for_function("location.hash.includes('server=uvicorn-wsproto')")
    assert len(rows(page)) == 9
    page.click("#filters [type=reset]")
    page.wait_for_function("location.hash === '#cases'")
    assert page.locator("#found").inner_text() == "302 cases"


def test_a_case_has_a_link_and_the_back_button_works(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"])
    page.click("text=6 cases")
    page.wait_for_function("document.querySelectorAll('#list li').length === 6")
    filtered = page.url
    page.click(f"#list >> text={FAILING}")
    page.wait_for_selector("#case.current svg.seq")
    assert page.evaluate("document.activeElement.id") == "h-case"
    case = page.url
    page.go_back()
    page.wait_for_selector("#cases.current")
    assert page.url == filtered
    assert len(rows(page)) == 6
    page.go_back()
    page.wait_for_selector("#overview.current")
    page.go_forward()
    page.go_forward()
    page.wait_for_selector("#case.current")
    assert page.url == case
    opened(page, case)
    assert FAILING in page.title()
    assert page.locator("#case h3").first.inner_text() == FAILING


def test_a_case_shows_all_of_it(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"], f"#case/{FAILING}")
    words = page.locator("#case").inner_text()
    for said in (
        "The handler's WebSocketDisconnect carries",
        "ASGI WebSocket specification, Disconnect",
        "pytest --target=app.main:app --case='close.client.code[4001-bye]'",
        "app.mw.CloseRewriter (app/mw.py:12)",
    ):
        assert said in words
    assert page.locator(".beside mark").all_inner_texts() == ["4001", "1000"]
    assert page.locator("svg.seq .lanename").all_text_contents() == [
        *("Client", "Server", "Middleware", "Framework", "Application")
    ]
    assert page.locator("svg.seq .hot .lab").text_content() == "disconnect 1000 'bye'"
    assert "changed by CloseRewriter" in page.locator("svg.seq .pill text").all_text_contents()
    page.check("#case .tools input")
    assert page.locator("svg.seq .lanename").count() == 8
    assert page.locator("#case .words li").count() == 41
    assert page.locator("#case .held tbody tr").count() == 1


def test_an_unknown_case_says_so(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"], "#case/no.such")
    assert page.locator("#trouble").inner_text() == "This report has no case no.such."
    assert view(page) == "overview"


def test_the_theme_can_be_switched(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"])
    before = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before


def test_keyboard_alone_reaches_a_case(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"], "#cases?verdict=error")
    page.focus("#list a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#case.current")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "← All cases"


def test_nothing_sticks_out_sideways(page: Any, files: dict[str, str]) -> None:
    for address in (*VIEWS, f"#case/{FAILING}"):
        opened(page, files["plain"], address)
        for width in (360, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_print_shows_every_part_but_the_list(page: Any, files: dict[str, str]) -> None:
    opened(page, files["plain"])
    page.emulate_media(media="print")
    assert page.locator("#states").is_visible()
    assert page.locator("#requirements").is_visible()
    assert not page.locator("#filters").is_visible()


def test_without_scripts_the_overview_and_the_maps_are_there(browser: Any, files: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["plain"])
    for part in ("#overview", "#routes", "#close-codes", "#states", "#requirements", "#servers", "#run", "noscript"):
        assert page.locator(part).is_visible()
    assert not page.locator("#cases").is_visible()
    context.close()


def test_a_hostile_report_executes_nothing(page: Any, files: dict[str, str]) -> None:
    opened(page, files["hostile"])
    for address in VIEWS:
        opened(page, files["hostile"], address)
        assert page.evaluate("window.pwned") is None
    links = "[...document.querySelectorAll('#routes .ways a, #routes .d a')]"
    keys = page.evaluate(f"{links}.map(a => a.getAttribute('href'))")
    hostile = [key for key in keys if key.startswith("#case/hostile")]
    assert len(hostile) == 2 * len(HOSTILE)
    for key in hostile:
        opened(page, files["hostile"], key)
        assert view(page) == "case"
        page.check("#case .tools input")
        assert page.locator("#case svg.seq").is_visible()
        assert page.evaluate("window.pwned") is None
        assert page.locator("#detail script, #detail img, #detail [onload], #detail [onerror]").count() == 0
    opened(page, files["hostile"], "#cases?q=" + "%3Cscript%3E")
    assert len(rows(page)) > 0


def test_the_policy_stops_a_script_that_would_get_in(browser: Any, files: dict[str, str]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(files["plain"])
    page.wait_for_selector("html[data-ready]", state="attached")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.pwned = 1";
        document.body.append(script);
        const image = document.createElement("img");
        image.setAttribute("onerror", "window.pwned = 1");
        image.src = "https://example.invalid/x";
        document.body.append(image);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    context.close()


@pytest.mark.skipif(not AXE, reason="axe-core is missing (npm install axe-core, or set AXE_CORE)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing(browser: Any, files: dict[str, str], scheme: str, width: int) -> None:
    # The page's own policy forbids the checker as it forbids everything: only here it is set aside.
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for address in (*VIEWS, f"#case/{FAILING}@uvicorn-wsproto"):
        opened(page, files["two"], address)
        page.evaluate(Path(AXE).read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], address
    context.close()
