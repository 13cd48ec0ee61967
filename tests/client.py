"""Flask's test client, as a browser would behave with forms: it sends the CSRF token along."""

import re
import secrets
from typing import Any

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse


class FormClient(FlaskClient):
    """A client whose POSTs of form data carry a valid CSRF token, unless `csrf=False`."""

    def open(self, *arguments: Any, csrf: bool = True, **named: Any) -> TestResponse:
        """Send a request."""
        data = named.get("data")
        posts_form = (
            named.get("method") == "POST"
            and "json" not in named
            and (data is None or isinstance(data, dict))
        )
        if csrf and posts_form:
            named["data"] = MultiDict({"csrf_token": self._csrf_token()})
            named["data"].update(data or {})
        return super().open(*arguments, **named)

    def _csrf_token(self) -> str:
        with self.session_transaction() as session:
            if "csrf_token" not in session:
                session["csrf_token"] = secrets.token_hex(20)
            raw = session["csrf_token"]
        key = self.application.secret_key
        assert key is not None
        return URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(raw)


def hidden_value(page: TestResponse, name: str) -> str:
    """The value of a hidden field on a page: a form's own key, for example."""
    for tag in re.findall(r"<input[^>]*>", page.text):
        if f'name="{name}"' in tag:
            value = re.search(r'value="([^"]*)"', tag)
            assert value is not None
            return value[1]
    raise AssertionError(f"no field {name!r} on the page")
