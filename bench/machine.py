"""Where and with what it was measured."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

_PACKAGES: Final = (
    "aio-pika",
    "aiormq",
    "aiohttp",
    "asyncpg",
    "SQLAlchemy",
    "msgspec",
    "uvloop",
    "faststream",
    "celery",
    "celery-batches",
)
_KIB_PER_GIB: Final = 1024 * 1024


def describe_machine(*, broker: str, database: str) -> Sequence[str]:
    """
    Give facts as lines of a list.

    Args:
        broker: version of RabbitMQ.
        database: version of PostgreSQL.
    """
    packages = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} cores ({_processor()}), {_memory_gib():.0f} GiB of memory; load average at the end {load}",
        f"Python {platform.python_version()}, RabbitMQ {broker}, PostgreSQL {database}, both with fsync on",
        packages,
    )


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_gib() -> float:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / _KIB_PER_GIB
    return 0.0


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
