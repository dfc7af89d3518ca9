"""SQL is put together from constants only: nothing that came from outside ever stands in a statement's text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from queues.postgres.letters import DeadLetterFilter
from queues.postgres.letters_filtering import conditions, values

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for package in ("queues", "daemon")
    for path in (ROOT / package).rglob("*.py")
    if "sandbox" not in path.parts and "text(" in path.read_text()
)
HOSTILE = "x' or ''='"


def sql_module(tree: ast.Module) -> bool:
    """Whether the module takes `text` from SQLAlchemy; other functions of this name write no SQL."""
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sqlalchemy")
        and any(each.name == "text" for each in node.names)
        for node in ast.walk(tree)
    )


def constants_of(scope: ast.AST) -> Iterator[str]:
    """Name what is written out in the module, or imported under the name of a constant."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and node.id.strip("_").isupper():
            yield node.id


def doubtful(call: ast.Call, constants: frozenset[str]) -> Iterator[str]:
    """Give the parts of a statement that are no constants of ours."""
    for argument in call.args:
        match argument:
            case ast.Constant(value=str()):
                pass
            case ast.JoinedStr(values=values):
                parts = [each.value for each in values if isinstance(each, ast.FormattedValue)]
                yield from (
                    ast.unparse(each) for each in parts if not (isinstance(each, ast.Name) and each.id in constants)
                )
            case _:
                yield ast.unparse(argument)


KNOWN = {
    # Written-out conditions, chosen by the name of a field.
    "queues/postgres/audit.py": {"conditions"},
    "queues/postgres/journal.py": {"_REQUESTS.format(conditions=conditions)"},
    # Two variants of constants, and the columns of one with their table before them.
    "queues/postgres/claiming.py": {"each.replace('(in_other_hands)', _IN_OTHER_HANDS if others_hold else 'false')"},
    "queues/postgres/sync_runs.py": {"', '.join((f'r.{name.strip()}' for name in _COLUMNS.split(',')))"},
    # Conditions chosen among written-out ones; the test below holds them.
    "queues/postgres/letters_reading.py": {"where", "conditions(wanted, _OPEN)", "conditions(wanted, *further)"},
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_statements_are_constants(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if not sql_module(tree):
        return
    constants = frozenset(constants_of(tree))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text"
    ]

    told = {part for call in calls for part in doubtful(call, constants)}

    assert told <= KNOWN.get(str(path.relative_to(ROOT)), set())


def test_there_are_statements_to_look_at() -> None:
    assert sum(sql_module(ast.parse(path.read_text())) for path in FILES) > 20


def test_no_value_of_a_filter_stands_in_its_condition() -> None:
    wanted = DeadLetterFilter(state=HOSTILE, queue=HOSTILE, key=HOSTILE, error_class=HOSTILE, q=HOSTILE)

    assert HOSTILE not in conditions(wanted)
    assert HOSTILE in values(wanted).values()
