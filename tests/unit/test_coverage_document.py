"""docs/coverage.md stays true: every row once, and what it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/coverage.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [RB]\d+ \|", line)
]


def test_every_row_of_the_product_is_there_once_and_has_no_empty_cell() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(
        [*(f"R{n}" for n in range(1, 122)), *(f"B{n}" for n in range(1, 72))]
    )
    assert all(len(row) == 4 and all(row) for row in ROWS)
    assert {row[1] for row in ROWS} <= {"works", "next step", "host"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_row_names_exists(row: list[str]) -> None:
    _, state, where, shown = row
    tests = re.findall(r"`(tests/[^`]+)`", shown)

    assert bool(tests) == (state == "works")
    assert all(
        (ROOT / path).exists() for path in re.findall(r"`([^`]+)`", where) if "/" in path or path.endswith(".md")
    )
    for each in tests:
        file, _, name = each.partition("::")
        assert re.search(rf"def {name}\(", (ROOT / file).read_text(encoding="utf-8")), each
