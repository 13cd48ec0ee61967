"""Issues of newsletters, their blocks, and the variants frozen at sending."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.events.models import Event
from eventhub.i18n import pick
from eventhub.mail.models import Batch
from eventhub.subscriptions.models import Newsletter

STATES = (
    "draft",
    "review",
    "scheduled",
    "held",
    "sending",
    "paused",
    "sent",
    "cancelled",
)
BLOCK_KINDS = ("introduction", "event")


class Issue(Row, Base):
    """One edition of a newsletter. ``window_starts_on``/``window_ends_on``: its events' dates.

    ``slug`` is unique within the newsletter ("2026-12"). ``version`` guards against two editors.
    """

    __tablename__ = "issue"
    __table_args__ = (UniqueConstraint("newsletter_id", "slug"),)

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    slug: Mapped[str]
    subject_fr: Mapped[str]
    subject_en: Mapped[str] = mapped_column(default="")
    window_starts_on: Mapped[date]
    window_ends_on: Mapped[date]
    state: Mapped[str] = mapped_column(default="draft")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("mail_batch.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    newsletter: Mapped[Newsletter] = relationship(lazy="joined", innerjoin=True)
    batch: Mapped[Batch | None] = relationship()
    blocks: Mapped[list["Block"]] = relationship(
        back_populates="issue", order_by="Block.position", cascade="all, delete-orphan"
    )
    variants: Mapped[list["Variant"]] = relationship(
        back_populates="issue", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def subject(self) -> str:
        """The subject in the reader's language."""
        return pick(self.subject_fr, self.subject_en)


class Block(Row, Base):
    """A part of an issue: an introduction (Markdown) or one event."""

    __tablename__ = "block"

    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[str]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    text_fr: Mapped[str] = mapped_column(default="")
    text_en: Mapped[str] = mapped_column(default="")
    hidden: Mapped[bool] = mapped_column(default=False)

    issue: Mapped[Issue] = relationship(back_populates="blocks")
    event: Mapped[Event | None] = relationship(lazy="joined")

    @property
    def text(self) -> str:
        """The text (Markdown, as typed) in the reader's language."""
        return pick(self.text_fr, self.text_en)


class Variant(Base):
    """One language of an issue as frozen at sending.

    ``html`` and ``text`` hold tokens where a person's own links go; ``mark`` is the random word
    that makes them tokens of this variant and of nothing that anybody typed (J1). ``items`` is
    what was said, block by block: the web version is made from it.
    """

    __tablename__ = "issue_variant"
    __table_args__ = (UniqueConstraint("issue_id", "locale"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    locale: Mapped[str]
    subject: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]
    mark: Mapped[str]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    digest: Mapped[str]
    created_at: Mapped[datetime]

    issue: Mapped[Issue] = relationship(back_populates="variants")
