"""Reading a programme's files: what each cell means, and how each bad one is reported."""

import io
import tempfile
import zipfile
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventhub.programme.demonstration import FOLDER
from eventhub.programme.reading import COLUMNS, EVENTS, Programme, read_programme
from eventhub.programme.tables import MAX_PROBLEMS, MAX_ROWS, Problem, ProgrammeRefused
from tests.programme.folders import a_folder, a_row, lines


def refused(folder: Path) -> list[Problem]:
    """The problems for which a folder is refused."""
    with pytest.raises(ProgrammeRefused) as refusal:
        read_programme(folder)
    return refusal.value.problems


def the_problem(folder: Path) -> Problem:
    """The one problem for which a folder is refused."""
    problems = refused(folder)
    assert len(problems) == 1, "\n".join(str(problem) for problem in problems)
    return problems[0]


@pytest.fixture(scope="module")
def programme() -> Programme:
    """The networks' real programme."""
    return read_programme(FOLDER)


def test_the_real_programme_is_read_whole(programme: Programme):
    assert sum(len(event.rows) for event in programme.events) == 51
    assert len(programme.events) == 48
    assert len(programme.organisations) == 16
    assert len(programme.colleges) == 12
    assert sum(college.seats for college in programme.colleges) == 31
    assert len(programme.newsletters) == 4
    assert programme.networks == ["AQPSC", "GTE", "PETALES", "LAVAL"]


def test_the_four_rows_of_the_training_are_one_event_with_two_groups_of_two_dates(
    programme: Programme,
):
    (training,) = [event for event in programme.events if len(event.rows) > 1]
    assert [(s.cohort, s.starts_on) for s in training.sittings] == [
        ("Groupe 1", date(2021, 12, 15)),
        ("Groupe 1", date(2022, 2, 16)),
        ("Groupe 2", date(2021, 12, 22)),
        ("Groupe 2", date(2022, 3, 23)),
    ]
    assert training.sittings[1].note == "séance 2 de 2"


def test_dates_are_not_rounded(programme: Programme):
    by_key = {event.key: event.sittings[0] for event in programme.events}
    undated = by_key["aqpsc-forum-provincial"]
    assert (undated.starts_on, undated.month) == (None, None)
    month_only = by_key["gte-reunion-regionale-2022-02"]
    assert (month_only.starts_on, month_only.month) == (None, "2022-02")
    timed = by_key["gte-comite-organisateur-de-la-grande-matinee-2021-09-30"]
    assert (timed.start_time, timed.end_time) == (time(10, 30), time(12))
    no_end = by_key["aqpsc-presentation-devant-la-commission-speciale"]
    assert (no_end.start_time, no_end.end_time) == (time(13, 30), None)
    week = by_key["gte-la-grande-semaine-des-tout-petits-2021"]
    assert (week.starts_on, week.ends_on) == (date(2021, 11, 14), date(2021, 11, 20))
    assert week.start_time is None


