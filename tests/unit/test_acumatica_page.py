"""docs/acumatica.md stays true: its inquiries are those the webhook knows, its example is an event that is taken."""

import json
import re
from pathlib import Path

from daemon.acumatica.push_notifications import PUSH_QUERIES
from daemon.sandbox.acumatica.push import default_queries
from daemon.settings.document.describing import describe_settings
from daemon.sync.events import check_event
from queues.message import ChangeEvent

PAGE = (Path(__file__).parents[2] / "docs/acumatica.md").read_text(encoding="utf-8")


def test_the_table_of_inquiries_is_the_one_of_the_code() -> None:
    rows = [
        f"| `{query.name}` | {', '.join(f'`{column}`' for column in query.key_columns)} "
        f"| {', '.join(each.partition('.')[2] for each in query.event_types)} |"
        for query in PUSH_QUERIES.values()
    ]

    table = PAGE.split("<!-- push queries", 1)[1].split("<!-- end of push queries -->")[0]

    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


def test_the_simulated_site_has_the_same_inquiries_with_their_keys() -> None:
    columns = {query.name: query.columns for query in default_queries()}

    assert set(columns) == set(PUSH_QUERIES)
    assert [name for name, query in PUSH_QUERIES.items() if not set(query.key_columns) <= set(columns[name])] == []


def test_the_settings_and_the_event_it_shows_are_taken() -> None:
    names = {each.name for each in describe_settings()}
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    check_event(ChangeEvent.from_document(json.loads(example)))
    assert set(re.findall(r"\b(products\.[a-z_]+)=", PAGE)) <= names
