"""`am-connector events publish`: a file or a pipe of change events into the queues."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, TextIO

import typer

from daemon.cli.errors import UsageError
from daemon.cli.event_files.csv_rows import CsvDefaults
from daemon.cli.event_files.reading import FileFormat, read_events
from daemon.cli.exit_codes import FAILED
from daemon.cli.intake_api import take_in_over_api
from daemon.cli.options import JsonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.progress import progress
from daemon.cli.publishing import Account, TakeIn, publish, refusal_line, write_refusal
from daemon.cli.session import api_session

REFUSALS_SHOWN: Final = 20
"""Refusals told on stderr one by one."""


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "events",
        "Bring change events in.",
        "am-connector events publish prices.csv --type to_magento.pricing",
        "am-connector events publish changes.jsonl --refused refused.jsonl",
    )
    group.command(
        "publish",
        epilog=examples(
            "am-connector events publish prices.csv --type to_magento.pricing",
            "am-connector events publish changes.jsonl --refused refused.jsonl",
            "export-prices | am-connector events publish - --json",
            "am-connector events publish changes.jsonl --direct    # to the broker, without a running daemon",
        ),
    )(publish_events)
    return group


def publish_events(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for what comes through a pipe.")] = "-",
    *,
    event_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Type of all rows of a CSV: to_magento.pricing.")
    ] = None,
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="Source of the rows of a CSV without that column.")
    ] = "csv",
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="What the file is; otherwise found out.")
    ] = None,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every refused event there, as JSON Lines.")
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Publish to the broker (CONNECTOR_BROKER_URL), without the daemon.")
    ] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Publish change events: JSON Lines, a JSON list, one CloudEvent, or CSV with a header.

    A CSV has the columns subject, time, storeview, and any others, which become data (price, quantity). A row without
    time is as old as the file; a row without id gets one made of its content, so that a file published twice
    brings nothing twice. Exit code 1 if any event was refused.
    """
    output = Output.standard(is_json=as_json)
    with ExitStack() as stack:
        stream, size, time = stack.enter_context(_opened(file))
        defaults = CsvDefaults(type=event_type, source=source, time=time)
        found: FileFormat | None = file_format or ("csv" if Path(file).suffix.lower() in {".csv", ".tsv"} else None)
        entries = read_events(stream, file_format=found, defaults=defaults)
        take_in = stack.enter_context(_direct() if direct else _over_api(url))
        log = stack.enter_context(refused.open("w", encoding="utf-8")) if refused else None
        report = stack.enter_context(progress(output, "publishing", total=size))

        teller = _Teller(output, log)
        account = publish(
            entries,
            take_in,
            refused=teller.tell,
            progressed=lambda so_far: report(stream.tell() if size else 0, so_far.read, so_far.told()),
        )
    _show(output, account, refused)


class _Teller:
    """Tells of refused events: the first ones on stderr, all of them in the file, if there is one."""

    def __init__(self, output: Output, log: TextIO | None) -> None:
        self._output = output
        self._log = log
        self._told = 0

    def tell(self, refusal: dict[str, Any]) -> None:
        """Tell of one."""
        self._told += 1
        if self._told <= REFUSALS_SHOWN:
            self._output.note(refusal_line(refusal))
        if self._log is not None:
            write_refusal(self._log, refusal)


def _show(output: Output, account: Account, refused: Path | None) -> None:
    left_out = account.refused + account.unavailable - REFUSALS_SHOWN
    if left_out > 0:
        where = f"see {refused}" if refused else "give --refused FILE to have them all"
        output.note(f"… and {left_out:,} more: {where}")
    if output.is_json:
        output.document(account.to_document())
    else:
        output.line(f"{account.read:,} events: {account.told()}")
    if account.error is not None:
        if account.read:
            output.note(
                f"stopped at line {account.stopped_at}; what came before it is in. Publish the same again to go on: "
                "events that are known are recognised"
            )
        raise account.error
    if not account.is_complete:
        raise typer.Exit(FAILED)


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int | None, str]]:
    """Open the file or stdin: the stream, its size if it has one, and the time of its rows that have none."""
    if file == "-":
        if sys.stdin.isatty():
            sys.stderr.write("reading events from the terminal, end with Ctrl-D\n")
        yield sys.stdin.buffer, None, _written(datetime.now(UTC))
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening it is translated
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    with stream:
        status = os.fstat(stream.fileno())
        size = status.st_size if Path(file).is_file() else None
        yield stream, size or None, _written(datetime.fromtimestamp(status.st_mtime, UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _over_api(url: str | None) -> Iterator[TakeIn]:
    with api_session(url) as session:
        yield lambda events: session.do(lambda api: take_in_over_api(api, events))


@contextmanager
def _direct() -> Iterator[TakeIn]:
    # Imported only here: it brings the broker's driver along.
    from daemon.cli.intake_broker import broker_intake  # noqa: PLC0415 - as the comment above says

    with broker_intake(os.environ) as take_in:
        yield take_in
