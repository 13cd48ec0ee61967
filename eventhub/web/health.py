"""`/healthz`: the process lives. `/readyz`: it can do its work, and how far the mail is behind."""

from collections.abc import Callable
from datetime import datetime

import structlog
from flask import Blueprint, Flask, Response, current_app, jsonify

from eventhub import clock, db, outbox
from eventhub.mail import sending

blueprint = Blueprint("health", __name__)
log = structlog.get_logger()


def add_check(app: Flask, name: str, check: Callable[[], None]) -> None:
    """Have `/readyz` call ``check``, which raises when ``name`` fails."""
    app.extensions.setdefault("eventhub_checks", {})[name] = check


@blueprint.get("/healthz")
def alive() -> tuple[Response, int]:
    """Answer, without touching anything else."""
    return _answer({"alive": True}, 200)


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Answer 200 when everything that this process needs works, else 503 with what fails."""
    checks: dict[str, Callable[[], None]] = {
        "database": db.check,
        "migrations": _check_migrations,
        **current_app.extensions.get("eventhub_checks", {}),
    }
    results = {name: _passes(name, check) for name, check in checks.items()}
    failing = sorted(name for name, passed in results.items() if not passed)
    body: dict[str, object] = {"ready": not failing, "failing": failing}
    if results["database"] and results["migrations"]:
        body["oldest_unsent_delivery_seconds"] = _age(sending.oldest_unsent())
        body["oldest_owed_task_seconds"] = _age(outbox.oldest_due())
    return _answer(body, 503 if failing else 200)


def _check_migrations() -> None:
    if not db.is_migrated():
        raise db.DatabaseFailed("the migrations are not at their head")


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001  whatever fails, the others are still told
        log.warning("not_ready", what=name, reason=type(error).__name__)
        return False
    return True


def _age(moment: datetime | None) -> int | None:
    return None if moment is None else max(0, round((clock.now() - moment).total_seconds()))


def _answer(body: dict[str, object], status: int) -> tuple[Response, int]:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response, status
