"""What operators read: safe texts, times, tables, settings, stories."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from daemon.cli.dead_letter_export import row_writer
from daemon.cli.dead_letter_story import story_lines
from daemon.cli.dead_letter_views import letter_lines, letter_table, shared_prefix
from daemon.cli.errors import UsageError
from daemon.cli.moments import local_and_relative, read_future, read_moment, relative
from daemon.cli.output import from_json, to_json
from daemon.cli.queue_views import queue_lines, queue_table
from daemon.cli.settings_views import changes, read_changes
from daemon.cli.table import Column, Table
from daemon.cli.texts import counted, cut, one_line, safe
from queues.settings import QueueProcessingSettings
from tests.fakes.daemon_api import letter, queue, story

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202e\u009b2J\r\n\t\x00"


def drawn(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(table.drawn(width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@given(st.text())
def test_safe_text_has_nothing_that_steers_a_terminal(text: str) -> None:
    assert safe(text).isprintable()
    assert one_line(text).isprintable()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_an_escaped_document_is_still_the_same_document(text: str) -> None:
    shown = to_json({"text": text})

    assert shown.isprintable()
    assert json.loads(shown) == {"text": text}


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_is_no_longer_than_asked(text: str, longest: int) -> None:
    assert len(cut(text, longest)) <= longest
    assert cut(text, longest).startswith(text[: longest - 1])


def test_prices_keep_every_digit_on_their_way_through() -> None:
    body = b'{"price":12.500,"large":99999999999999999999.123456789}'

    assert from_json(body)["price"] == Decimal("12.500")
    assert to_json(from_json(body)).encode() == body


def test_counts_have_their_noun() -> None:
    assert [counted(0, "message"), counted(1, "message"), counted(2500, "message")] == [
        "0 messages",
        "1 message",
        "2,500 messages",
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2h", NOW - timedelta(hours=2)),
        (" 7D ", NOW - timedelta(days=7)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-11-21", datetime(2026, 11, 20, 22, tzinfo=UTC)),
        ("2026-11-21T10:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them_in_their_zone(text: str, moment: datetime) -> None:
    zone = timezone(timedelta(hours=2))

    assert read_moment(text, option="--since", now=NOW, zone=zone) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "2026-13-01", "999999w"])
def test_a_time_that_cannot_be_read_is_refused_with_what_came(text: str) -> None:
    with pytest.raises(UsageError, match="--since must be a span back from now") as caught:
        read_moment(text, option="--since", now=NOW)

    assert repr(text) in str(caught.value)


def test_a_span_of_what_is_to_come_goes_ahead() -> None:
    assert read_future("90d", option="--expires", now=NOW) == NOW + timedelta(days=90)
    assert read_future("2027-06-30", option="--expires", now=NOW, zone=UTC) == datetime(2027, 6, 30, tzinfo=UTC)
    with pytest.raises(UsageError, match="--expires must be a span from now"):
        read_future("soon", option="--expires", now=NOW)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s ago"), (99, "99 s ago"), (100, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago"), (-30, "in 30 s")],
)
def test_times_are_told_as_people_say_them(seconds: int, told: str) -> None:
    assert relative(NOW - timedelta(seconds=seconds), NOW) == told


def test_a_time_of_another_day_names_the_day() -> None:
    assert local_and_relative(NOW - timedelta(minutes=5), NOW, zone=UTC) == "10:25:00 (5 min ago)"
    assert local_and_relative(NOW - timedelta(days=3), NOW, zone=UTC) == "2026-11-18 10:30 (3 d ago)"


@given(
    st.lists(st.lists(st.text(max_size=60), min_size=3, max_size=3), max_size=6),
    st.integers(40, 160),
)
def test_a_table_never_is_wider_than_its_terminal(rows: list[list[str]], width: int) -> None:
    columns = (Column(heading="A", gives=1), Column(heading="B", gives=2, narrowest=8), Column(heading="C"))

    lines = drawn(Table(columns=columns, rows=rows), width)

    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_of_dead_letters_keeps_what_matters_at_every_width(width: int) -> None:
    letters = [
        letter(1),
        letter(123456, queue="main.to_magento.product_status", error="x" * 500, state="reprocessing"),
        letter(3, key=HOSTILE, error=HOSTILE),
    ]

    lines = drawn(letter_table(letters, now=NOW, width=width, zone=UTC), width)

    assert len(lines) == 4
    assert all(cell_len(line) <= width for line in lines)
    assert "AC-1001" in lines[1]
    assert "validation" in lines[1]
    assert "25 min ago" in lines[1]
    assert "123456" in lines[2]
    assert "product_status" in lines[2]
    assert "reproces" in lines[2]
    assert "\x1b" not in "".join(lines)


def test_in_a_pipe_every_dead_letter_is_one_line_of_eight_fields() -> None:
    letters = [letter(1), letter(2, key=HOSTILE, error=HOSTILE), letter(3, key=None, error_class=None)]

    lines = letter_lines(letters).lines()

    assert len(lines) == 4
    assert all(line.count("\t") == 7 for line in lines)
    assert lines[1].split("\t")[:2] == ["1", "main.to_magento.pricing"]


def test_queue_names_lose_only_what_all_of_them_begin_with() -> None:
    assert shared_prefix([]) == ""
    assert shared_prefix(["main.to_magento.pricing"]) == "main.to_magento."
    assert shared_prefix(["main.to_magento.pricing", "main.to_magento.product"]) == "main.to_magento."
    assert shared_prefix(["main.to_magento.order", "main.to_acumatica.order"]) == "main."
    assert shared_prefix(["a.b", "c"]) == ""


def test_the_story_tells_every_attempt_and_nothing_steers_the_terminal() -> None:
    told = story(letter(7, key=HOSTILE, error=HOSTILE), {"price": HOSTILE})

    lines = [line for line, _ in story_lines(told, now=NOW, zone=UTC)]
    text = "\n".join(lines)

    assert all(line.isprintable() for line in lines)
    assert "Dead letter 7" in lines[0]
    assert "POST /rest/all/V1/products/base-prices, with 25 records" in text
    assert "2026-11-21 10:01:00 (29 min ago), took 42 ms" in text
    assert "status   200, refused (validation:" in text
    assert "Requested product doesn't exist." in text
    assert "request id 0123abcd" in text


def test_bytes_that_are_no_json_are_shown_as_text() -> None:
    told = {**story(letter(7), None), "payload_text": "ab\\x00\n\x1b[2J", "attempt_log": []}

    lines = [line for line, _ in story_lines(told, now=NOW, zone=UTC)]

    assert "Payload, 123 bytes, no JSON" in lines
    assert "  \\u001b[2J" in lines
    assert "Attempts: none was made" in lines


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_of_queues_fits_and_tells_what_waits(width: int) -> None:
    away = queue("main.to_magento.inventory", waiting=None, last_run=None, next_run_at=None)

    lines = drawn(queue_table([queue(), away], now=NOW, width=width), width)

    assert all(cell_len(line) <= width for line in lines)
    assert "main.to_magento.pricing" in lines[1]
    assert "51" in lines[1]
    assert "?" in lines[2]


def test_a_paused_queue_says_who_when_and_why() -> None:
    paused = queue(paused={"since": "2026-11-21T10:00:00Z", "by": "somebody", "reason": "wrong prices"})

    lines = queue_lines(paused, now=NOW)

    assert any("paused by somebody since" in line and "wrong prices" in line for line in lines)
    assert any("after 5 s, 0 waiting" in line for line in lines)


def test_changes_of_settings_are_told_from_old_to_new() -> None:
    before = QueueProcessingSettings().to_document()
    after = QueueProcessingSettings(retry_count=5, fail_fast=True, max_in_flight={"pricing": 2}).to_document()

    assert changes(before, after) == "retry_count 3 → 5, fail_fast false → true, max_in_flight - → pricing=2"
    assert changes(before, before) == "nothing"


def test_assignments_are_read_as_a_merge_patch() -> None:
    assert read_changes(
        ["retry_count=5", "fail_fast=true", "outage_policy=hold", "batch_count=default", "max_in_flight.pricing=2"]
    ) == {
        "retry_count": 5,
        "fail_fast": True,
        "outage_policy": "hold",
        "batch_count": None,
        "max_in_flight": {"pricing": 2},
    }
    assert read_changes(["retry_count=-1", "batch_count=2.5"]) == {"retry_count": -1, "batch_count": "2.5"}


@pytest.mark.parametrize("assignments", [["retry_count"], ["=5"], ["a=1", "a=2"], ["a=1", "a.b=2"]])
def test_an_assignment_that_cannot_be_meant_is_refused(assignments: list[str]) -> None:
    with pytest.raises(UsageError):
        read_changes(assignments)


def test_an_exported_csv_holds_no_formulas() -> None:
    stream = io.StringIO()

    row_writer(stream, "csv")(letter(1, key="=1+1", error='say "no"\nplease', status=-1))

    assert "'=1+1" in stream.getvalue()
    assert ",-1," in stream.getvalue()
    assert '"say ""no""\nplease"' in stream.getvalue()
