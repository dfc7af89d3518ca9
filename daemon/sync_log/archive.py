"""Days of the log as files: JSON Lines, compressed, one a day; written whole or not at all."""

import asyncio
import gzip
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

_NAME: Final = re.compile(r"sync_log_(\d{4})(\d\d)(\d\d)\.jsonl\.gz")


async def archive_day(folder: Path, day: date, pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> Path:
    """
    Write the entries of *day* to a file in *folder*, which must be there; a file of that day is replaced.

    Raises:
        OSError: it could not be written.
    """
    path = folder / f"sync_log_{day:%Y%m%d}.jsonl.gz"
    part = path.with_suffix(".part")
    try:
        # Made by us and readable by nobody else: what targets answered may hold personal data.
        opener = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(opener, "wb") as raw, gzip.open(raw, "wb") as file:
            async for page in pages:
                lines = b"".join(msgspec.json.encode(row) + b"\n" for row in page)
                await asyncio.to_thread(file.write, lines)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path


def drop_archives(folder: Path, *, before: date) -> int:
    """
    Delete the files of days before *before*; files that are none of ours stay.

    Raises:
        OSError: one could not be deleted.
    """
    dropped = 0
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match and date(*map(int, match.groups())) + timedelta(days=1) <= before:
            path.unlink()
            dropped += 1
    return dropped
