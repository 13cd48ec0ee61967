"""Taking a programme in: what is in the database afterwards, and what a second time changes."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from eventhub import clock
from eventhub.assemblies.models import College
from eventhub.db import Base, session, transaction
from eventhub.events.models import Event, SeatPool, Session
from eventhub.networks.models import Network
from eventhub.outbox import OutboxRow
from eventhub.people.models import Organisation
from eventhub.programme import service
from eventhub.programme.demonstration import FOLDER
from eventhub.programme.models import ProgrammeEntry
from eventhub.programme.service import Report
from eventhub.programme.tables import ProgrammeRefused
from eventhub.subscriptions.models import Newsletter
from tests import factories
from tests.programme.folders import a_copy, a_folder, a_part, a_row, replace_in

GRANDE_MATINEE = "gte-grande-matinee-des-tout-petits-2021"
TRAINING = "gte-le-soutien-des-pratiques-parentales-liees-au"


def take_in(folder: Path = FOLDER, **options: bool) -> Report:
    """Take a folder in, as the command does."""
    with factories.context(), transaction():
        return service.import_programme(folder, **options)


def event_of(key: str) -> Event:
    """The event of this key as the database has it, with what hangs on it."""
    with factories.context():
        session.rollback()
        session.expire_all()
        event = session.scalars(select(Event).where(Event.programme_key == key)).unique().one()
        assert event.sessions is not None
        assert event.cohorts is not None
        return event


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Each row of each table."""
    with factories.context():
        session.rollback()
        return {
            table.name: sorted(tuple(row) for row in session.execute(select(table)))
            if table.primary_key.columns.keys() != ["id"]
            else [tuple(row) for row in session.execute(select(table).order_by(table.c.id))]
            for table in Base.metadata.sorted_tables
        }


