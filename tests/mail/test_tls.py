"""Mail leaves over TLS only to a server whose certificate somebody vouches for."""

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from eventhub.db import transaction
from eventhub.jobs import tasks
from eventhub.mail import service
from eventhub.mail.models import Delivery
from tests import factories
from tests.mail.unruly import UnrulyServer

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("TLS tests (openssl is not installed)")
    found = tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(found.with_suffix(".key")), "-out", str(found)]
    subprocess.run(command, check=True, capture_output=True)
    return found


@pytest.fixture
def secure(certificate: Path) -> Iterator[UnrulyServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with UnrulyServer(lambda _command: "", context) as server:
        yield server


def deliver_one(app: Flask) -> str:
    with app.app_context():
        with transaction():
            delivery = service.owe(
                "mail.test", subject_id=1, address="lea@example.org", locale="fr", key="tls"
            )
        tasks.run_owed()
        assert delivery is not None
        return factories.reload(delivery).state


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    make_app: Callable[..., Flask], secure: UnrulyServer
):
    app = make_app(mail_port=secure.port, mail_use_ssl=True)
    assert deliver_one(app) == "deferred"
    assert secure.contents == []


def test_a_certificate_that_is_trusted_gets_the_mail(
    make_app: Callable[..., Flask],
    secure: UnrulyServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    app = make_app(mail_port=secure.port, mail_use_ssl=True)
    assert deliver_one(app) == "sent"
    assert len(secure.contents) == 1


def test_a_server_without_starttls_gets_nothing_in_clear(make_app: Callable[..., Flask]):
    with UnrulyServer(lambda _command: "") as server:
        app = make_app(mail_port=server.port, mail_use_tls=True)
        assert deliver_one(app) == "deferred"
        assert factories.count(Delivery, state="deferred") == 1
    assert server.contents == []
