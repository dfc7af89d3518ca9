"""Bringing a file of keys in: in groups, with progress, every line that holds no key named."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import typer

from daemon.cli.errors import UsageError
from daemon.cli.exit_codes import FAILED
from daemon.cli.key_files import BadLine, InactiveLine, KeyLine, read_keys
from daemon.cli.output import Output
from daemon.cli.progress import progress
from daemon.cli.session import api_session

KEYS_A_CALL: Final = 5_000


def import_file(url: str | None, sync: str, file: str, *, reason: str, output: Output) -> None:
    """Sync the records whose keys are in *file*; - is standard input."""
    noted, inactive = 0, 0
    bad: list[BadLine] = []
    with (
        _opened(file) as (stream, size),
        api_session(url) as session,
        progress(output, "importing", total=size, every=KEYS_A_CALL) as report,
    ):

        def keys() -> Iterator[str]:
            nonlocal inactive
            for each in read_keys(stream):
                match each:
                    case KeyLine(key=key):
                        yield key
                    case InactiveLine():
                        inactive += 1
                    case BadLine():
                        bad.append(each)
                        output.note(f"line {each.line} {each.reason}")

        for group in _groups(keys()):
            document = {"keys": group, **({"reason": reason} if reason else {})}
            session.post("syncs", sync, "import", document=document)
            noted += len(group)
            report(stream.tell() if size else 0, noted, f"{noted:,} keys")
    if output.is_json:
        lines = [{"line": each.line, "reason": each.reason} for each in bad]
        output.document({"sync": sync, "noted": noted, "inactive": inactive, "bad_lines": lines})
    else:
        output.line(f"{sync}: {noted:,} to be looked at, {inactive:,} not active, {len(bad):,} lines without a key")
    if bad or not noted:
        raise typer.Exit(FAILED)


def _groups(keys: Iterable[str]) -> Iterator[list[str]]:
    group: dict[str, None] = {}
    for key in keys:
        group[key] = None
        if len(group) == KEYS_A_CALL:
            yield list(group)
            group = {}
    if group:
        yield list(group)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening it is translated
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    with stream:
        yield stream, (os.fstat(stream.fileno()).st_size if Path(file).is_file() else None) or None
