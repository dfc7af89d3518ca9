"""docs/security.md stays true: all rows are there, none is empty, and every test it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")] for line in DOCUMENT.splitlines() if line.startswith("| S")
]
FILES = sorted(set(re.findall(r"`((?:unit|integration|contract|acceptance)/test_\w+\.py)`", DOCUMENT)))
NAMES = [
    (file, name)
    for file, told in re.findall(r"`(\w+/test_\w+\.py)` \(([^)]*)\)", DOCUMENT)
    for name in re.findall(r"`(test_\w+)…?`", told)
]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_of_the_list_is_there_and_filled() -> None:
    assert [row[0] for row in ROWS] == [f"S{number}" for number in range(1, 28)]
    for row in ROWS:
        assert len(row) == 4, row[0]
        assert all(row), row[0]
        assert ".py`" in row[3], row[0]


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / "tests" / file).is_file()


@pytest.mark.parametrize(("file", "name"), NAMES)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    assert any(each.startswith(name) for each in functions_of(file))
