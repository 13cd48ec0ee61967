"""The composer: an issue as it will look, changed block by block; preview, test, sending."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, make_response, redirect, request, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from eventhub.db import transaction
from eventhub.errors import Invalid
from eventhub.i18n import LOCALES
from eventhub.mail import address as addresses
from eventhub.mail.render import render as render_mail
from eventhub.newsletters import content, emails
from eventhub.newsletters.models import Block, Issue
from eventhub.newsletters.service import composing, reading, sending
from eventhub.web.auth import current_account, keeps_typed_text, organiser_required
from eventhub.web.forms import refuse, text
from eventhub.web.newsletters.forms import SubjectForm, TextForm, TrialForm, VersionedForm

blueprint = Blueprint("organiser_issues", __name__, url_prefix="/organiser/issues")

#: A mail has its styles inside, and nothing else: shown in a frame, it may do nothing.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups "
    "allow-popups-to-escape-sandbox"
)
WIDTHS = ("phone", "desktop")


@blueprint.get("/<public_id>")
@organiser_required
def show(public_id: str) -> ResponseReturnValue:
    """The composer of a draft; otherwise where its sending is."""
    issue = reading.get_managed_issue(current_account(), public_id)
    if issue.state == "draft":
        return _composer(issue)
    return render(
        "newsletters/progress.html",
        section="newsletters",
        issue=issue,
        newsletter=issue.newsletter,
        network=issue.newsletter.network,
        progress=sending.progress(issue),
        access=reading.access_of(issue),
    )


@blueprint.post("/<public_id>/subject")
@organiser_required
@keeps_typed_text
def subject(public_id: str) -> ResponseReturnValue:
    """Change the subject."""
    form = SubjectForm()
    issue = reading.get_managed_issue(current_account(), public_id)
    if "resume" in request.form:
        return _composer(issue, subject_form=form)
    if not form.validate():
        return _composer(issue, subject_form=form), 422
    return _save(
        public_id,
        form,
        lambda held, version: composing.edit_subject(
            held, version, subject_fr=text(form.subject_fr), subject_en=text(form.subject_en)
        ),
        lambda held: _composer(held, subject_form=form),
    )


@blueprint.post("/<public_id>/blocks/<block>/text")
@organiser_required
@keeps_typed_text
def words(public_id: str, block: str) -> ResponseReturnValue:
    """Change the words of a text block."""
    form = TextForm()
    issue = reading.get_managed_issue(current_account(), public_id)
    if "resume" in request.form:
        return _composer(issue, text_forms={block: form})
    return _save(
        public_id,
        form,
        lambda held, version: composing.edit_text(
            held, version, block, text_fr=text(form.text_fr), text_en=text(form.text_en)
        ),
        lambda held: _composer(held, text_forms={block: form}),
        anchor=f"block-{block}",
    )


@blueprint.post("/<public_id>/blocks/<block>/<any(up, down, hide, show, remove):action>")
@organiser_required
def change(public_id: str, block: str, action: str) -> ResponseReturnValue:
    """Move a block, leave it out, take it in again, or take it away."""
    changes: dict[str, Callable[[Issue, int], None]] = {
        "up": lambda issue, version: composing.move(issue, version, block, -1),
        "down": lambda issue, version: composing.move(issue, version, block, 1),
        "hide": lambda issue, version: composing.hide(issue, version, block, True),
        "show": lambda issue, version: composing.hide(issue, version, block, False),
        "remove": lambda issue, version: composing.remove(issue, version, block),
    }
    anchor = "blocks" if action == "remove" else f"block-{block}"
    return _do(public_id, changes[action], anchor)


@blueprint.post("/<public_id>/blocks")
@organiser_required
def add(public_id: str) -> ResponseReturnValue:
    """Add an event of the calendar, or a text, at the end."""
    event_id = request.form.get("event", "")
    added: list[Block] = []

    def put(issue: Issue, version: int) -> None:
        if event_id:
            added.append(composing.add_event(issue, version, event_id))
        else:
            added.append(composing.add_text(issue, version))

    answer = _do(public_id, put, "blocks")
    if not added:
        return answer
    place = url_for("organiser_issues.show", public_id=public_id)
    return redirect(f"{place}#block-{added[0].public_id}", code=303)


@blueprint.post("/<public_id>/discard")
@organiser_required
def discard(public_id: str) -> ResponseReturnValue:
    """Delete a draft."""
    gone: list[str] = []

    def drop(issue: Issue, version: int) -> None:
        composing.discard(issue, version)
        gone.append(issue.public_id)

    answer = _do(public_id, drop, "")
    if not gone:
        return answer
    flash(gettext("The draft is deleted."), "success")
    return redirect(url_for("organiser_newsletters.index"), code=303)


@blueprint.get("/<public_id>/preview")
@organiser_required
def preview(public_id: str) -> ResponseReturnValue:
    """The issue as a mailbox shows it: wide or narrow, as text, in French or in English."""
    issue = reading.get_managed_issue(current_account(), public_id)
    locale = request.args.get("language", "fr")
    locale = locale if locale in LOCALES else "fr"
    width = request.args.get("width", "desktop")
    rendered = render_mail(emails.issue(issue, locale, shown_address=_own_masked_address()))
    return render(
        "newsletters/preview.html",
        section="newsletters",
        issue=issue,
        newsletter=issue.newsletter,
        network=issue.newsletter.network,
        locale=locale,
        width=width if width in WIDTHS else "desktop",
        rendered=rendered,
        kilobytes=max(1, round(len(rendered.html.encode()) / 1000)),
        test_form=_test_form(locale),
    )


@blueprint.get("/<public_id>/preview/mail")
@organiser_required
def mail(public_id: str) -> ResponseReturnValue:
    """The HTML of the mail itself, for the frame of the preview."""
    issue = reading.get_managed_issue(current_account(), public_id)
    locale = request.args.get("language", "fr")
    message = emails.issue(
        issue, locale if locale in LOCALES else "fr", shown_address=_own_masked_address()
    )
    response = make_response(render_mail(message).html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@blueprint.post("/<public_id>/test")
@organiser_required
def test(public_id: str) -> ResponseReturnValue:
    """Send the draft to one address."""
    form = TrialForm()
    issue = reading.get_managed_issue(current_account(), public_id)
    if not form.validate():
        return _composer(issue, test_form=form), 422
    try:
        address = addresses.clean(text(form.email))
    except Invalid as refusal:
        refuse(form, refusal)
        return _composer(issue, test_form=form), 422
    with transaction():
        sending.send_test(
            reading.get_managed_issue(current_account(), public_id),
            address=address,
            locale=text(form.locale),
        )
    flash(gettext("A test is on its way to %(address)s.", address=address), "success")
    return redirect(url_for("organiser_issues.show", public_id=public_id), code=303)


@blueprint.get("/<public_id>/send")
@organiser_required
def ask_to_send(public_id: str) -> ResponseReturnValue:
    """Show what will leave, from whom, to how many, and what stops it."""
    issue = reading.get_managed_issue(current_account(), public_id)
    if issue.state != "draft":
        return redirect(url_for("organiser_issues.show", public_id=public_id))
    return _send_page(issue)


@blueprint.post("/<public_id>/send")
@organiser_required
def send(public_id: str) -> ResponseReturnValue:
    """Send the issue."""
    try:
        with transaction():
            issue = reading.get_managed_issue(current_account(), public_id, to_change=True)
            sending.send(issue, _version())
    except sending.NotReady:
        return _send_page(reading.get_managed_issue(current_account(), public_id)), 409
    except composing.NotADraft:
        flash(gettext("This issue has already left."), "warning")
    except composing.ChangedMeanwhile:
        _say_changed()
        return redirect(url_for("organiser_issues.show", public_id=public_id), code=303)
    else:
        flash(gettext("Your issue is leaving. You can close this page: it goes on."), "success")
    return redirect(url_for("organiser_issues.show", public_id=public_id), code=303)


def _save(
    public_id: str,
    form: VersionedForm,
    use_case: Callable[[Issue, int], None],
    shown_again: Callable[[Issue], str],
    anchor: str = "",
) -> ResponseReturnValue:
    """Change typed words; whatever stands in the way, the words come back to be saved again."""
    try:
        with transaction():
            issue = reading.get_managed_issue(current_account(), public_id, to_change=True)
            use_case(issue, _version())
    except Invalid as refusal:
        refuse(form, refusal)
        return shown_again(reading.get_managed_issue(current_account(), public_id)), 422
    except composing.ChangedMeanwhile:
        issue = reading.get_managed_issue(current_account(), public_id)
        form.version.data = str(issue.version)
        form.form_errors.append(
            gettext(
                "Somebody changed this issue while you were writing. Your words are still here: "
                "look at the page, then save them again."
            )
        )
        return shown_again(issue), 409
    except composing.NotADraft:
        flash(gettext("This issue has already left."), "warning")
    else:
        flash(gettext("Saved."), "success")
    place = url_for("organiser_issues.show", public_id=public_id)
    return redirect(f"{place}#{anchor}" if anchor else place, code=303)


def _do(public_id: str, use_case: Callable[[Issue, int], None], anchor: str) -> Response:
    """Change the issue by a button, then come back to the block."""
    try:
        with transaction():
            issue = reading.get_managed_issue(current_account(), public_id, to_change=True)
            use_case(issue, _version())
    except composing.ChangedMeanwhile:
        _say_changed()
    except composing.NotADraft:
        flash(gettext("This issue has already left."), "warning")
    place = url_for("organiser_issues.show", public_id=public_id)
    target = f"{place}#{anchor}" if anchor else place
    return redirect(target, code=303)  # type: ignore[return-value]


def _composer(
    issue: Issue,
    *,
    subject_form: SubjectForm | None = None,
    text_forms: dict[str, TextForm] | None = None,
    test_form: TrialForm | None = None,
) -> str:
    forms = {}
    for block in issue.blocks:
        if block.kind == "introduction":
            typed = (text_forms or {}).get(block.public_id)
            forms[block.public_id] = typed or TextForm(
                formdata=None, data=_texts(block) | {"version": issue.version}
            )
            for field in forms[block.public_id]:
                field.id = f"{field.name}-{block.public_id}"
    findings = sending.findings(issue)
    return render(
        "newsletters/composer.html",
        section="newsletters",
        issue=issue,
        newsletter=issue.newsletter,
        network=issue.newsletter.network,
        items={block.public_id: content.item_of(block, "fr") for block in issue.blocks},
        subject_form=subject_form
        or SubjectForm(
            formdata=None,
            data={
                "subject_fr": issue.subject_fr,
                "subject_en": issue.subject_en,
                "version": issue.version,
            },
        ),
        text_forms=forms,
        test_form=test_form or _test_form("fr"),
        findings=findings,
        readers=sending.count_readers(issue),
        addable=composing.list_addable(issue),
    )


def _send_page(issue: Issue) -> str:
    return render(
        "newsletters/send.html",
        section="newsletters",
        issue=issue,
        newsletter=issue.newsletter,
        network=issue.newsletter.network,
        findings=sending.findings(issue),
        readers=sending.count_readers(issue),
    )


def _texts(block: Block) -> dict[str, object]:
    return {"text_fr": block.text_fr, "text_en": block.text_en}


def _test_form(locale: str) -> TrialForm:
    return TrialForm(formdata=None, data={"email": current_account().email, "locale": locale})


def _own_masked_address() -> str:
    return addresses.mask(current_account().email)


def _version() -> int:
    typed = request.form.get("version", "")
    return int(typed) if typed.isdecimal() else 0


def _say_changed() -> None:
    flash(
        gettext("Somebody changed this issue meanwhile. Here it is now: please do it again."),
        "warning",
    )
