"""What the log looks like: one line an event, facts as fields, for people on a terminal and JSON elsewhere."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import Processor

from daemon.config import LogConfig
from daemon.log_sink import LogSink

_NOISY: Final = ("alembic", "aio_pika", "asyncio", "aiohttp.access", "sqlalchemy.engine")
"""Libraries whose own lines say less than our events do; only their warnings are kept."""

_SHOUTING: Final = ("aiormq",)
"""Prints a traceback for every lost connection, which our own events tell in a line."""


def set_up_logging(config: LogConfig, *, stream: TextIO | None = None) -> LogSink:
    """
    Send every event to *stream* (default: standard output).

    Args:
        config: the lowest level, and the form: `auto` means console on a terminal and JSON otherwise.
        stream: where the lines go.

    Returns:
        The sink, which knows how many lines were dropped because nobody read them.
    """
    out = stream or sys.stdout
    on_terminal = config.format == "console" or (config.format == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=out.isatty(), sort_keys=False)]
        if on_terminal
        else [structlog.processors.format_exc_info, _event_first, structlog.processors.JSONRenderer(default=str)]
    )
    sink = LogSink(out)
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(config.level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in _SHOUTING:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return sink


def _event_first(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put time, level and event in front: that is what eyes look for."""
    head = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**head, **event}
