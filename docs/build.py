"""Build the documentation: ``python docs/build.py [FOLDER]`` writes the generated pages and renders all into FOLDER.

``--check`` writes nothing: it says what is not current, which link leads nowhere and which page the index leaves out,
and ends with 1 where there is something.
"""

from __future__ import annotations

import argparse
import html
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalogues import PAGES
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# Read in this order where the index has none; with the name that each has in the site.
BESIDE = {
    "README.md": "readme.html",
    "CONTRIBUTING.md": "contributing.html",
    "CHANGELOG.md": "changelog.html",
    "reports/README.md": "reports.html",
    "targets/README.md": "targets.html",
    "targets/broken/README.md": "broken-targets.html",
    "conformance/asgi_conformance/child/PROTOCOL.md": "wire-format.html",
}
# Linked files that are no pages are copied there.
FILES = "files"


@dataclass(frozen=True)
class Page:
    """One page: its path in the repository and in the site, its title, what it is made of and its anchors."""

    path: str
    address: str
    title: str
    tokens: list[Token]
    anchors: frozenset[str]

    def links(self) -> Iterator[tuple[Token, str]]:
        """Its links, in order, each with the token that holds it."""
        for token in self.tokens:
            for child in token.children or ():
                for name in ("href", "src"):
                    if child.attrGet(name) is not None:
                        yield child, str(child.attrGet(name))


def parser() -> MarkdownIt:
    """What reads a page. Markup within pages is our own, so it passes."""
    return MarkdownIt("commonmark", {"html": True}).enable("table")


def load() -> dict[str, Page]:
    """All pages by their path in the repository."""
    addresses = {f"docs/{path.name}": f"{path.stem}.html" for path in sorted(DOCS.glob("*.md"))} | BESIDE
    return {path: _page(path, address) for path, address in addresses.items()}


def _page(path: str, address: str) -> Page:
    tokens = parser().parse((ROOT / path).read_text("utf-8"))
    title, anchors, seen = "", set(), dict[str, int]()
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            text = "".join(child.content for child in token.children or ())
            title = title or text
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            seen[slug] = seen.get(slug, -1) + 1
            slug = f"{slug}-{seen[slug]}" if seen[slug] else slug
            before.attrSet("id", slug)
            anchors.add(slug)
    for token in tokens:
        anchors |= set(re.findall(r'<a id="([^"]+)">', token.content))
    return Page(path, address, title, tokens, frozenset(anchors))


def stale() -> list[str]:
    """The generated pages that are not what the data say."""
    return [name for name in PAGES if not (DOCS / name).is_file() or (DOCS / name).read_text("utf-8") != _written(name)]


def _written(name: str) -> str:
    return "\n".join(PAGES[name]()) + "\n"


def wrong_links(pages: dict[str, Page]) -> Iterator[str]:
    """What is wrong with the links of all pages, a line each. Addresses elsewhere are only read, never called."""
    for page in pages.values():
        for _, link in page.links():
            problem = _problem(page, link, pages)
            if problem:
                yield f"{page.path}: {link}: {problem}"


def _problem(page: Page, link: str, pages: dict[str, Page]) -> str:
    parts = urlsplit(link)
    if parts.scheme:
        right = parts.scheme in ("http", "https") and re.fullmatch(r"[\w.-]+\.\w+(:\d+)?", parts.netloc)
        return "" if right and not re.search(r"\s", link) else "no address of the web"
    path = _target(page, link)
    if not path or not (ROOT / path).exists():
        return "there is no such file"
    to = _page_at(path, pages)
    return "the page has no such anchor" if parts.fragment and (not to or parts.fragment not in to.anchors) else ""


def _target(page: Page, link: str) -> str:
    """The path in the repository to which a relative link leads, '' where it leads out of it."""
    path = unquote(urlsplit(link).path)
    found = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path)) if path else page.path
    return "" if found.startswith("..") else found


def _page_at(path: str, pages: dict[str, Page]) -> Page | None:
    return pages.get(path) or pages.get(f"{path}/README.md")


def reading_order(pages: dict[str, Page]) -> list[Page]:
    """The pages as the index names them, itself first."""
    index = pages["docs/index.md"]
    order = [index]
    for _, link in index.links():
        page = None if urlsplit(link).scheme else _page_at(_target(index, link), pages)
        if page and page not in order:
            order.append(page)
    return order


def problems() -> list[str]:
    """All that is wrong with the documentation, a line each."""
    pages = load()
    found = [f"docs/{name} is not current: python docs/build.py" for name in stale()]
    found += wrong_links(pages)
    listed = reading_order(pages)
    return found + [f"docs/index.md does not name {page.path}" for page in pages.values() if page not in listed]


def render(folder: Path) -> int:
    """Write the site; how many pages it has."""
    pages = load()
    template = Environment(
        loader=FileSystemLoader(DOCS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("page.html.j2")
    folder.mkdir(parents=True, exist_ok=True)
    order = reading_order(pages)
    for page in pages.values():
        for token, link in page.links():
            if not urlsplit(link).scheme:
                name = "href" if token.attrGet("href") is not None else "src"
                token.attrSet(name, _in_site(page, link, pages, folder))
        body = parser().renderer.render(page.tokens, parser().options, {})
        body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
        text = template.render(page=page, order=order, body=body, title=html.unescape(page.title))
        folder.joinpath(page.address).write_text(text, "utf-8")
    return len(pages)


def _in_site(page: Page, link: str, pages: dict[str, Page], folder: Path) -> str:
    path, fragment = _target(page, link), urlsplit(link).fragment
    to = _page_at(path, pages)
    if to is None and (ROOT / path).is_file():
        copy = folder / FILES / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
        return f"{FILES}/{path}"
    return (to.address if to else "index.html") + (f"#{fragment}" if fragment else "")


def main() -> int:
    """Build or check; the exit status."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", nargs="?", type=Path, default=ROOT / "site", help="where the site goes")
    arguments.add_argument("--check", action="store_true", help="write nothing, and say what is wrong")
    given = arguments.parse_args()
    if not given.check:
        for name in stale():
            DOCS.joinpath(name).write_text(_written(name), "utf-8")
            print(f"wrote docs/{name}")
    found = problems()
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    if not found and not given.check:
        print(f"{render(given.folder)} pages in {given.folder}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
