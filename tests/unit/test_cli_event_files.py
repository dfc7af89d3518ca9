"""Files of events, read as streams."""

import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from daemon.cli.errors import UsageError
from daemon.cli.event_files.csv_rows import CsvDefaults
from daemon.cli.event_files.entries import Entry, EventRecord, UnreadableRecord
from daemon.cli.event_files.pieces import PIECE_BYTES
from daemon.cli.event_files.reading import FileFormat, read_events
from queues.message import MAX_EVENT_BYTES

NO_TYPE = CsvDefaults(type=None, source="csv", time="2026-11-21T10:00:00.000Z")
PRICES = CsvDefaults(type="to_magento.pricing", source="csv", time="2026-11-21T10:00:00.000Z")


def read(text: str | bytes, *, defaults: CsvDefaults = NO_TYPE, file_format: FileFormat | None = None) -> list[Entry]:
    body = text.encode() if isinstance(text, str) else text
    return list(read_events(io.BytesIO(body), file_format=file_format, defaults=defaults))


def documents(entries: list[Entry]) -> list[object]:
    return [json.loads(each.body) for each in entries if isinstance(each, EventRecord)]


def refusals(entries: list[Entry]) -> list[tuple[int, str]]:
    return [(each.line, each.code) for each in entries if isinstance(each, UnreadableRecord)]


class Endless(io.RawIOBase):
    """A pipe that never ends: reading all of it would never return."""

    def __init__(self, line: bytes) -> None:
        self._line = line
        self.given = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase takes any buffer, io gives this
        part = (self._line * (len(buffer) // len(self._line) + 1))[: len(buffer) - len(buffer) % len(self._line)]
        buffer[: len(part)] = part
        self.given += len(part)
        return len(part)


def test_an_empty_file_has_no_events() -> None:
    assert read("") == []
    assert read(" \n\n") == []


def test_json_lines_keep_the_bytes_and_numbers_of_their_lines() -> None:
    entries = read('{"a": 1.10}\n\n{"b": 2}\r\n{"c": 3}')

    assert entries == [
        EventRecord(line=1, body=b'{"a": 1.10}'),
        EventRecord(line=3, body=b'{"b": 2}'),
        EventRecord(line=4, body=b'{"c": 3}'),
    ]


def test_a_bad_line_spoils_no_other() -> None:
    entries = read(b'{"a": 1}\n{"b": \n"x"\n{"c": "\xff"}\n{"d": 4}\n')

    assert documents(entries) == [{"a": 1}, {"d": 4}]
    assert refusals(entries) == [(2, "not_json"), (3, "invalid"), (4, "not_utf8")]


def test_a_file_whose_first_line_is_cut_off_is_still_read_line_by_line() -> None:
    entries = read('{"a": \n{"b": 2}\n{"c": 3}\n')

    assert documents(entries) == [{"b": 2}, {"c": 3}]
    assert refusals(entries) == [(1, "not_json")]


def test_one_event_over_several_lines_is_one_event() -> None:
    entries = read('{\n  "a": {"b": "}"},\n  "c": [1, 2]\n}\n')

    assert documents(entries) == [{"a": {"b": "}"}, "c": [1, 2]}]


def test_a_list_of_events_is_read_element_by_element() -> None:
    entries = read('[\n  {"a": "],[\\"" },\n  {"b": [1, {"c": 2}]},\n  7\n]\n')

    assert documents(entries) == [{"a": '],["'}, {"b": [1, {"c": 2}]}]
    assert refusals(entries) == [(4, "invalid")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[]", []),
        ('[{"a": 1}', [(1, "not_json")]),
        ('[{"a": 1}, {"b"', [(1, "not_json")]),
        ('[{"a": 1}] x', [(1, "not_json")]),
        ('[{"a": 1},, {"b": 2}]', [(1, "not_json")]),
    ],
)
def test_what_is_wrong_with_a_list_is_told(text: str, found: list[tuple[int, str]]) -> None:
    assert refusals(read(text)) == found


def test_an_event_that_is_too_large_is_refused_and_the_next_one_read() -> None:
    large = '{"a": "' + "x" * MAX_EVENT_BYTES + '"}'

    for text in (f'{large}\n{{"b": 2}}\n', f'[{large}, {{"b": 2}}]'):
        entries = read(text)

        assert documents(entries) == [{"b": 2}]
        assert [code for _, code in refusals(entries)] == ["too_large"]
        assert all(len(each.body) < MAX_EVENT_BYTES for each in entries)


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text(alphabet='ab"\\{}[],\n é', max_size=30), max_size=3), max_size=8
    ),
    st.booleans(),
    st.integers(0, 40),
)
def test_every_form_of_json_gives_the_same_events(values: list[dict[str, str]], indented: bool, filler: int) -> None:  # noqa: FBT001
    values = [{**each, "n": "y" * filler} for each in values]
    kept = [each for each in values if not any("\x00" in text for text in (*each, *each.values()))]
    kept = [each for each in kept if "\x00" not in json.dumps(each)]

    as_list = json.dumps(kept, indent=2 if indented else None)
    as_lines = "".join(json.dumps(each) + "\n" for each in kept)

    assert documents(read(as_list)) == kept
    assert documents(read(as_lines)) == kept
    if kept:
        assert documents(read("\n".join(json.dumps(each, indent=1) for each in kept))) == kept