def changed_events(before: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """The programme keys of the events whose row is not as it was."""
    key = list(Base.metadata.tables["event"].columns.keys()).index("programme_key")
    old = set(before["event"])
    return [row[key] for row in everything()["event"] if row not in old]


def test_all_51_rows_become_48_events_with_their_networks_and_the_rest(app: Flask):
    report = take_in()
    assert report.rows == {
        "events.csv": 51,
        "organizations.csv": 16,
        "colleges.csv": 12,
        "newsletters.csv": 4,
    }
    assert factories.count(Event) == 48
    assert factories.count(Event, state="published") == 48
    assert factories.count(Organisation) == 16
    assert factories.count(College) == 12
    assert factories.count(Newsletter) == 4
    with factories.context():
        networks = {n.code: n.name for n in session.scalars(select(Network))}
    assert networks == {
        "AQPSC": "Alliance québécoise de la pédiatrie sociale en communauté",
        "GTE": "Grandissons tous ensemble",
        "PETALES": "PETALES Québec",
        "LAVAL": "Politique régionale de développement social de Laval",
    }


def test_nothing_of_a_date_is_rounded_off(app: Flask):
    take_in()
    timed = event_of("gte-comite-organisateur-de-la-grande-matinee-2021-11-03")
    assert timed.starts_at == datetime(2021, 11, 3, 13, 30, tzinfo=UTC)  # summer time
    assert timed.ends_at == datetime(2021, 11, 3, 15, tzinfo=UTC)
    no_end = event_of("aqpsc-presentation-devant-la-commission-speciale")
    assert no_end.starts_at == datetime(2019, 12, 10, 18, 30, tzinfo=UTC)  # winter time
    assert no_end.ends_at is None
    week = event_of("gte-la-grande-semaine-des-tout-petits-2021")
    assert (week.starts_on, week.ends_on) == (date(2021, 11, 14), date(2021, 11, 20))
    assert (week.starts_at, week.ends_at) == (None, None)
    month = event_of("gte-reunion-regionale-2022-05")
    assert (month.starts_on, month.month) == (None, "2022-05")
    assert month.date_status == "to_be_confirmed"
    nothing = event_of("aqpsc-congres-annuel-des-membres")
    assert (nothing.starts_on, nothing.month) == (None, None)
    survey = event_of("aqpsc-sondage-annuel-sur-les-grands-enjeux")
    assert (survey.starts_on, survey.ends_on) == (date(2021, 12, 1), date(2022, 1, 31))


def test_kinds_modes_audiences_and_series_come_in_as_they_are(app: Flask):
    take_in()
    for mode, number in (("online", 27), ("in_person", 15), ("hybrid", 6)):
        assert factories.count(Event, mode=mode) == number
    for audience, number in (("public", 15), ("members", 25), ("private", 8)):
        assert factories.count(Event, audience=audience) == number
    assert event_of(GRANDE_MATINEE).kind == "grande_matinee"
    series = event_of(GRANDE_MATINEE).series
    assert series is not None
    assert series.name_fr == "Réunions régionales 2021-2022"
    assert factories.count(Event, series_id=series.id) == 5


def test_a_training_in_two_groups_of_two_dates_is_one_event(app: Flask):
    take_in()
    training = event_of(TRAINING)
    with factories.context():
        event = factories.attached(training)
        assert [cohort.name_fr for cohort in event.cohorts] == ["Groupe 1", "Groupe 2"]
        dates = [[s.starts_on for s in cohort.sessions] for cohort in event.cohorts]
    assert dates == [
        [date(2021, 12, 15), date(2022, 2, 16)],
        [date(2021, 12, 22), date(2022, 3, 23)],
    ]
    assert (training.starts_on, training.ends_on) == (date(2021, 12, 15), date(2022, 3, 23))
    assert factories.count(Session) == 4


def test_the_note_and_the_source_of_each_row_are_kept(app: Flask):
    take_in()
    with factories.context():
        (row,) = service.list_rows(event_of(GRANDE_MATINEE))
        notes = [row["note"] for row in service.list_rows(event_of(TRAINING))]
    assert row["note"] == "journée de ressourcement et d'échanges; édition en mode virtuel"
    assert row["source"] == "003_321a080a001a9cdf.txt"
    assert notes == ["séance 1 de 2", "séance 2 de 2"] * 2


def test_newsletters_keep_their_rule_and_those_for_members_are_known_by_it(app: Flask):
    take_in()
    with factories.context():
        newsletters = {n.name_fr: n for n in session.scalars(select(Newsletter))}
    assert {name: n.cadence for name, n in newsletters.items()} == {
        "Infolettre mensuelle": "monthly",
        "PETALES en action": "not_stated",
        "Infolettre Grandissons tous ensemble": "six_per_year",
        "Suivi des réunions": "monthly",
    }
    assert "au moins un « bon coup »" in newsletters["Infolettre Grandissons tous ensemble"].rule
    members = [name for name, n in newsletters.items() if n.audience == "members"]
    assert sorted(members) == ["Infolettre mensuelle", "Suivi des réunions"]


def test_a_search_without_accents_finds_an_imported_event(app: Flask):
    take_in()
    assert "grande matinee des tout-petits" in event_of(GRANDE_MATINEE).folded_text


def test_events_of_the_same_title_have_addresses_of_their_own(app: Flask):
    take_in()
    with factories.context():
        slugs = session.scalars(select(Event.slug)).all()
    assert len(set(slugs)) == 48
    assert {"reunion-regionale", "reunion-regionale-2", "reunion-regionale-4"} <= set(slugs)


def test_drafts_can_be_asked_for(app: Flask):
    take_in(publish=False)
    assert factories.count(Event, state="draft") == 48
    assert event_of(GRANDE_MATINEE).published_at is None


def test_doing_it_twice_changes_not_one_row(app: Flask):
    take_in()
    before = everything()
    clock.fix(clock.now() + timedelta(days=3))
    report = take_in()
    assert everything() == before
    assert report.unchanged == {
        "events.csv": 48,
        "organizations.csv": 16,
        "colleges.csv": 12,
        "newsletters.csv": 4,
    }
    assert not any((report.added, report.changed, report.kept))


@pytest.mark.requirement("C5")
def test_a_row_that_moved_changes_that_event_only_and_raises_its_sequence(
    app: Flask, tmp_path: Path
):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    before = everything()
    replace_in(folder / "events.csv", "2021-11-17,,2021-11-17", "2021-11-24,09:00,2021-11-24")
    clock.fix(clock.now() + timedelta(days=3))
    report = take_in(folder)
    event = event_of(GRANDE_MATINEE)
    assert (report.changed["events.csv"], report.unchanged["events.csv"]) == (1, 5)
    assert changed_events(before) == [GRANDE_MATINEE]
    assert event.starts_at == datetime(2021, 11, 24, 14, tzinfo=UTC)
    assert event.sequence == 1
    assert event.changed_at == clock.now()
    assert factories.count(OutboxRow, task="registrations.event_changed") == 1
    with factories.context():
        versions = {n.code: n.calendar_version for n in session.scalars(select(Network))}
    old = {row[2]: row for row in before["network"]}
    assert versions["GTE"] > 0
    assert [code for code in versions if versions[code] not in old[code]] == ["GTE"]


@pytest.mark.requirement("C5")
def test_a_better_wording_changes_the_event_but_not_its_sequence(app: Flask, tmp_path: Path):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    replace_in(folder / "events.csv", "AQPSC,plenary,Plénière,", "AQPSC,plenary,La plénière,")
    take_in(folder)
    event = event_of("aqpsc-pleniere")
    assert (event.title_fr, event.sequence, event.slug) == ("La plénière", 0, "pleniere")
    assert factories.count(OutboxRow) == 0
    assert "la pleniere" in event.folded_text


def test_a_note_that_changed_is_kept_and_no_calendar_hears_of_it(app: Flask, tmp_path: Path):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    before = everything()
    replace_in(folder / "events.csv", "21 centres; un volet", "22 centres; un volet")
    assert take_in(folder).changed == {"events.csv": 1}
    after = everything()
    assert (after["event"], after["network"]) == (before["event"], before["network"])
    with factories.context():
        (row,) = service.list_rows(event_of("aqpsc-pleniere"))
    assert row["note"].startswith("22 centres")


@pytest.mark.requirement("C8")
def test_a_date_that_is_confirmed_at_last_keeps_the_event_and_raises_its_sequence(
    app: Flask, tmp_path: Path
):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    old = event_of("gte-reunion-regionale-2022-02")
    replace_in(
        folder / "events.csv",
        "2022-02,,,,America/Toronto,to_be_confirmed",
        "2022-02-10,09:00,2022-02-10,11:30,America/Toronto,confirmed",
    )
    take_in(folder)
    event = event_of("gte-reunion-regionale-2022-02")
    assert (event.public_id, event.slug) == (old.public_id, old.slug)
    assert (event.date_status, event.month, event.sequence) == ("confirmed", None, 1)
    assert event.starts_at == datetime(2022, 2, 10, 14, tzinfo=UTC)


def test_a_group_that_moved_keeps_its_sessions_and_raises_the_one_that_moved(
    app: Flask, tmp_path: Path
):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    with factories.context():
        before = {s.programme_key: s.public_id for s in session.scalars(select(Session))}
    replace_in(folder / "events.csv", "2022-03-23,,2022-03-23", "2022-03-30,,2022-03-30")
    take_in(folder)
    with factories.context():
        after = session.scalars(select(Session).order_by(Session.position)).all()
    assert {s.programme_key: s.public_id for s in after} == before
    assert [s.sequence for s in after] == [0, 0, 0, 1]
    assert event_of(TRAINING).ends_on == date(2022, 3, 30)


def test_what_an_organiser_edited_since_is_kept_and_said(app: Flask, tmp_path: Path):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    with factories.context(), transaction():
        event = session.scalars(select(Event).where(Event.programme_key == GRANDE_MATINEE)).one()
        event.title_fr = "La Grande Matinée, édition spéciale"
    replace_in(folder / "events.csv", "2021-11-17,,2021-11-17", "2021-11-24,,2021-11-24")
    for _ in range(2):
        report = take_in(folder)
        assert report.kept == [f"events.csv: {GRANDE_MATINEE}: it was edited here since"]
        kept = event_of(GRANDE_MATINEE)
        assert kept.title_fr == "La Grande Matinée, édition spéciale"
        assert kept.starts_on == date(2021, 11, 17)


def test_what_the_documents_never_say_may_be_edited_without_closing_the_event_to_them(
    app: Flask, tmp_path: Path
):
    folder = a_part(tmp_path / "programme")
    take_in(folder, publish=False)
    with factories.context(), transaction():
        event = session.scalars(select(Event).where(Event.programme_key == GRANDE_MATINEE)).one()
        event.state, event.description_fr, event.price_cents = "published", "Bienvenue!", 0
    replace_in(folder / "events.csv", "2021-11-17,,2021-11-17", "2021-11-24,,2021-11-24")
    assert take_in(folder).kept == []
    event = event_of(GRANDE_MATINEE)
    assert (event.starts_on, event.description_fr) == (date(2021, 11, 24), "Bienvenue!")
    assert event.state == "published"


def test_a_group_with_registrations_is_not_removed(app: Flask, tmp_path: Path):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    with factories.context(), transaction():
        training = factories.attached(event_of(TRAINING))
        pool = SeatPool(event=training, cohort=training.cohorts[1], mode="", capacity=8)
        session.add(pool)
        session.flush()
        factories.a_registration(training, pool=pool, cohort=training.cohorts[1])
    text = (folder / "events.csv").read_text().replace("Groupe 2", "Groupe du mardi")
    (folder / "events.csv").write_text(text)
    (kept,) = take_in(folder).kept
    assert kept.endswith("a group that the document no longer names has registrations")


def test_entries_that_a_later_file_no_longer_names_stay(app: Flask, tmp_path: Path):
    take_in(a_folder(tmp_path / "1", a_row(), a_row(key="b", event_key="b")))
    report = take_in(a_folder(tmp_path / "2", a_row()))
    assert report.absent == {"events.csv": 1}
    assert factories.count(Event) == 2


def test_a_key_names_a_row_for_ever(app: Flask, tmp_path: Path):
    take_in(a_folder(tmp_path / "1", a_row()))
    with pytest.raises(ProgrammeRefused) as refusal:
        take_in(a_folder(tmp_path / "2", a_row(event_key="another")))
    (problem,) = refusal.value.problems
    assert (problem.line, problem.column) == (2, "key")
    assert "belongs to the event forum" in problem.reason
    assert factories.count(Event) == 1


def test_a_sector_and_a_cadence_that_changed_are_brought_up_to_date(app: Flask, tmp_path: Path):
    folder = a_part(tmp_path / "programme")
    take_in(folder)
    replace_in(folder / "organizations.csv", "Ville de Québec,municipal", "Ville de Québec,ville")
    replace_in(
        folder / "newsletters.csv", "PETALES en action,not_stated", "PETALES en action,monthly"
    )
    replace_in(folder / "colleges.csv", "CISSS,3", "CISSS,4")
    report = take_in(folder)
    assert report.changed == {"organizations.csv": 1, "newsletters.csv": 1, "colleges.csv": 1}
    assert factories.count(Organisation, sector="ville") == 1
    assert factories.count(Newsletter, cadence="monthly") == 3
    assert factories.count(College, seats=4) == 1


def test_nothing_goes_in_when_one_row_is_wrong(app: Flask, tmp_path: Path):
    folder = a_copy(tmp_path / "programme")
    replace_in(
        folder / "newsletters.csv", "PETALES en action,not_stated", "PETALES en action,daily"
    )
    with pytest.raises(ProgrammeRefused):
        take_in(folder)
    assert factories.count(Network) == factories.count(Event) == 0
    assert factories.count(ProgrammeEntry) == 0


def test_the_command_reports_a_bad_programme_and_ends_with_one(app: Flask, tmp_path: Path):
    folder = a_copy(tmp_path / "programme")
    replace_in(folder / "events.csv", "2021-09-28,,2021-09-28", "2021-09-31,,2021-09-28")
    result = app.test_cli_runner().invoke(args=["import-programme", str(folder)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'events.csv, line 17, column starts_on: "2021-09-31" is not a date that exists',
        "Nothing was imported.",
    ]
    assert factories.count(Event) == 0


def test_the_command_says_what_it_did(app: Flask):
    runner = app.test_cli_runner()
    first = runner.invoke(args=["import-programme", str(FOLDER)])
    assert first.exit_code == 0
    assert "events.csv: 51 rows, 48 events: 48 added" in first.stdout
    second = runner.invoke(args=["import-programme", str(FOLDER)])
    assert "events.csv: 51 rows, 48 events: 48 unchanged" in second.stdout
