"""
What the log looks like: one line an event, facts as fields, for people on a terminal and JSON elsewhere.

Everything passes here last, lines of libraries and tracebacks too, so this is where secrets and personal data are
hidden, and where strangers' texts lose what could break a line or move a terminal's cursor.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import Processor
from typing_extensions import override

from daemon.config import LogConfig
from daemon.log_sink import LogSink
from queues.masking import kind_of, mask_document, mask_known

_NOISY: Final = ("alembic", "aio_pika", "asyncio", "aiohttp.access", "sqlalchemy.engine")
"""Libraries whose own lines say less than our events do; only their warnings are kept."""

_SHOUTING: Final = ("aiormq",)
"""Prints a traceback for every lost connection, which our own events tell in a line."""


def set_up_logging(config: LogConfig, *, secrets: tuple[str, ...] = (), stream: TextIO | None = None) -> LogSink:
    """
    Send every event to *stream* (default: standard output).

    Args:
        config: the lowest level, and the form: `auto` means console on a terminal and JSON otherwise.
        secrets: texts that must not be written, whatever else is known about the line they stand in.
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
        [_in_one_line, structlog.dev.ConsoleRenderer(colors=out.isatty(), sort_keys=False)]
        if on_terminal
        else [_event_first, structlog.processors.JSONRenderer(default=str)]
    )
    sink = LogSink(out)
    sink.setFormatter(
        _Formatter(
            secrets=secrets,
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Written out first: the texts of errors are strangers' texts as well.
                structlog.processors.format_exc_info,
                _hiding(secrets),
                *renderer,
            ],
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


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Looks once more at the finished line: a secret may have come together only there."""

    def __init__(self, *, secrets: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - handed on as it is
        super().__init__(**given)
        self._secrets = secrets

    @override
    def format(self, record: logging.LogRecord) -> str:
        return mask_known(super().format(record), self._secrets)


def _hiding(secrets: tuple[str, ...]) -> Processor:
    """Hide what is, or looks like, a secret, and personal data: a log is read by more people than the tables are."""

    def hide(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        # The facts of a line are named by us, `address` is the daemon's; what they hold is anybody's.
        return {
            name: mask_document({name: value}, personal=False)[name]
            if kind_of(name) == "secret"
            else mask_document(value, personal=True, known=secrets)
            for name, value in event.items()
        }

    return hide


def _in_one_line(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape what could break the line or turn it round; a traceback keeps its lines, all of them set in."""
    told = event.pop("exception", None)
    line: dict[str, Any] = {
        _escaped(name): _escaped(value) if isinstance(value, str) else value for name, value in event.items()
    }
    if isinstance(told, str):
        line["exception"] = "\n".join(f"    {_escaped(each)}" for each in told.splitlines())
    return line


def _escaped(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _event_first(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put time, level and event in front: that is what eyes look for."""
    head = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return {**head, **event}
