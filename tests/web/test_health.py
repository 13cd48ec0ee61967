"""`/healthz` and `/readyz`: what a load balancer and a person on call look at."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from eventhub import clock
from eventhub.db import db, transaction
from eventhub.mail import service
from tests.mailserver import free_port


def test_a_live_process_says_so_without_its_database(make_app: Callable[..., Flask]):
    app = make_app(database_url="sqlite:////nowhere/at/all.sqlite3")
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"alive": True})


def test_a_process_that_has_all_it_needs_is_ready(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["failing"] == []
    assert answer.json["oldest_unsent_delivery_seconds"] is None


def test_the_oldest_mail_that_did_not_leave_is_told_in_seconds(app, client):
    with app.app_context():
        clock.fix(clock.now() - timedelta(minutes=7))
        with transaction():
            service.owe("mail.test", subject_id=1, address="a@example.org", locale="fr", key="k")
        clock.fix(clock.now() + timedelta(minutes=7))
    body = client.get("/readyz").json
    assert body["oldest_unsent_delivery_seconds"] == 420
    assert body["oldest_owed_task_seconds"] == 420


def test_what_fails_is_named(make_app: Callable[..., Flask]):
    app = make_app(redis_url=f"redis://127.0.0.1:{free_port()}")
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["failing"]) == (503, ["redis"])


@pytest.mark.database("sqlite")
def test_a_database_that_is_away_or_not_migrated_is_named(make_app, tmp_path):
    away = make_app(database_url="sqlite:////nowhere/at/all.sqlite3")
    assert away.test_client().get("/readyz").json["failing"] == ["database", "migrations"]
    empty = make_app(database_url=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert empty.test_client().get("/readyz").json["failing"] == ["migrations"]
    with empty.app_context():
        db.session.remove()
