"""The application: the only place where its parts are wired."""

import structlog
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from eventhub import cli, db, i18n, logs, web
from eventhub import outbox as _outbox  # noqa: F401  each model, for the metadata
from eventhub.accounts import models as _accounts  # noqa: F401
from eventhub.assemblies import models as _assemblies  # noqa: F401
from eventhub.events import models as _events  # noqa: F401
from eventhub.events import words
from eventhub.jobs import queue, registry
from eventhub.mail import models as _mail  # noqa: F401
from eventhub.networks import models as _networks  # noqa: F401
from eventhub.newsletters import models as _newsletters  # noqa: F401
from eventhub.people import models as _people  # noqa: F401
from eventhub.programme import models as _programme  # noqa: F401
from eventhub.registrations import models as _registrations  # noqa: F401
from eventhub.settings import Settings, tree
from eventhub.subscriptions import models as _subscriptions  # noqa: F401
from eventhub.web import health

log = structlog.get_logger()
csrf = CSRFProtect()


def create_app(settings: Settings) -> Flask:
    """Return the application, wired for these settings."""
    logs.init_logs(settings)
    app = Flask("eventhub", template_folder=str(tree("templates")))
    app.extensions["eventhub_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.site_url.startswith("https://"),
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        # Our pages with a secret in their address send no Referer, which this would ask for.
        WTF_CSRF_SSL_STRICT=False,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    db.init_db(app)
    db.after_commit(queue.ring)
    registry.load()
    i18n.init_i18n(app)
    app.jinja_env.filters.update(words.FILTERS)
    csrf.init_app(app)
    web.init_web(app, csrf)
    if settings.redis_url:
        health.add_check(app, "redis", lambda: queue.check(settings.redis_url))
    cli.init_cli(app)
    return app


def _engine_options(settings: Settings) -> dict[str, object]:
    shown: dict[str, object] = {"hide_parameters": True}  # an error's text names nobody
    if settings.database.startswith("sqlite"):
        return shown
    return shown | {
        "pool_size": settings.web_threads,
        "max_overflow": 4,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 5},
    }
