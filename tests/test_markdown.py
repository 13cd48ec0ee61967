"""Markdown as people type it: safe on a page, legible as plain text."""

import re

import pytest

from eventhub.markdown import to_html, to_text

DANGEROUS = re.compile(
    r"<(script|img)|<[^>]*\son\w+=|<[^>]*href=.\s*(javascript|data|vbscript)", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Bonjour à toutes.\n\nÀ bientôt - le 3!", "Bonjour à toutes.\n\nÀ bientôt - le 3!"),
        ("une ligne\net une autre  \n\n\n\nfin", "une ligne\net une autre\n\nfin"),
        ("# Titre\n\n**gras** et *doux*", "Titre\n\ngras et doux"),
        ("- un\n- deux\n  - trois\n\nfin", "- un\n- deux\n  - trois\n\nfin"),
        ("1. un\n2. deux", "1. un\n2. deux"),
        ("[le site](https://exemple.org)", "le site (https://exemple.org)"),
        ("<https://exemple.org>", "https://exemple.org"),
        ("[écrire](mailto:a@exemple.org)", "écrire (a@exemple.org)"),
        ("[ici](javascript:alert(1))", "[ici](javascript:alert(1))"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b \n1 2"),
        ("<b>x</b>", "<b>x</b>"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_text(source: str, text: str):
    assert to_text(source) == text


@pytest.mark.requirement("A6")
@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](  JAVASCRIPT:alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        "![a](https://pisteur.example/x.gif)",
        "<a href='javascript:alert(1)'>a</a>",
        "[a]: javascript:alert(1)\n\n[a]",
        '[a](https://x.example "onmouseover=alert(1)")',
    ],
)
def test_no_code_and_no_tracker_passes(source: str):
    html = to_html(source)
    assert not DANGEROUS.search(html)


@pytest.mark.requirement("S7")
@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("# Un\n\n## Deux", "34"),
        ("## Un\n\n## Deux", "33"),
        ("# Un\n\n#### Deux\n\n# Trois", "343"),
        ("#### Un\n\n# Deux", "33"),
        ("# 1\n\n## 2\n\n### 3\n\n#### 4\n\n##### 5", "34566"),
    ],
)
def test_headings_start_below_those_of_the_page_and_skip_no_level(source: str, levels: str):
    assert "".join(re.findall(r"<h(\d)>", to_html(source))) == levels


@pytest.mark.requirement("A16")
def test_a_very_long_or_deep_text_is_read_in_time():
    for source in ("*" * 20_000, "[" * 5_000, "> " * 5_000 + "x", "a " * 50_000, "- " * 3_000):
        to_html(source)
        to_text(source)
