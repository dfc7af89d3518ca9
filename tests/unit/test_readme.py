"""The README stays true: its settings table is the one the code describes."""

from pathlib import Path

from daemon.config import describe
from queues.settings import RANGES, QueueProcessingSettings

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_configuration_table_is_the_one_of_the_code() -> None:
    rows = [f"| `{each.name}` | {each.default} | {each.meaning} |" for each in describe()]

    table = README.split("settings table", 1)[1].split("<!-- end of settings table -->")[0]

    assert [line for line in table.splitlines() if line.startswith("| `")] == rows


def test_the_queue_processing_settings_stand_there_with_their_defaults() -> None:
    defaults = QueueProcessingSettings()

    for name in RANGES:
        (line,) = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| {getattr(defaults, name)} |" in line
