"""Folders of a programme for the tests: the real one, and small ones with something wrong."""

import csv
import io
import shutil
from pathlib import Path

from eventhub.programme.demonstration import FOLDER
from eventhub.programme.reading import COLUMNS, EVENTS

GOOD_ROW = {
    "key": "forum",
    "event_key": "forum",
    "network": "ALPHA",
    "kind": "forum",
    "title_fr": "Forum des tout-petits",
    "starts_on": "2021-11-17",
    "ends_on": "2021-11-17",
    "time_zone": "America/Toronto",
    "date_status": "confirmed",
    "mode": "online",
    "audience": "public",
}


def a_row(**cells: str) -> dict[str, str]:
    """A row of `events.csv` that is right but for these cells."""
    return dict.fromkeys(COLUMNS[EVENTS], "") | GOOD_ROW | cells


def lines(file: str, *rows: dict[str, str]) -> str:
    """The text of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[file], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def a_folder(folder: Path, *events: dict[str, str], **files: str | bytes) -> Path:
    """A programme with these events; `files` replaces a file by its name without `.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in COLUMNS:
        (folder / file).write_text(lines(file, *(events if file == EVENTS else ())))
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def a_copy(folder: Path) -> Path:
    """A copy of the real programme, to change something in."""
    shutil.copytree(FOLDER, folder)
    return folder


#: One event of each sort, enough to change something in.
SOME_EVENTS = (
    "aqpsc-pleniere",
    "gte-grande-matinee-des-tout-petits-2021",
    "gte-le-soutien-des-pratiques-parentales-liees-au",
    "gte-reunion-regionale-2022-02",
    "laval-comite-de-pilotage",
    "petales-entre-nous",
)


def a_part(folder: Path) -> Path:
    """A copy of the real programme with `SOME_EVENTS` only: quicker to take in."""
    a_copy(folder)
    header, *rows = (folder / EVENTS).read_text().splitlines(keepends=True)
    kept = [row for row in rows if row.split(",")[1] in SOME_EVENTS]
    (folder / EVENTS).write_text("".join([header, *kept]))
    return folder


def replace_in(path: Path, old: str, new: str) -> None:
    """Replace what is in a file once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new))
