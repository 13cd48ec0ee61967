"""The numbered requirements and the marks that name them agree."""

import ast
from pathlib import Path

from tests.requirements import read_requirements

TESTS = Path(__file__).parent


def named_in_marks(path: Path) -> set[str]:
    """The numbers that `pytest.mark.requirement(...)` names in one file."""
    return {
        argument.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "requirement"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


def test_the_documents_number_each_requirement_once():
    requirements = read_requirements()
    assert {"C1", "F9", "M7", "S7", "A24", "N16", "W14", "L14", "J9"} <= set(requirements)
    assert all(requirements.values())


def test_every_mark_names_a_requirement_that_exists():
    known = set(read_requirements())
    unknown = {
        f"{path.relative_to(TESTS)}: {number}"
        for path in TESTS.rglob("test_*.py")
        for number in named_in_marks(path) - known
    }
    assert not unknown
