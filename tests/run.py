"""`make test`: every check and every test in one go, and one honest last line.

    python -m tests.run [--checks-only] [pytest's own arguments]

It goes on after a failure, so that one run tells everything, and ends non-zero when anything
failed. Its last line counts what passed, what failed and what was not run, with the reason.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests import system

ROOT = Path(__file__).resolve().parent.parent
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
#: Read from top to bottom: the quickest answers first.
CHECKS = {
    "style (ruff check)": ["-m", "ruff", "check", "."],
    "format (ruff format)": ["-m", "ruff", "format", "--check", "."],
    "layers (import-linter)": ["-c", LINT_IMPORTS],
    "dependencies (deptry)": ["-m", "deptry", "."],
    "types (mypy)": ["-m", "mypy"],
}
MAX_WORKERS = 8


@dataclass
class Outcome:
    """What a run of pytest came to."""

    passed: int = 0
    failed: int = 0
    finished: bool = False
    not_run: Counter[str] = field(default_factory=Counter)


def run_checks() -> list[str]:
    """Run the static checks; the names of those that failed."""
    failed = []
    for name, arguments in CHECKS.items():
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True
        )
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    return failed


def prepare_system() -> None:
    """Install what the system lacks where we may, and say loudly what stays missing."""
    missing = system.missing_parts()
    if not missing:
        return
    print(f"Missing on this machine: {', '.join(missing)}; installing...", flush=True)
    reason = system.install(missing) or "its packages are installed, and yet it is not found"
    still_missing = system.missing_parts()
    if still_missing:
        print(f"\n*** NOT AVAILABLE: {', '.join(still_missing)}: {reason}\n", flush=True)


def run_suite(arguments: list[str]) -> tuple[int, Outcome]:
    """Run pytest on as many cores as there are; its exit code and its counts."""
    with tempfile.TemporaryDirectory(prefix="eventhub-test-") as folder:
        report = Path(folder) / "report.xml"
        workers = min(os.cpu_count() or 1, MAX_WORKERS)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--numprocesses", str(workers)),
                *("--dist", "loadgroup", "--junit-xml", str(report), *arguments),
            ],
            cwd=ROOT,
            check=False,
        )
        return done.returncode, read_report(report)


def read_report(report: Path) -> Outcome:
    """Count what pytest's JUnit report holds; a skip is counted under its own reason."""
    outcome = Outcome()
    if not report.exists():
        return outcome
    outcome.finished = True
    for case in ElementTree.parse(report).iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif skip is not None:
            outcome.not_run[skip.get("message", "tests without a reason")] += 1
        else:
            outcome.passed += 1
    return outcome


def last_line(outcome: Outcome, failed_checks: list[str], *, suite_was_run: bool) -> str:
    """The line that `make test` ends with."""
    parts = []
    if suite_was_run:
        parts.append(f"{outcome.passed} passed, {outcome.failed} failed")
        if not outcome.finished:
            parts.append("THE SUITE DID NOT FINISH")
    parts.append(f"checks failed: {', '.join(failed_checks)}" if failed_checks else "checks passed")
    not_run = [f"{count} {reason}" for reason, count in sorted(outcome.not_run.items())]
    if not suite_was_run:
        not_run.append("the suite (checks only)")
    parts.append(f"not run: {', '.join(not_run) or 'nothing'}")
    command = "make test" if suite_was_run else "make lint"
    return f"{command}: {'; '.join(parts)}"


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 only when everything that ran passed."""
    checks_only = "--checks-only" in arguments
    failed_checks = run_checks()
    outcome, suite_code = Outcome(), 0
    if not checks_only:
        prepare_system()
        suite_code, outcome = run_suite(arguments)
    print(last_line(outcome, failed_checks, suite_was_run=not checks_only), flush=True)
    return 1 if failed_checks or suite_code else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
