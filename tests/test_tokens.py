"""Tokens: right for one row, one purpose and one version; nothing else opens."""

import string

import pytest
from flask import Flask

from eventhub import tokens
from eventhub.app import create_app
from eventhub.settings import Settings

ID = "0123456789abcdef" * 2


def test_a_token_opens_its_own_row_purpose_and_version_only(app: Flask) -> None:
    with app.app_context():
        token = tokens.make("registration.manage", ID, 2)
        assert tokens.verify(token, "registration.manage", ID, 2)
        assert not tokens.verify(token, "subscription.unsubscribe", ID, 2)
        assert not tokens.verify(token, "registration.manage", ID, 3)
        assert not tokens.verify(token, "registration.manage", ID[::-1], 2)
        assert tokens.public_id_of(token) == ID


@pytest.mark.requirement("S5", "A8")
def test_a_token_carries_at_least_128_bits_and_only_url_safe_characters(app: Flask) -> None:
    with app.app_context():
        token = tokens.make("registration.manage", ID)
    mac = token.partition(".")[2]
    assert len(mac) * 6 >= 128
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")


@pytest.mark.parametrize("forged", ["", ".", ID, f"{ID}.", f"{ID}.x", "é" * 40, "\x00", "a" * 9999])
def test_a_forged_token_is_refused_without_a_fault(app: Flask, forged: str) -> None:
    with app.app_context():
        assert not tokens.verify(forged, "registration.manage", ID)
        assert len(tokens.public_id_of(forged)) <= 64


def test_a_token_of_an_earlier_key_still_opens_and_the_first_key_signs(app: Flask) -> None:
    settings: Settings = app.extensions["eventhub_settings"]
    with app.app_context():
        earlier = tokens.make("registration.manage", ID)
    turned = create_app(
        settings.model_copy(
            update={"secret_key": "new" * 12, "old_secret_keys": settings.secret_keys[0]}
        )
    )
    with turned.app_context():
        assert tokens.verify(earlier, "registration.manage", ID)
        assert tokens.make("registration.manage", ID) != earlier