def test_the_shared_programme_of_the_documentation_has_the_columns_that_are_read():
    for file, columns in COLUMNS.items():
        assert (FOLDER / file).read_text().splitlines()[0] == ",".join(columns)


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"kind": "party"}, "kind", '"party" is not one of: assembly'),
        ({"kind": ""}, "kind", "may not be empty"),
        ({"title_fr": ""}, "title_fr", "may not be empty"),
        ({"title_fr": "A" * 301}, "title_fr", "too long: 301 characters, at most 300"),
        ({"title_fr": "A" * 2001}, "title_fr", "too long: 2,001 characters"),
        ({"starts_on": "2021-02-30", "ends_on": ""}, "starts_on", "is not a date that exists"),
        ({"starts_on": "2021-13-01", "ends_on": ""}, "starts_on", "is not a date that exists"),
        ({"starts_on": "17/11/2021", "ends_on": ""}, "starts_on", "write YYYY-MM-DD or YYYY-MM"),
        ({"starts_on": "٢٠٢١-١١-١٧", "ends_on": ""}, "starts_on", "write YYYY-MM-DD"),
        ({"starts_on": "9999-12-31", "ends_on": ""}, "starts_on", "is not a date that exists"),
        ({"ends_on": "2021-11-16"}, "ends_on", "the end (2021-11-16) is before the start"),
        ({"start_time": "10:00", "end_time": "09:30"}, "end_time", "is not after the start"),
        ({"start_time": "10:00", "end_time": "10:00"}, "end_time", "is not after the start"),
        ({"start_time": "25:00"}, "start_time", "is not a time: write HH:MM"),
        ({"start_time": "9h30"}, "start_time", "is not a time: write HH:MM"),
        ({"end_time": "12:00"}, "end_time", "without a time of the start"),
        (
            {"starts_on": "", "ends_on": "", "start_time": "09:00"}
            | {"date_status": "to_be_confirmed"},
            "start_time",
            "a time without a date",
        ),
        (
            {"starts_on": "2022-02", "ends_on": "", "start_time": "09:00"}
            | {"date_status": "to_be_confirmed"},
            "start_time",
            "a time without a date",
        ),
        (
            {"starts_on": "", "date_status": "to_be_confirmed"},
            "ends_on",
            "there is an end without a start",
        ),
        (
            {"starts_on": "2021-11", "ends_on": "2021-12", "date_status": "to_be_confirmed"},
            "ends_on",
            "can only repeat the month",
        ),
        ({"starts_on": "", "ends_on": ""}, "date_status", "a confirmed date needs a day"),
        ({"starts_on": "2021-11", "ends_on": ""}, "date_status", "a confirmed date needs a day"),
        ({"date_status": "maybe"}, "date_status", "is not one of: confirmed, to_be_confirmed"),
        ({"mode": "zoom"}, "mode", "is not one of"),
        ({"audience": "everyone"}, "audience", "is not one of"),
        ({"time_zone": "America/Laval"}, "time_zone", "is not a time zone's name"),
        ({"network": "réseau"}, "network", "must be a network's code"),
        ({"key": "Forum 1"}, "key", "must be lower-case letters"),
        ({"title_fr": "=HYPERLINK(1)"}, "title_fr", "starts like a spreadsheet's formula"),
        ({"note": "+1-418"}, "note", "starts like a spreadsheet's formula"),
        ({"note": "-1"}, "note", "starts like a spreadsheet's formula"),
        ({"note": "@SUM(A1)"}, "note", "starts like a spreadsheet's formula"),
        ({"note": "\t=1"}, "note", "starts like a spreadsheet's formula"),
        ({"note": "＝1"}, "note", "starts like a spreadsheet's formula"),
        ({"title_fr": "Forum\x07"}, "title_fr", "control character (U+0007)"),
        ({"title_fr": "Forum\u2028suite"}, "title_fr", "control character (U+2028)"),
        ({"title_fr": "Forum\u202egpj"}, "title_fr", "control character (U+202E)"),
        ({"title_fr": "Forum\nBcc: x@example.org"}, "title_fr", "holds a line break"),
        (
            {"starts_on": "2022-03-13", "ends_on": "2022-03-13", "start_time": "02:30"},
            "start_time",
            "02:30 does not exist on 2022-03-13",
        ),
    ],
)
def test_a_bad_cell_is_reported_with_its_line_and_column(
    tmp_path: Path, cells: dict[str, str], column: str, reason: str
):
    problem = the_problem(a_folder(tmp_path, a_row(key="a", event_key="a"), a_row(**cells)))
    assert (problem.file, problem.line, problem.column) == (EVENTS, 3, column)
    assert reason in problem.reason


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path):
    folder = a_folder(
        tmp_path,
        a_row(kind="party", title_fr="", starts_on="2021-02-30"),
        a_row(key="b", event_key="b", mode="zoom"),
        colleges="network,body,college,seats\nALPHA,Comité,Ville,many\n",
        newsletters="network,name,cadence,rule,source\nALPHA,,weekly,,\n",
    )
    assert [(p.file, p.line, p.column) for p in refused(folder)] == [
        ("events.csv", 2, "kind"),
        ("events.csv", 2, "starts_on"),
        ("events.csv", 2, "title_fr"),
        ("events.csv", 3, "mode"),
        ("colleges.csv", 2, "seats"),
        ("newsletters.csv", 2, "cadence"),
        ("newsletters.csv", 2, "name"),
    ]


