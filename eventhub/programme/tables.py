"""CSV files into cells: what any table must be, before anyone asks what its cells mean.

Pure: no database. Every problem of a file is found in one reading, with its line and column.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from eventhub.errors import DomainError

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 5_000
MAX_CELL = 2_000  # characters; csv's own limit on a field is far above
MAX_PROBLEMS = 100  # shown for one file; the rest is counted

# A spreadsheet would run these as a formula. Full-width forms count: some readers fold them.
FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")
# C0 and C1 controls, line and paragraph separators, and marks that turn the direction of text.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
EMPTY = "is empty: its first line must name the columns"
LINE_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, order=True)
class Problem:
    """Why a file is refused. ``line`` 0 and an empty ``column`` mean the file as a whole."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f", line {self.line}"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.reason}"


class ProgrammeRefused(DomainError):
    """A programme has problems: nothing of it was taken. ``problems`` is never empty."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)


@dataclass
class Findings:
    """The problems of one file, in its order, at most ``MAX_PROBLEMS`` and a last one to count."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, line: int, column: str, reason: str) -> None:
        """Note a problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self.file, line, column, reason))
        else:
            self.more += 1

    def listed(self) -> list[Problem]:
        """Return the problems by line, with the number of those that are not shown."""
        shown = sorted(self.problems)
        if self.more:
            shown.append(Problem(self.file, 0, "", f"and {self.more} more problems"))
        return shown


@dataclass(frozen=True)
class Row:
    """One row of a table: the line it starts on and its tidy cells by column."""

    line: int
    cells: dict[str, str]


def read_table(path: Path, columns: Sequence[str], findings: Findings) -> list[Row]:
    """Return the rows of a UTF-8 CSV file that has exactly these columns, in any order.

    What is wrong is added to ``findings``; rows with a problem of their own are left out.
    """
    data = _read_bytes(path, findings)
    if data is None:
        return []
    # A byte that is not UTF-8 travels as a surrogate, so that its line and column can be told.
    text = data.decode("utf-8-sig", errors="surrogateescape")
    records = _records(text, findings)
    if not records:
        if not findings.problems:
            findings.add(0, "", EMPTY)
        return []
    (_, header), *body = records
    names = [name.strip() for name in header]
    if not _right_header(names, columns, findings):
        return []
    rows = []
    for number, (line, record) in enumerate(body, start=1):
        if number > MAX_ROWS:
            findings.add(line, "", f"too many rows: at most {MAX_ROWS:,} are taken from one file")
            break
        if len(record) != len(names):
            findings.add(
                line, "", f"has {len(record)} cells where the header names {len(names)} columns"
            )
            continue
        cells = {name: cell.strip(" \t\u00a0") for name, cell in zip(names, record, strict=True)}
        reasons = {name: reason for name, cell in cells.items() if (reason := _wrong(cell))}
        for name, reason in reasons.items():
            findings.add(line, name, reason)
        if not reasons:
            rows.append(Row(line, cells))
    return rows


def quoted(value: str) -> str:
    """Return a cell fit to be shown in a terminal: short, without controls."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)
    return f'"{shown[:60]}…"' if len(shown) > 60 else f'"{shown}"'


def _read_bytes(path: Path, findings: Findings) -> bytes | None:
    """Return the bytes of a file that may be a table; what is wrong otherwise is noted."""
    try:
        status = path.stat()
        if S_ISDIR(status.st_mode):
            findings.add(0, "", "is a folder, not a CSV file")
            return None
        if not S_ISREG(status.st_mode):
            findings.add(0, "", "is not a regular file")
            return None
        if status.st_size > MAX_BYTES:
            findings.add(
                0, "", f"is too large: {status.st_size:,} bytes, at most {MAX_BYTES:,} are read"
            )
            return None
        data = path.read_bytes()
    except FileNotFoundError:
        findings.add(0, "", "is missing from the folder")
        return None
    except OSError as error:
        findings.add(0, "", f"can't be read ({error.strerror})")
        return None
    reason = ""
    if not data.strip():
        reason = EMPTY
    elif data.startswith(b"PK\x03\x04"):
        reason = "is a spreadsheet or an archive, not CSV: save it as CSV in UTF-8"
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        reason = "is in UTF-16: save it as CSV in UTF-8"
    elif b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        findings.add(line, "", "holds a NUL byte: this is not a text file")
        return None
    if reason:
        findings.add(0, "", reason)
        return None
    return data


def _records(text: str, findings: Findings) -> list[tuple[int, list[str]]]:
    """Return each record with the line it starts on; blank lines are passed over.

    Reading stops one row past the limit: the header, the rows, and the one too many.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    while len(records) < MAX_ROWS + 2:
        line = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            findings.add(line, "", _csv_reason(str(error)))
            return []
        if record is None:
            break
        if any(cell.strip() for cell in record):
            records.append((line, record))
    return records


def _csv_reason(message: str) -> str:
    if "unexpected end" in message:
        return "a quotation mark is opened here and never closed"
    if "expected after" in message:
        return "a quotation mark inside a quoted cell must be doubled"
    if "field larger" in message:
        return "a cell is too long"
    return f"is not CSV ({message})"


def _right_header(names: Sequence[str], columns: Sequence[str], findings: Findings) -> bool:
    """Tell whether a header names each column once, and note what is wrong with it."""
    if not set(names) & set(columns):
        expected = ",".join(columns)
        separated = any(mark in names[0] for mark in ";\t") and columns[0] in names[0]
        findings.add(
            1,
            "",
            f"columns must be separated by commas: {expected}"
            if separated
            else f"is not the table that is expected: its first line must be {expected}",
        )
        return False
    twice = [name for name, times in Counter(names).items() if times > 1]
    for name in twice:
        findings.add(1, name or "(without a name)", "this column is there more than once")
    extra = [name for name in names if name not in columns and name not in twice]
    for name in extra:
        findings.add(1, _column_name(name), "this column is not known")
    missing = [name for name in columns if name not in names]
    for name in missing:
        findings.add(1, name, "this column is missing")
    return not (twice or extra or missing)


def _column_name(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:40] or "(without a name)"


def _wrong(cell: str) -> str:
    """Return why a cell is refused whatever its column is, or nothing."""
    foreign = next((c for c in cell if "\udc80" <= c <= "\udcff"), None)
    if foreign:
        byte = ord(foreign) - 0xDC00
        return f"is not UTF-8 (byte 0x{byte:02X}); it may be Latin-1: save the file in UTF-8"
    if len(cell) > MAX_CELL:
        return f"is too long: {len(cell):,} characters, at most {MAX_CELL:,} are taken"
    if LINE_BREAK.search(cell):
        return "holds a line break"
    control = CONTROL.search(cell)
    if control:
        return f"holds a control character (U+{ord(control[0]):04X})"
    if FORMULA.match(cell):
        return f"starts like a spreadsheet's formula ({quoted(cell)})"
    return ""
