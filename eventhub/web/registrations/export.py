"""CSV that a spreadsheet shows as it was typed, and runs nothing of (A4)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
LINES_AT_ONCE = 500
#: What a spreadsheet takes for a formula, in ASCII and full-width forms.
FORMULA_STARTS = frozenset("=+-@\t\r＝＋－＠")


def safe_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe goes before it.

    Nothing is taken away: "+1 418 555-0100" stays whole behind its apostrophe.
    """
    return f"'{value}" if value[:1] in FORMULA_STARTS else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a CSV file (UTF-8 with its mark, CRLF) in pieces, so that none is held whole."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow([safe_cell(value) for value in header])
    for number, row in enumerate(rows, start=1):
        writer.writerow(map(safe_cell, row))
        if number % LINES_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