def test_the_list_of_problems_is_bounded_and_says_how_many_more_there_are(tmp_path: Path):
    rows = [a_row(key=f"k{n}", event_key=f"k{n}", kind="party") for n in range(MAX_PROBLEMS + 7)]
    problems = refused(a_folder(tmp_path, *rows))
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].reason == "and 7 more problems"


def test_rows_of_one_event_that_disagree_are_reported(tmp_path: Path):
    folder = a_folder(
        tmp_path, a_row(key="a"), a_row(key="b", title_fr="Un autre forum", cohort="Groupe 1")
    )
    assert [(p.line, p.column) for p in refused(folder)] == [(3, "cohort"), (3, "title_fr")]
    assert 'line 2 of the same event, which says "Forum des tout-petits"' in str(refused(folder)[1])


def test_an_event_of_several_rows_needs_the_day_of_each(tmp_path: Path):
    rows = [
        a_row(key=key, starts_on="2022-02", ends_on="", date_status="to_be_confirmed")
        for key in "ab"
    ]
    assert [(p.line, p.column) for p in refused(a_folder(tmp_path, *rows))] == [
        (2, "starts_on"),
        (3, "starts_on"),
    ]


def test_a_duplicated_key_is_reported(tmp_path: Path):
    problem = the_problem(a_folder(tmp_path, a_row(), a_row(event_key="other")))
    assert str(problem) == 'events.csv, line 3, column key: "forum" is on line 2 already'


def test_a_file_in_latin_1_is_reported_with_the_cells_that_are_not_utf_8(tmp_path: Path):
    latin = lines(EVENTS, a_row(), a_row(key="é", title_fr="Fête"), a_row(key="c")).encode(
        "latin-1"
    )
    found = [p for p in refused(a_folder(tmp_path, events=latin)) if "UTF-8" in p.reason]
    assert [(p.line, p.column) for p in found] == [(3, "key"), (3, "title_fr")]
    assert "byte 0xEA" in found[1].reason


def test_a_byte_order_mark_is_not_a_problem(tmp_path: Path):
    folder = a_folder(tmp_path, events=b"\xef\xbb\xbf" + lines(EVENTS, a_row()).encode())
    assert len(read_programme(folder).events) == 1


def test_columns_in_another_order_are_read_by_their_names(tmp_path: Path):
    table = [list(reversed(line.split(","))) for line in lines(EVENTS, a_row()).splitlines()]
    folder = a_folder(tmp_path, events="\r\n".join(",".join(line) for line in table))
    assert read_programme(folder).events[0].title_fr == "Forum des tout-petits"


def test_an_extra_column_is_reported(tmp_path: Path):
    header, row = lines(EVENTS, a_row()).splitlines()
    problem = the_problem(a_folder(tmp_path, events=f"{header},price\n{row},12\n"))
    assert str(problem) == "events.csv, line 1, column price: this column is not known"


def test_a_missing_column_is_reported(tmp_path: Path):
    header, row = lines(EVENTS, a_row()).splitlines()
    cut = "\n".join(line.removesuffix(",source").removesuffix(",") for line in (header, row))
    problem = the_problem(a_folder(tmp_path, events=cut))
    assert str(problem) == "events.csv, line 1, column source: this column is missing"


def test_a_column_that_is_there_twice_is_reported(tmp_path: Path):
    header, row = lines(EVENTS, a_row()).splitlines()
    problem = the_problem(a_folder(tmp_path, events=f"{header},note\n{row},\n"))
    assert (problem.line, problem.column) == (1, "note")


def test_a_row_with_too_many_or_too_few_cells_is_reported(tmp_path: Path):
    text = lines(EVENTS, a_row(), a_row(key="b", event_key="b")).splitlines()
    problems = refused(a_folder(tmp_path, events=f"{text[0]}\n{text[1]},x\nforum,forum\n{text[2]}"))
    assert [(p.line, p.reason) for p in problems] == [
        (2, "has 18 cells where the header names 17 columns"),
        (3, "has 2 cells where the header names 17 columns"),
    ]


