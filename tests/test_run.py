"""The last line of `make test` tells what was not run, and never hides a failure."""

from pathlib import Path

from tests.run import Outcome, last_line, read_report

REPORT = """<testsuites><testsuite>
<testcase name="passes"/>
<testcase name="fails"><failure message="no"/></testcase>
<testcase name="breaks"><error message="no"/></testcase>
<testcase name="a"><skipped message="browser tests (no Chromium)"/></testcase>
<testcase name="b"><skipped message="browser tests (no Chromium)"/></testcase>
</testsuite></testsuites>"""


def test_the_last_line_counts_what_was_not_run_and_says_why(tmp_path: Path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    line = last_line(read_report(report), ["types (mypy)"], suite_was_run=True)
    assert line == (
        "make test: 1 passed, 2 failed; checks failed: types (mypy); "
        "not run: 2 browser tests (no Chromium)"
    )


def test_a_suite_that_broke_off_is_not_taken_for_one_that_passed(tmp_path: Path):
    line = last_line(read_report(tmp_path / "missing.xml"), [], suite_was_run=True)
    assert "THE SUITE DID NOT FINISH" in line


def test_when_all_is_well_nothing_was_left_out():
    line = last_line(Outcome(passed=3, finished=True), [], suite_was_run=True)
    assert line == "make test: 3 passed, 0 failed; checks passed; not run: nothing"
