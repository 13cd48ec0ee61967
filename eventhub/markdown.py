"""Markdown that a person typed, as safe HTML and as plain text."""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel"}
PAGE_HEADINGS = 2  # the page has h1 and h2 of its own: what a person types starts at h3
DEEPEST_HEADING = 6
KEPT = 256  # texts that a process keeps ready: a page shows the same one three times

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable(
    ["table", "strikethrough"]
)
_MARKED_UP = re.compile(r"[*_`\[\]<>&\\~|#]|^ {0,3}(?:[-+=]|\d+[.)])|^(?: {4}|\t)", re.MULTILINE)
_BLOCK_ENDS = {"paragraph_close", "heading_close", "tr_close"}


@lru_cache(maxsize=KEPT)
def to_html(source: str) -> Markup:
    """Return Markdown as HTML that is safe to show (A6).

    Raw HTML shows as text, pictures are left out (no page loads from a third party), links other
    than http, https, mailto and tel lose their target.
    """
    tokens = _parser.parse(source)
    _set_heading_levels(tokens)
    rendered = _parser.renderer.render(tokens, _parser.options, {})
    cleaned = nh3.clean(
        rendered,
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="noopener nofollow",
    )
    return Markup(cleaned)  # noqa: S704  nh3 has just cleaned it


@lru_cache(maxsize=KEPT)
def to_text(source: str) -> str:
    """Return Markdown as plain text for mails and calendars, with its links written out."""
    if not _MARKED_UP.search(source):  # most descriptions: no need to parse (a feed has thousands)
        plain = "\n".join(line.strip() for line in source.splitlines())
        return re.sub(r"\n{3,}", "\n\n", plain).strip()
    parts: list[str] = []
    depth = 0
    for token in _parser.parse(source):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            depth += 1
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            depth -= 1
            parts.append("" if depth else "\n")
        elif token.type == "list_item_open":
            mark = f"{token.info}{token.markup}" if token.info else "-"
            parts.append("  " * (depth - 1) + mark + " ")
        elif token.type == "inline":
            parts.append(_inline_text(token.children or []))
        elif token.type in {"fence", "code_block"}:
            parts.append(token.content + "\n")
        elif token.type in {"td_close", "th_close"}:
            parts.append(" ")
        elif token.type in _BLOCK_ENDS:
            parts.append("\n" if depth or token.type == "tr_close" else "\n\n")
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _set_heading_levels(tokens: list[Token]) -> None:
    """Start headings below the page's own, and skip no level: readers navigate by them."""
    used = sorted({token.tag for token in tokens if token.type == "heading_open"})
    above = PAGE_HEADINGS
    for token in tokens:
        if token.type == "heading_open":
            wanted = PAGE_HEADINGS + 1 + used.index(token.tag)
            above = min(wanted, above + 1, DEEPEST_HEADING)
            token.tag = f"h{above}"
        elif token.type == "heading_close":
            token.tag = f"h{above}"


def _inline_text(tokens: list[Token]) -> str:
    """Return the text of a line; a link's address follows its words unless they are the same."""
    parts: list[str] = []
    targets: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "link_open":
            targets.append((str(token.attrGet("href") or ""), len(parts)))
        elif token.type == "link_close":
            target, start = targets.pop()
            bare = target.removeprefix("mailto:").removeprefix("tel:")
            scheme = target.partition(":")[0].lower()
            if scheme in SCHEMES and "".join(parts[start:]) not in {target, bare}:
                parts.append(f" ({bare})")
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type in {"text", "code_inline", "image"}:
            parts.append(token.content)
    return "".join(parts)
