"""The log sink: nobody waits for a reader that does not read, and what is lost is counted and told."""

import io
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import pytest
import structlog

from daemon.config import LogConfig
from daemon.log_sink import LogSink
from daemon.logs import set_up_logging

_log = structlog.stdlib.get_logger("tests")

EACH = "x" * 1000
MANY = 400
"""Lines of a kilobyte: more than a pipe holds, and more than the small sinks below."""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@contextmanager
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """Give both ends of a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as writer:
        yield reader, writer


def record(number: int) -> logging.LogRecord:
    return logging.LogRecord("tests", logging.INFO, "", 0, f"{number} {EACH}", None, None)


def numbers(lines: list[str]) -> list[int]:
    return [int(line.split()[0]) for line in lines]


def test_every_line_arrives_in_order() -> None:
    stream = io.StringIO()
    sink = LogSink(stream)

    for number in range(MANY):
        sink.emit(record(number))
    sink.flush()

    assert numbers(stream.getvalue().splitlines()) == list(range(MANY))
    assert sink.dropped == 0


def test_a_reader_that_does_not_read_holds_nobody_up_and_what_is_lost_is_counted() -> None:
    with pipe() as (reader, writer):
        sink = LogSink(writer, longest=10)

        for number in range(MANY):
            sink.emit(record(number))
        dropped = sink.dropped
        first = [reader.readline() for _ in range(MANY - dropped)]

        assert dropped >= MANY - 64 - 10 - 4
        assert numbers(first) == sorted(numbers(first))


def test_what_was_lost_is_told_when_there_is_room_again() -> None:
    def told(lines: TextIO) -> dict[str, Any]:
        for line in lines:
            document: dict[str, Any] = json.loads(line)
            if document["event"] == "log.lines_dropped":
                return document
        raise AssertionError

    with pipe() as (reader, writer):
        sink = set_up_logging(LogConfig(level="info", format="json"), stream=writer)
        while not sink.dropped:
            _log.info("tests.happened", text=EACH)

        document = told(reader)

        assert document["lines"] == sink.dropped
        assert document["level"] == "warning"


def test_a_reader_that_is_gone_stops_nothing() -> None:
    with pipe() as (reader, writer):
        sink = LogSink(writer)
        reader.close()

        sink.emit(record(1))
        sink.flush()

        assert sink.dropped == 1


def test_a_non_blocking_stream_is_written_in_full() -> None:
    with pipe() as (reader, writer):
        os.set_blocking(writer.fileno(), False)
        sink = LogSink(writer)

        for number in range(MANY):
            sink.emit(record(number))
        lines = [reader.readline() for _ in range(MANY)]

        assert numbers(lines) == list(range(MANY))
