"""`make requirements`: the numbered requirements, and the tests that prove each of them.

A requirement is a line of `docs/requirements/*.md` that starts with its number (`- C1 ...`, or
`N1: ...` in the last column of a table). A test names the ones it proves with
`@pytest.mark.requirement("C1", "C2")`.
"""

import contextlib
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "requirements"
DEFINITION = re.compile(r"^- ([A-Z]\d{1,2}) (.*)$|\| ([A-Z]\d{1,2}): (.*?) \|$", re.MULTILINE)
#: How much of a requirement's text the list shows.
SHOWN = 76


def read_requirements(folder: Path = FOLDER) -> dict[str, str]:
    """Number -> text, in the order of the documents."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.md")):
        for match in DEFINITION.finditer(path.read_text(encoding="utf-8")):
            number, text = match[1] or match[3], match[2] or match[4]
            if number in found:
                raise ValueError(f"{path.name} defines {number} a second time")
            found[number] = text
    return found


class Collector:
    """A pytest plugin that notes which test is marked with which number."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the marks; a test that runs on two databases counts once."""
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("requirement"):
                for number in mark.args:
                    if name not in self.tests[number]:
                        self.tests[number].append(name)


def main() -> int:
    """Print the list; 0 when pytest could collect the tests."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["--collect-only", "-qq"], plugins=[collector])
    if code != pytest.ExitCode.OK:
        print("The tests could not be collected; `make test` says why.", file=sys.stderr)
        return 1
    requirements = read_requirements()
    for number, text in requirements.items():
        print(f"{number:4} {text if len(text) <= SHOWN else text[: SHOWN - 3] + '...'}")
        for name in collector.tests.get(number, ["-"]):
            print(f"       {name}")
    proved = [number for number in requirements if collector.tests.get(number)]
    without = [number for number in requirements if not collector.tests.get(number)]
    print(f"\n{len(proved)} of {len(requirements)} requirements have a test.")
    print(f"Without one: {' '.join(without) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
