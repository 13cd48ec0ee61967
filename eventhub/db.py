"""The database: models' base, the session, and the one place where work is committed."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, event, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from eventhub.settings import current_settings

MIGRATIONS = Path(__file__).parent / "migrations"
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not a moment")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every model."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: UtcDateTime},
    )


def public_id() -> str:
    """Return a new opaque identifier (32 hexadecimal digits): the only one that leaves."""
    return uuid.uuid4().hex


class Row:
    """Mixin: an internal key that never leaves, and an opaque public one that does."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-2)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id, sort_order=-1)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
session = db.session
migrate = Migrate()

_after_commit: list[Callable[[], None]] = []


class DatabaseFailed(Exception):
    """The database can't be reached or migrated. The message is one line fit for a terminal."""


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another: only the edge opens one, once a use case."""


def init_db(app: Flask) -> None:
    """Bind the database to the application, with its migrations."""
    db.init_app(app)
    migrate.init_app(
        app,
        db,
        directory=str(MIGRATIONS),
        render_as_batch=True,
    )


def after_commit(hook: Callable[[], None]) -> None:
    """Have ``hook`` called after every commit. It must not raise."""
    if hook not in _after_commit:
        _after_commit.append(hook)


@contextmanager
def transaction() -> Iterator[None]:
    """Run one use case: begin, commit once, roll back on any exception.

    The read transaction that the request may have opened is rolled back first. On SQLite the
    transaction begins IMMEDIATE: a read that turns into a write fails at once and would ignore
    the busy timeout. Raises NestedTransaction when one is already open.
    """
    current = session()
    if current.info.get("in_transaction"):
        raise NestedTransaction
    current.rollback()
    current.info["in_transaction"] = True
    try:
        current.connection(execution_options={"eventhub_immediate": True})
        yield
        current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info.pop("in_transaction", None)
    for hook in _after_commit:
        hook()


def insert_or_ignore(model: type[Base], **values: Any) -> int | None:
    """Insert a row unless its unique key is taken. Return its ``id`` (if it has one) or None."""
    insert = sqlite_insert if session().get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(model).values(values).on_conflict_do_nothing()
    if "id" not in model.__table__.columns:
        session.execute(statement)
        return None
    row_id: int | None = session.scalar(statement.returning(model.__table__.columns["id"]))
    return row_id


def check() -> None:
    """Raise DatabaseFailed when the database does not answer."""
    try:
        session.rollback()
        session.execute(text("SELECT 1"))
        session.rollback()
    except SQLAlchemyError as error:
        raise _failed("the database can't be reached", error) from None


def upgrade() -> None:
    """Bring the schema to the newest form. Raises DatabaseFailed."""
    settings = current_settings()
    try:
        if not settings.database_url:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        session.remove()
        command.upgrade(_alembic(), "head")
    except OSError as error:
        raise DatabaseFailed(
            f"DATA_DIR: the folder {settings.data_dir} can't be written ({error.strerror})"
        ) from None
    except CommandError as error:
        raise DatabaseFailed(f"the migrations don't fit the database: {error}") from None
    except SQLAlchemyError as error:
        raise _failed("the database can't be migrated", error) from None


def is_migrated() -> bool:
    """Tell whether the schema has the newest form. Raises DatabaseFailed."""
    try:
        with db.engine.connect() as connection:
            present = set(MigrationContext.configure(connection).get_current_heads())
    except SQLAlchemyError as error:
        raise _failed("the database can't be read", error) from None
    return present == _newest()


def close_connections() -> None:
    """Close what this process holds open, before it forks."""
    session.remove()
    for engine in db.engines.values():
        engine.dispose()


def _alembic() -> Config:
    config = Config(str(MIGRATIONS / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _newest() -> set[str]:
    return set(ScriptDirectory.from_config(_alembic()).get_heads())


def _failed(what: str, error: SQLAlchemyError) -> DatabaseFailed:
    cause = str(getattr(error, "orig", None) or type(error).__name__).strip()
    return DatabaseFailed(f"DATABASE_URL: {what} ({cause.splitlines()[0].strip()[:160]})")


def drop_inherited_connections() -> None:
    """Forget the connections of the parent process. Call first thing after a fork."""
    for engine in db.engines.values():
        engine.dispose(close=False)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: ConnectionPoolEntry) -> None:
    """Set SQLite up: WAL, foreign keys, patience; and leave BEGIN to us."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    # SQLite's own lower() knows ASCII only: a search would miss "Élise" here alone.
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=15000",
        "foreign_keys=ON",
        "cache_size=-16000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _lower(value: str | None) -> str | None:
    return value.lower() if value is not None else None


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Begin IMMEDIATE inside ``transaction()``, deferred for reads."""
    if connection.dialect.name == "sqlite":
        immediate = connection.get_execution_options().get("eventhub_immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
