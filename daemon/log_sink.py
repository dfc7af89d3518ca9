"""
Where log lines go without anybody waiting for them.

A pipe whose reader has stopped reading blocks whoever writes to it. So lines are queued, and a thread of their own
writes them; while the queue is full, lines are dropped and counted, and the count is told as soon as there is room.
"""

import logging
import os
import queue
import select
import threading
from collections.abc import Callable
from typing import Final, TextIO

import structlog
from typing_extensions import override

_log = structlog.stdlib.get_logger("daemon.logs")

LONGEST_QUEUE: Final = 10_000
"""Lines that may wait: some megabytes."""
FLUSH_SECONDS: Final = 2.0
"""The longest that the end of the process waits for what is still queued."""


class LogSink(logging.Handler):
    """
    Writes records to *stream* from a thread of its own; `emit` never waits for the reader.

    Args:
        stream: standard output, or whatever a test reads.
        longest: lines that may wait, 2 or more.

    Attributes:
        dropped: lines that were never written, so far.
    """

    def __init__(self, stream: TextIO, *, longest: int = LONGEST_QUEUE) -> None:
        super().__init__()
        self.dropped = 0
        self._write = _writer(stream)
        self._room = longest // 2
        self._lines: queue.Queue[str] = queue.Queue(longest)
        self._counting = threading.Condition()
        self._unwritten = 0
        self._untold = 0
        # A daemon thread: hanging in a write, it must not keep the process from ending.
        threading.Thread(target=self._run, name="log", daemon=True).start()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as in every handler of the standard library: a bad record stops no work
            self.handleError(record)
            return
        with self._counting:
            try:
                self._lines.put_nowait(line)
            except queue.Full:
                self.dropped += 1
                self._untold += 1
            else:
                self._unwritten += 1

    @override
    def flush(self) -> None:
        """Wait until everything is written, for at most two seconds; `logging` calls it when the process ends."""
        with self._counting:
            self._counting.wait_for(lambda: not self._unwritten, timeout=FLUSH_SECONDS)

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._write(f"{line}\n")
            except (OSError, ValueError):  # the reader is gone for good, or the stream was closed
                with self._counting:
                    self.dropped += 1
            with self._counting:
                self._unwritten -= 1
                self._counting.notify_all()
            self._tell_dropped()

    def _tell_dropped(self) -> None:
        with self._counting:
            if not self._untold or self._lines.qsize() > self._room:
                return
            untold, self._untold = self._untold, 0
        _log.warning("log.lines_dropped", lines=untold, reason="whoever reads the log was too slow")


def _writer(stream: TextIO) -> Callable[[str], None]:
    """Give what writes a text to *stream*; without its buffer, whose lock would hold up the end of the process."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # a stream in memory
        return lambda text: print(text, end="", file=stream, flush=True)
    return lambda text: _write_all(number, text.encode(errors="backslashreplace"))


def _write_all(number: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:  # somebody who shares it has made it non-blocking
            waiting = select.poll()
            waiting.register(number, select.POLLOUT)
            waiting.poll()
