"""HTML pages: one module per subject, thin. Parse, call one service, answer."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect


def init_web(app: Flask, csrf: CSRFProtect) -> None:
    """Register every blueprint, the error pages and the response headers."""
    from eventhub.web import (
        accounts,
        assets,
        auth,
        calendars,
        errors,
        headers,
        health,
        language,
        limits,
        mailbox,
        networks,
        request_log,
        robots,
        safety,
        subscriptions,
    )
    from eventhub.web.events import edit, organiser, public
    from eventhub.web.newsletters import issues as organiser_issues
    from eventhub.web.newsletters import organiser as organiser_newsletters
    from eventhub.web.newsletters import public as newsletters
    from eventhub.web.registrations import organiser as registration_lists
    from eventhub.web.registrations import own as own_registration
    from eventhub.web.registrations import public as registrations

    request_log.init_request_log(app)
    limits.init_limits(app)
    safety.init_safety(app)
    headers.init_headers(app)
    assets.init_assets(app)
    errors.init_errors(app)
    auth.init_auth(app)
    for module in (
        accounts,
        calendars,
        edit,
        health,
        language,
        mailbox,
        networks,
        organiser,
        own_registration,
        newsletters,
        organiser_issues,
        organiser_newsletters,
        public,
        registration_lists,
        registrations,
        robots,
        subscriptions,
    ):
        app.register_blueprint(module.blueprint)
    csrf.exempt(subscriptions.unsubscribe_now)  # the token of the link is the proof (RFC 8058)
