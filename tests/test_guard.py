"""The tests can't reach anything outside, nor send mail through a server of this machine."""

import smtplib
import socket
import urllib.request

import pytest

from tests.guard import OutsideSocket
from tests.mailserver import MailServer


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_a_connection_to_another_machine_is_refused(address: str):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(OutsideSocket):
        outside.connect((address, 443))


def test_a_name_is_not_even_looked_up():
    with pytest.raises(OutsideSocket):
        urllib.request.urlopen("http://example.org/", timeout=1)


@pytest.mark.parametrize("port", [25, 587])
def test_a_mail_server_of_this_machine_is_out_of_reach(port: int):
    with pytest.raises(OutsideSocket):
        smtplib.SMTP("127.0.0.1", port, timeout=1)


MAIL = """From: a@example.org
To: b@example.org
Subject: Bonjour
Date: Mon, 04 Jan 2027 12:00:00 -0500
Message-ID: <1@example.org>

Oui.
"""


def test_mail_reaches_the_server_of_the_test_only(smtp: MailServer):
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=5) as connection:
        connection.sendmail("a@example.org", "b@example.org", MAIL)
    assert smtp.only("b@example.org").subject == "Bonjour"


def test_the_server_of_the_test_can_refuse_somebody(smtp: MailServer):
    smtp.refuse_recipient = lambda address: "550 5.1.1 unknown" if "nobody" in address else None
    with (
        smtplib.SMTP("127.0.0.1", smtp.port, timeout=5) as connection,
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        connection.sendmail("a@example.org", "nobody@example.org", "Subject: Non\n\nNon.\n")
    assert smtp.mails == []
