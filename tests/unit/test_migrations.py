"""Migrations only add: the release before goes on working while this one migrates, and beside it."""

import io
import re

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from tests.services import ROOT

TAKES_AWAY = re.compile(
    r"^(DROP|TRUNCATE|DELETE)\b|^ALTER TABLE \S+ (DROP (?!CONSTRAINT)|RENAME)"
    r"|ALTER COLUMN \S+ (TYPE|SET NOT NULL|SET DATA)",
    re.IGNORECASE,
)
"""A constraint may be dropped: that is how one is widened."""
BINDS = re.compile(r"ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b", re.IGNORECASE)
"""A column that older code, which does not know it, could not fill."""


def config(output: io.StringIO) -> Config:
    made = Config(output_buffer=output)
    made.set_main_option("script_location", str(ROOT / "migrations"))
    return made


REVISIONS = list(reversed(list(ScriptDirectory.from_config(config(io.StringIO())).walk_revisions())))


@pytest.mark.parametrize("revision", REVISIONS[1:], ids=lambda each: str(each.revision))
def test_a_migration_takes_nothing_away_and_asks_nothing_new_of_older_code(revision: Script) -> None:
    written = io.StringIO()

    command.upgrade(config(written), f"{revision.down_revision}:{revision.revision}", sql=True)

    lines = [line for line in written.getvalue().splitlines() if not line.startswith("--")]
    statements = [" ".join(each.split()) for each in "\n".join(lines).split(";") if "alembic_version" not in each]
    assert statements
    assert [each for each in statements if TAKES_AWAY.search(each) or BINDS.search(each)] == []


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(config(io.StringIO())).get_heads()) == 1
