"""The locks install what the project asks for, whole, and name no index of anybody's."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN_TIME = "requirements.lock"
TEST = "requirements-test.lock"


def entries(name: str) -> dict[str, tuple[Requirement, int]]:
    """What a lock pins: each requirement (with its marker) and how many hashes it has."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pinned = [(line.partition(" --hash")[0], line.count("--hash=sha256:")) for line in lines]
    return {pin: (Requirement(pin), hashes) for pin, hashes in pinned}


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        (RUN_TIME, PROJECT["project"]["dependencies"]),
        (TEST, PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["test"]),
    ],
)
def test_what_is_asked_for_is_locked_within_its_range(lock: str, asked: list[str]):
    pinned = {normal(entry.name): entry for entry, _ in entries(lock).values()}
    outside = set()
    for text in asked:
        wanted = Requirement(text)
        entry = pinned.get(normal(wanted.name))
        version = str(entry.specifier).removeprefix("==") if entry is not None else ""
        if entry is None or not wanted.specifier.contains(version):
            outside.add(f"{text}: {version or 'missing'}")
    assert not outside, "run `make lock`"


@pytest.mark.parametrize("lock", [RUN_TIME, TEST])
def test_every_file_has_its_hash_and_no_address_is_named(lock: str):
    assert not {pin for pin, (_, hashes) in entries(lock).items() if hashes == 0}
    assert not re.search(r"https?:|file:|--index|--find-links| @ ", (ROOT / lock).read_text())


def test_the_tests_run_on_the_versions_that_are_installed():
    assert set(entries(RUN_TIME)) <= set(entries(TEST))
