"""What a request may hold: no NUL anywhere, and as a place to go next only a path of this site."""

from urllib.parse import urlsplit

from flask import Flask, abort, request


def init_safety(app: Flask) -> None:
    """Refuse a NUL in an address or a form: PostgreSQL knows no such text, SQLite would keep it."""

    @app.before_request
    def refuse_nul() -> None:
        typed = [request.path]
        for pairs in (request.args, request.form):
            for name, value in pairs.items(multi=True):
                typed += [name, value]
        if any("\x00" in text for text in typed):
            abort(400)


def local_path(target: str, default: str = "/") -> str:
    """Return ``target`` when it is a path of this site, ``default`` otherwise (A7)."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return default
    if any(ord(c) < 32 for c in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target
