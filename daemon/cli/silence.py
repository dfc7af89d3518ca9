"""Log lines of the engine are for the daemon: a verb tells what happens in its own words."""

import logging
from typing import Any, NoReturn

import structlog


def silence_logs() -> None:
    """Drop every log line of this process, those of the libraries too."""
    logging.disable(logging.CRITICAL)
    structlog.configure(processors=[_drop])


def _drop(_logger: object, _name: str, _event: Any) -> NoReturn:  # noqa: ANN401 - structlog's own kind of mapping
    raise structlog.DropEvent
