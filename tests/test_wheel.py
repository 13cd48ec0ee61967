"""The wheel carries its pages, mails, texts and files: an installed EventHub needs no checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: Run where the checkout can't be seen: the error page needs templates, catalogues and icons.
RENDER_A_PAGE = """
import pathlib, sys
from eventhub import app, settings
assert pathlib.Path(app.__file__).is_relative_to(sys.argv[1]), app.__file__
made = app.create_app(settings.Settings(data_dir=pathlib.Path(sys.argv[1]), secret_key="a key"))
answer = made.test_client().get("/nowhere")
assert answer.status_code == 404, answer.status
print(answer.text)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_everything_that_is_no_code_is_inside(wheel: Path):
    package = wheel / "eventhub"
    wanted = {
        f"{tree}/{path.relative_to(ROOT / tree)}"
        for tree in ("templates", "emails")
        for path in (ROOT / tree).rglob("*.*")
    }
    wanted |= {
        str(path.relative_to(ROOT / "eventhub"))
        for tree in ("static", "translations", "migrations")
        for path in (ROOT / "eventhub" / tree).rglob("*.*")
        if "__pycache__" not in path.parts
    }
    assert not {name for name in wanted if not (package / name).is_file()}


def test_it_answers_with_a_page_away_from_the_checkout(wheel: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", RENDER_A_PAGE, wheel],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel), "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "<main" in done.stdout
