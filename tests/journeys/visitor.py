"""A person with a browser that runs no script: opens pages, fills forms in, presses buttons.

What works for a visitor works without JavaScript. Fields are named as in the HTML; buttons and
links by their words.
"""

import http.client
import http.cookiejar
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

from eventhub.web.public_forms import SHORTEST

#: Longer than what forms take for a robot's haste, whole seconds being counted.
HUMAN_SECONDS = SHORTEST.total_seconds() + 1


@dataclass
class Form:
    """A form of a page: where it goes, what it holds already, and its buttons."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # words, name, value

    def filled(self, given: dict[str, str | list[str]]) -> list[tuple[str, str]]:
        """What is sent: the form's own values, with those given in their place."""
        unknown = set(given) - self.names
        assert not unknown, f"no field {sorted(unknown)} in the form; it has {sorted(self.names)}"
        kept = [(name, value) for name, value in self.values if name not in given]
        for name, value in given.items():
            kept += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return kept


class _Page(HTMLParser):
    """Reads a page's words, links and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._link: tuple[str, list[str]] | None = None
        self._button: tuple[Form, dict[str, str], list[str]] | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._textarea: tuple[str, list[str]] | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "head", "template"}:
            self._silent += 1
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
            if "id" in given:
                self.by_id[given["id"]] = self._form
        elif tag == "a" and "href" in given:
            self._link = given["href"], []
        form = self.by_id.get(given.get("form", ""), self._form)
        if form is None:
            return
        if tag == "input":
            self._input(form, given)
        elif tag == "button" and given.get("type", "submit") == "submit":
            self._button = form, given, []
        elif tag == "select":
            self._select = given.get("name", ""), []
            form.names.add(given.get("name", ""))
        elif tag == "option" and self._select is not None:
            self._select[1].append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self._textarea = given.get("name", ""), []
            form.names.add(given.get("name", ""))

    def _input(self, form: Form, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if not name or "disabled" in given:
            return
        if kind == "submit":
            form.buttons.append((given.get("value", ""), name, given.get("value", "")))
            return
        form.names.add(name)
        if kind in {"checkbox", "radio"}:
            if "checked" in given:
                form.values.append((name, given.get("value", "on")))
            return
        form.values.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "head", "template"}:
            self._silent -= 1
        if tag == "form":
            self._form = None
        elif tag == "a" and self._link is not None:
            self.links.append((_tidy(self._link[1]), self._link[0]))
            self._link = None
        elif tag == "button" and self._button is not None:
            form, given, words = self._button
            form.buttons.append((_tidy(words), given.get("name", ""), given.get("value", "")))
            self._button = None
        elif tag == "select" and self._select is not None and self.forms:
            name, options = self._select
            chosen = [value for value, selected in options if selected] or [
                value for value, _ in options[:1]
            ]
            self.forms[-1].values += [(name, value) for value in chosen]
            self._select = None
        elif tag == "textarea" and self._textarea is not None and self.forms:
            name, text = self._textarea
            self.forms[-1].values.append(
                (name, "".join(text).removeprefix("\r").removeprefix("\n"))
            )
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._textarea[1].append(data)
            return
        if self._link is not None:
            self._link[1].append(data)
        if self._button is not None:
            self._button[2].append(data)
        if not self._silent:
            self.words.append(data)


class Visitor:
    """One person and their cookies."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.url = site
        self.status = 0
        self.html = ""
        self.body = b""
        self.headers = http.client.HTTPMessage()
        self._page = _Page()
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    @property
    def words(self) -> str:
        """The words of the page, spaces folded."""
        return _tidy(self._page.words)

    def open(self, address: str) -> "Visitor":
        """Open a page, by its path or its whole address."""
        return self._ask(urllib.request.Request(urllib.parse.urljoin(self.url, address)))

    def follow(self, words: str) -> "Visitor":
        """Follow the first link with these words in it."""
        for text, address in self._page.links:
            if words in text:
                return self.open(address)
        raise AssertionError(f"no link {words!r} on {self.url}: {self._page.links}")

    def has_button(self, words: str) -> bool:
        """Whether the page has a button with these words."""
        return any(words in text for form in self._page.forms for text, _, _ in form.buttons)

    def press(self, words: str, **given: str | list[str]) -> "Visitor":
        """Fill the form that has this button in, and press the button."""
        for form in self._page.forms:
            for text, name, value in form.buttons:
                if words in text:
                    return self._submit(form, form.filled(given), name, value)
        known = [text for form in self._page.forms for text, _, _ in form.buttons]
        raise AssertionError(f"no button {words!r} on {self.url} ({self.status}): {known}")

    @property
    def forms(self) -> list[Form]:
        """The forms of the page."""
        return self._page.forms

    def take_time(self) -> "Visitor":
        """Read and type as a person does: what is sent faster is taken for a robot's."""
        time.sleep(HUMAN_SECONDS)
        return self

    def submit(self, form: Form, **given: str | list[str]) -> "Visitor":
        """Fill a form in and send it with its first button."""
        _, name, value = form.buttons[0]
        return self._submit(form, form.filled(given), name, value)

    def field(self, name: str) -> str:
        """What a field of the page holds."""
        for form in self._page.forms:
            for known, value in form.values:
                if known == name:
                    return value
        raise AssertionError(f"no field {name!r} on {self.url}")

    def _submit(
        self, form: Form, values: list[tuple[str, str]], name: str, value: str
    ) -> "Visitor":
        if name:
            values = [*values, (name, value)]
        query = urllib.parse.urlencode(values)
        address = urllib.parse.urljoin(self.url, form.action or self.url)
        if form.method == "get":
            return self.open(address.partition("?")[0] + "?" + query)
        request = urllib.request.Request(address, data=query.encode(), method="POST")
        request.add_header("Referer", self.url)
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> "Visitor":
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.body = answer.read()
            self.status, self.url, self.headers = answer.status, answer.url, answer.headers
        assert self.status < 500, f"{self.url} answered {self.status}"
        self._page = _Page()
        self.html = ""
        if "html" in self.headers.get("Content-Type", ""):
            self.html = self.body.decode()
            self._page.feed(self.html)
        return self


def _tidy(parts: list[str]) -> str:
    return " ".join("".join(parts).replace("\u00a0", " ").split())
