"""Settings: one typed object, read once from the environment, handed to ``create_app``."""

import secrets
from pathlib import Path
from typing import Literal

from flask import current_app
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PACKAGE = Path(__file__).parent


class SettingsError(Exception):
    """A setting is wrong. The message is one line fit for a terminal."""


class Settings(BaseSettings):
    """Every variable that the environment may set, with its default and its meaning."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the web server listens on.")
    data_dir: Path = Field(Path("var"), description="Folder of the database, secrets and files.")
    base_url: str = Field("", description="Public address of the site; default http://HOST:PORT.")
    database_url: str = Field("", description="SQLAlchemy address; default SQLite in DATA_DIR.")
    redis_url: str = Field("", description="Redis address; empty: an embedded Valkey is started.")
    secret_key: str = Field("", description="Signs every token; default: made once in DATA_DIR.")
    old_secret_keys: str = Field("", description="Earlier keys still accepted, comma-separated.")

    mail_server: str = Field("", description="SMTP server; empty: the local mail catcher.")
    mail_port: int = Field(25, ge=1, le=65535, description="SMTP port.")
    mail_use_tls: bool = Field(False, description="STARTTLS, with the certificate verified.")
    mail_use_ssl: bool = Field(False, description="TLS from the first byte (port 465).")
    mail_username: str = Field("", description="SMTP user.")
    mail_password: str = Field("", description="SMTP password.")
    mail_default_sender: str = Field(
        "eventhub@localhost.localdomain",
        description="Sender address of mails that belong to no network.",
    )
    mail_timeout: int = Field(30, ge=1, le=600, description="SMTP time limit, in seconds.")
    mail_domain: str = Field(
        "",
        description="Domain of Message-ID and calendar UID; default: BASE_URL's host.",
    )

    lease_seconds: int = Field(
        120,
        ge=1,
        le=3600,
        description="After this, what a process that vanished held is taken back.",
    )
    workers: int = Field(2, ge=1, le=64, description="RQ workers that `eventhub up` starts.")
    web_workers: int = Field(1, ge=1, le=64, description="Processes of the web server.")
    web_threads: int = Field(8, ge=1, le=256, description="Threads in each web process.")
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="Reverse proxies in front whose X-Forwarded-* are believed.",
    )
    rate_limits: bool = Field(True, description="Limit how often one address may post forms.")
    demonstration: bool | None = Field(
        None,
        description="`eventhub up` loads the demonstration; default: when MAIL_SERVER is empty.",
    )
    local_mailbox: bool = Field(
        False,
        description="Set by `eventhub up` without MAIL_SERVER: /dev/mailbox shows every mail.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the structured logs."
    )

    @field_validator("base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _psycopg_driver(cls, value: str) -> str:
        for scheme in ("postgres://", "postgresql://"):
            if value.startswith(scheme):
                return "postgresql+psycopg://" + value.removeprefix(scheme)
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with postgresql:// or sqlite:///")
        return value

    @property
    def site_url(self) -> str:
        """The public address of the site, without a trailing slash."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::"} else self.host  # noqa: S104
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def database(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'eventhub.sqlite3'}"

    @property
    def identity_domain(self) -> str:
        """The domain of Message-ID and UID: permanent, whatever host a request names."""
        host = self.site_url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
        return self.mail_domain or host

    @property
    def secret_keys(self) -> list[str]:
        """The signing keys, the one in use first."""
        old = [key for key in self.old_secret_keys.split(",") if key]
        return [self.secret_key or _kept_secret(self.data_dir), *old]


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError, naming the variable, when a value is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None


def current_settings() -> Settings:
    """Return the settings of the running application."""
    settings: Settings = current_app.extensions["eventhub_settings"]
    return settings


def tree(name: str) -> Path:
    """Return ``templates`` or ``emails``: in the wheel's package, or beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def _kept_secret(data_dir: Path) -> str:
    """Return the key kept in the data folder, made on first use."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = data_dir / f".secret_key.{secrets.token_hex(4)}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                path.hardlink_to(draft)  # fails if another process was first: keep theirs
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"DATA_DIR: the folder {data_dir} can't be written ({error.strerror})"
        ) from None
