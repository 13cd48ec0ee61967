"""`/dev/mailbox`: every mail of the local form, read in place of a real mailbox.

Open only when `eventhub up` brought its own mail catcher; a 404 like any other everywhere else.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Response, abort, render_template

from eventhub.mail import mailbox
from eventhub.settings import current_settings

blueprint = Blueprint("mailbox", __name__, url_prefix="/dev/mailbox")

ALTERNATIVES = ("text/plain", "text/html")

#: A mail is shown as a mailbox would: nothing runs, nothing is fetched but our own images.
MAIL_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class Part:
    """A part beside the text and the HTML: its place in the mail, its type, name and size."""

    number: int
    content_type: str
    filename: str
    size: int
    text: str


@blueprint.before_request
def only_here() -> None:
    """Be nowhere but in the local form."""
    if not current_settings().local_mailbox:
        abort(404)


@blueprint.get("", strict_slashes=False)
def index() -> str:
    """List the mails, the newest first."""
    mails = mailbox.list_mails(_folder())
    return render_template("mailbox/index.html", mails=mails)


@blueprint.get("/<name>")
def show(name: str) -> str:
    """Show one mail."""
    mail = mailbox.get(_folder(), name)
    return render_template(
        "mailbox/show.html",
        mail=mail,
        text=_body(mail.message, "text/plain"),
        has_html=_find(mail.message, "text/html") is not None,
        parts=_parts(mail.message),
    )


@blueprint.get("/<name>/html")
def html(name: str) -> Response:
    """Return the HTML part for the frame; its links open beside it."""
    body = _body(mailbox.get(_folder(), name).message, "text/html")
    if not body:
        abort(404)
    head, found, rest = body.partition("<head>")
    framed = f'{head}{found}<base target="_blank">{rest}' if found else body
    return Response(
        framed,
        content_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": MAIL_POLICY},
    )


@blueprint.get("/<name>/source")
def source(name: str) -> Response:
    """Return the mail as it travelled."""
    return Response(mailbox.read(_folder(), name), content_type="text/plain; charset=utf-8")


@blueprint.get("/<name>/parts/<int:number>")
def part(name: str, number: int) -> Response:
    """Return one part, to save."""
    message = mailbox.get(_folder(), name).message
    chosen = {known.number: known for known in _parts(message)}.get(number)
    if chosen is None:
        abort(404)
    content = list(message.walk())[number].get_payload(decode=True)
    response = Response(bytes(content), content_type="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=chosen.filename)
    return response


def _folder() -> Path:
    return mailbox.folder(current_settings().data_dir)


def _find(message: EmailMessage, content_type: str) -> EmailMessage | None:
    for candidate in message.walk():
        if candidate.get_content_type() == content_type and not candidate.is_attachment():
            return candidate
    return None


def _body(message: EmailMessage, content_type: str) -> str:
    found = _find(message, content_type)
    return "" if found is None else str(found.get_content())


def _parts(message: EmailMessage) -> list[Part]:
    found = []
    for number, candidate in enumerate(message.walk()):
        content_type = candidate.get_content_type()
        is_body = content_type in ALTERNATIVES and not candidate.is_attachment()
        if candidate.is_multipart() or is_body:
            continue
        content = candidate.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        is_calendar = content_type == "text/calendar"
        found.append(
            Part(
                number=number,
                content_type=str(candidate["Content-Type"] or content_type),
                filename=candidate.get_filename()
                or ("calendar.ics" if is_calendar else f"part-{number}"),
                size=len(data),
                text=data.decode("utf-8", "replace") if is_calendar else "",
            )
        )
    return found