@pytest.mark.parametrize("shift", range(-3, 4))
def test_an_escape_cut_by_the_end_of_a_piece_is_followed(shift: int) -> None:
    event = {"a": "x" * (PIECE_BYTES + shift - 8) + '"\\', "b": "]"}

    assert documents(read(json.dumps([event, {"c": 1}]))) == [event, {"c": 1}]


@pytest.mark.parametrize(
    ("line", "defaults"),
    [(b'{"a": 1}\n', NO_TYPE), (b"subject\n", PRICES)],
)
def test_an_endless_pipe_is_read_no_further_than_asked(line: bytes, defaults: CsvDefaults) -> None:
    pipe = Endless(line)

    entries: Iterator[Entry] = read_events(io.BufferedReader(pipe), file_format=None, defaults=defaults)
    for _ in range(1000):
        next(entries)

    assert pipe.given < 100_000


def test_the_columns_of_a_csv_become_envelope_and_data() -> None:
    text = "\ufeffsubject,time,storeview,price,special_price\nAC-1,2026-11-21T10:00:00Z,default,12.50,\n"

    (event,) = documents(read(text, defaults=PRICES))

    assert isinstance(event, dict)
    assert event.pop("id").startswith("csv-")
    assert event == {
        "specversion": "1.0",
        "source": "csv",
        "type": "to_magento.pricing",
        "subject": "AC-1",
        "time": "2026-11-21T10:00:00Z",
        "datacontenttype": "application/json",
        "storeview": "default",
        "data": {"price": "12.50"},
    }


def test_a_csv_may_bring_its_own_id_source_type_and_changed() -> None:
    text = "id;source;type;subject;changed;quantity;in_stock\n7;erp;to_magento.inventory;AC-1;a,b;5;no\n"

    (event,) = documents(read(text))

    assert isinstance(event, dict)
    assert (event["id"], event["source"], event["type"]) == ("7", "erp", "to_magento.inventory")
    assert event["changed"] == ["a", "b"]
    assert event["data"] == {"quantity": "5", "in_stock": False}


def test_the_id_of_a_row_follows_from_its_content() -> None:
    first, again, other = documents(read("subject,price\nA,1\nA,1\nA,2\n", defaults=PRICES))
    later = CsvDefaults(type="to_magento.pricing", source="csv", time="2026-11-22T10:00:00.000Z")
    (newer,) = documents(read("subject,price\nA,1\n", defaults=later))

    ids = [each["id"] for each in (first, again, other, newer) if isinstance(each, dict)]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_rows_over_several_lines_are_told_by_the_line_they_begin_in() -> None:
    entries = read('subject,price,note\nA,1,"two\nlines"\nB,2,x,too many\n\nC,3,\n', defaults=PRICES)

    assert [each.line for each in entries] == [2, 4, 6]
    assert refusals(entries) == [(4, "invalid")]


def test_a_row_that_is_not_utf8_or_holds_nul_is_refused_alone() -> None:
    entries = read(b"subject,price\nA,1\n\xffB,2\nC\x00,3\nD,4\n", defaults=PRICES)

    assert [each["subject"] for each in documents(entries) if isinstance(each, dict)] == ["A", "D"]
    assert refusals(entries) == [(3, "not_utf8"), (4, "invalid")]


def test_a_quote_that_is_never_closed_ends_a_csv_with_a_word_on_it() -> None:
    entries = read("subject,price\nA,1\n" + 'B,"' + "x\n" * MAX_EVENT_BYTES, defaults=PRICES)

    assert refusals(entries) == [(3, "invalid")]


@pytest.mark.parametrize(
    ("text", "defaults", "told"),
    [
        ("sku,price\nA,1\n", PRICES, "column subject"),
        ("subject,price\nA,1\n", NO_TYPE, "--type"),
        ("subject,price,price\nA,1,2\n", PRICES, "every column once"),
        ('{"a": 1}\n', PRICES, "--type is for CSV"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_read(
    text: str, defaults: CsvDefaults, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        read(text, defaults=defaults)
