"""docs/settings.md stays true: its tables are those of the code."""

import re
from pathlib import Path
from typing import get_args

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.describing import describe_settings
from daemon.sync.gates.kept_back import Reason

PAGE = (Path(__file__).parents[2] / "docs/settings.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_one_of_the_code() -> None:
    places = {"instance": "instance", "website": "instance, website"}
    rows = [
        f"| `{each.name}` | {each.allowed} | `{each.default}` | {places[each.scope]} |" for each in describe_settings()
    ]

    table = PAGE.split("<!-- settings document", 1)[1].split("<!-- end of settings document -->")[0]

    assert [line for line in table.splitlines() if line.startswith("| `")] == rows
    assert {row.split("`")[1].split(".")[0] for row in rows} == set(ConnectorSettings().to_document())


def test_every_reason_a_record_is_skipped_for_is_explained_once() -> None:
    table = PAGE.split("## Reasons", 1)[1]
    explained = [
        name
        for line in table.splitlines()
        for name in re.findall(r"`([a-z_]+)`", line.split("|")[1:2][0] if "|" in line else "")
    ]

    assert sorted(explained) == sorted(get_args(Reason))
