"""The migrations: from nothing, to exactly what the models say, and back."""

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from eventhub.app import create_app
from eventhub.db import db
from eventhub.settings import Settings
from tests.databases import Database

pytestmark = pytest.mark.usefixtures("context")


def differences() -> list[object]:
    """What Alembic would have to change in the database to match the models."""
    with db.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), db.metadata))


def test_the_migrated_database_is_what_the_models_say():
    assert differences() == []


def test_the_migrations_can_be_undone_and_run_again(app: Flask, database: Database):
    url = database.clone("migrations_back_and_forth")
    other = create_app(Settings(database_url=url, secret_key="migrations"))
    with other.app_context():
        flask_migrate.downgrade(revision="base")
        flask_migrate.upgrade()
        assert differences() == []
        db.engine.dispose()