def test_semicolons_between_the_columns_are_recognised(tmp_path: Path):
    text = lines(EVENTS, a_row()).replace(",", ";")
    problem = the_problem(a_folder(tmp_path, events=text))
    assert "columns must be separated by commas" in problem.reason


def test_fifty_thousand_rows_are_refused(tmp_path: Path):
    rows = [a_row(key=f"k{n}", event_key=f"k{n}") for n in range(50_000)]
    problem = the_problem(a_folder(tmp_path, *rows))
    assert (problem.file, problem.line) == (EVENTS, MAX_ROWS + 2)
    assert "too many rows: at most 5,000 are taken" in problem.reason


def test_a_quotation_mark_that_is_never_closed_is_reported_where_it_opens(tmp_path: Path):
    text = lines(EVENTS, a_row()) + '"forum,forum\n' + lines(EVENTS, a_row()).splitlines()[1]
    problem = the_problem(a_folder(tmp_path, events=text))
    assert (problem.line, problem.reason) == (
        3,
        "a quotation mark is opened here and never closed",
    )


def test_a_nul_byte_is_reported_with_its_line(tmp_path: Path):
    text = lines(EVENTS, a_row()).replace("Forum", "For\x00um")
    problem = the_problem(a_folder(tmp_path, events=text))
    assert (problem.line, "NUL byte" in problem.reason) == (2, True)


def an_archive() -> bytes:
    """What a spreadsheet program saves by default."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "NUL byte"),
        (an_archive(), "is a spreadsheet or an archive, not CSV"),
        ("key,event_key\n".encode("utf-16"), "is in UTF-16"),
        (b"<!doctype html><title>Programme</title>", "is not the table that is expected"),
        (b"%PDF-1.7 \xe2\xe3\xcf\xd3\n1 0 obj", "is not the table that is expected"),
    ],
)
def test_what_is_not_a_csv_file_is_refused(tmp_path: Path, content: bytes, reason: str):
    assert reason in the_problem(a_folder(tmp_path, events=content)).reason


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path):
    folder = a_folder(tmp_path, a_row())
    (folder / "colleges.csv").unlink()
    (folder / "colleges.csv").mkdir()
    assert str(the_problem(folder)) == "colleges.csv: is a folder, not a CSV file"


def test_a_file_that_is_missing_is_reported(tmp_path: Path):
    folder = a_folder(tmp_path, a_row())
    (folder / "newsletters.csv").unlink()
    assert str(the_problem(folder)) == "newsletters.csv: is missing from the folder"


def test_a_folder_that_is_missing_is_reported(tmp_path: Path):
    assert the_problem(tmp_path / "nowhere").reason == "is not a folder"


def test_a_network_that_the_events_do_not_name_is_refused_in_the_other_files(tmp_path: Path):
    folder = a_folder(
        tmp_path, a_row(), organizations="network,name,sector,source\nBETA,Ville,municipal,\n"
    )
    problem = the_problem(folder)
    assert (problem.file, problem.line, problem.column) == ("organizations.csv", 2, "network")
    assert len(read_programme(folder, known_networks=["BETA"]).organisations) == 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_file_whatever_it_holds_makes_the_reading_crash(content: bytes):
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ProgrammeRefused) as refusal:
        read_programme(a_folder(Path(folder), colleges=content))
    assert refusal.value.problems


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=17, max_size=17))
def test_no_row_whatever_it_holds_makes_the_reading_crash(cells: list[str]):
    row = dict(zip(COLUMNS[EVENTS], cells, strict=True)) | {"kind": "party"}
    with tempfile.TemporaryDirectory() as folder:
        text = lines(EVENTS, row).encode("utf-8", "surrogatepass")
        with pytest.raises(ProgrammeRefused) as refusal:
            read_programme(a_folder(Path(folder), events=text))
    assert all(problem.file == EVENTS for problem in refusal.value.problems)
