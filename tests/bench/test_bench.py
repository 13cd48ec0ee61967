"""The benchmarks' own tools: what a line says, what is missed, and that the sink counts."""

import json
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import GROUPS
from bench.report import NotRun, at_least, at_most, emit, table
from bench.sinks import NoSink, sink

ROOT = Path(__file__).resolve().parents[2]


def test_a_line_holds_the_median_its_reference_and_whether_the_target_is_met(
    capsys: pytest.CaptureFixture[str],
):
    emit(at_least("send.vs_naive", [90, 100, 240], "msg/s", [20, 25, 30], 6))
    assert json.loads(capsys.readouterr().out) == {
        "name": "send.vs_naive",
        "value": 100.0,
        "unit": "msg/s",
        "reference": 25.0,
        "ratio": 4.0,
        "target": "ratio >= 6",
        "ok": False,
        "runs": [90.0, 100.0, 240.0],
    }


def test_the_table_says_what_is_missed_and_what_was_not_run():
    words = table(
        [
            at_most("feed.304", [2, 1, 3], "ms", 3),
            at_most("up.ready", [9, 9, 9], "s", 5),
            NotRun("send", "no C compiler is installed"),
        ]
    )
    assert words.splitlines()[1].endswith("<= 3 ms  ok")
    assert words.splitlines()[2].endswith("<= 5 s   MISSED")
    assert words.splitlines()[3].endswith("not run: no C compiler is installed")


def test_each_group_can_be_asked_for_and_no_other(tmp_path: Path):
    for name in GROUPS:
        assert (ROOT / "bench" / "groups" / f"{name}.py").exists()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "nothing" in done.stderr


def test_the_sink_takes_every_message_whole_and_counts_it(tmp_path: Path):
    content = b"Subject: essai\r\n\r\n.. un point au d\xc3\xa9but\r\n" + b"a" * 60_000 + b"\r\n"
    try:
        with sink(tmp_path) as target, smtplib.SMTP("127.0.0.1", target.port) as connection:
            for number in range(20):
                connection.sendmail("a@example.org", [f"b{number}@example.org"], content)
            assert target.count() in (20, None)
    except NoSink as missing:
        pytest.skip(f"the benchmarks' sink ({missing})")
