"""`am-connector dead-letters`: look at what failed, and send it again, close it or take it along."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from daemon.cli.confirmation import confirm
from daemon.cli.dead_letter_export import ExportFormat, opened, row_writer
from daemon.cli.dead_letter_filter import LetterFilter
from daemon.cli.dead_letter_story import story_lines
from daemon.cli.dead_letter_views import letter_lines, letter_table, shared_prefix
from daemon.cli.errors import ApiProblem, UsageError
from daemon.cli.exit_codes import FAILED
from daemon.cli.listing import LimitOption, show_first
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, YesOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.progress import Report, progress
from daemon.cli.reprocessing import GROUP, choose_ids, reprocess_ids
from daemon.cli.session import api_session, over_api
from daemon.cli.texts import counted

State = Literal["failed", "reprocessing", "reprocessed", "discarded", "superseded"]

StateOption = Annotated[State | None, typer.Option("--state", help="In this state only.")]
QueueOption = Annotated[str | None, typer.Option("--queue", metavar="NAME", help="Of this queue only, full name.")]
KeyOption = Annotated[str | None, typer.Option("--key", metavar="KEY", help="Of this record only.")]
ClassOption = Annotated[
    str | None, typer.Option("--error-class", metavar="CLASS", help="Whose last attempt failed so: timeout, auth …")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Failed since: 30m, 2h, 7d, 2026-11-21, 2026-11-21T10:00.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Failed before; written as --since.")]
TextOption = Annotated[
    str | None, typer.Option("--q", metavar="TEXT", help="With this text in key, event id, source or error.")
]
IdArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `dead-letters list` shows it.")]


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "dead-letters",
        "Look at Failed messages; reprocess, discard or export them.",
        "am-connector dead-letters list --state failed --since 2h",
        "am-connector dead-letters show 42",
        "am-connector dead-letters reprocess 42 43",
        "am-connector dead-letters reprocess --all --queue main.to_magento.pricing",
    )
    group.command(
        "list",
        epilog=examples(
            "am-connector dead-letters list --state failed --since 2h",
            "am-connector dead-letters list --error-class validation --limit 500 --json",
            "am-connector dead-letters list --q 'AC-10' | cut -f1",
        ),
    )(list_letters)
    group.command("show", epilog=examples("am-connector dead-letters show 42"))(show)
    group.command(
        "reprocess",
        epilog=examples(
            "am-connector dead-letters reprocess 42 43 --reason 'SKU created'",
            "am-connector dead-letters reprocess --error-class connection --since 1d",
            "am-connector dead-letters reprocess --all --yes",
        ),
    )(reprocess)
    group.command("discard", epilog=examples("am-connector dead-letters discard 42 --reason 'product is gone'"))(
        discard
    )
    group.command(
        "export",
        epilog=examples(
            "am-connector dead-letters export failed.csv --state failed",
            "am-connector dead-letters export - --format jsonl | gzip > failed.jsonl.gz",
        ),
    )(export)
    return group


def list_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    state: StateOption = None,
    queue: QueueOption = None,
    key: KeyOption = None,
    error_class: ClassOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    q: TextOption = None,
    limit: LimitOption = 50,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, newest first: a table on a terminal, tab-separated lines in a pipe."""
    output = Output.standard(is_json=as_json)
    chosen = LetterFilter.read(state, queue, key, error_class, since, until, q, now=datetime.now(UTC))

    def show_letters(letters: Sequence[Any]) -> None:
        if output.on_terminal:
            output.table(letter_table(letters, now=datetime.now(UTC), width=output.out.width))
            _footnote(output, letters)
        else:
            output.table(letter_lines(letters))

    show_first(output, url, "dead-letters", chosen.parameters(), show_letters, limit=limit)


def show(letter_id: IdArgument, *, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Tell the whole story of one: what it is, its payload, every attempt with request, status and answer."""
    output = Output.standard(is_json=as_json)
    letter = over_api(url, lambda api: api.get("dead-letters", str(letter_id))).document
    if output.is_json:
        output.document(letter)
        return
    for line, is_heading in story_lines(letter, now=datetime.now(UTC)):
        output.line(line, style="bold" if is_heading else None)


def reprocess(  # noqa: PLR0913 - one parameter for each option
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", min=1, help="Those to send again.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that are Failed; with filters, all that match.")] = False,
    state: StateOption = None,
    queue: QueueOption = None,
    key: KeyOption = None,
    error_class: ClassOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    q: TextOption = None,
    reason: ReasonOption = "",
    yes: YesOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Send dead letters again, each with a new budget of attempts.

    Give ids, or filters, or --all. With filters those in state failed are meant, unless --state says otherwise;
    their number is shown and asked about, and exactly those that were counted are sent again.
    """
    output = Output.standard(is_json=as_json)
    chosen = LetterFilter.read(state, queue, key, error_class, since, until, q, now=datetime.now(UTC))
    if bool(ids) == bool(every or chosen.is_any):
        raise UsageError("give the ids to reprocess, or filters, or --all; see am-connector dead-letters reprocess -h")
    with api_session(url) as session:
        if ids:
            wanted: Sequence[int] = list(dict.fromkeys(ids))
        else:
            wanted = session.do(lambda api: choose_ids(api, chosen.failed_unless_said(), output))
            if not confirm(output, f"Reprocess {counted(len(wanted), 'dead letter')}?", count=len(wanted), yes=yes):
                raise typer.Exit(FAILED)
        with progress(output, "reprocessing", total=len(wanted), is_long=len(wanted) > GROUP) as report:
            result = session.do(lambda api: reprocess_ids(api, wanted, reason, report))
    if output.is_json:
        output.document(result.to_document())
    else:
        for line in result.lines():
            output.note(line)
        output.line(f"{counted(result.requeued, 'dead letter')} waiting for the next check of their queues")
    if ids and result.skipped:
        raise typer.Exit(FAILED)


def discard(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", min=1, help="Those to close.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close dead letters without sending them; each can still be reprocessed later."""
    output = Output.standard(is_json=as_json)
    discarded: list[Mapping[str, Any]] = []
    faults: list[dict[str, Any]] = []
    document = {"reason": reason} if reason else {}
    wanted = list(dict.fromkeys(ids))
    with api_session(url) as session, _discarding(output, len(wanted)) as report:
        for number, each in enumerate(wanted, start=1):
            try:
                discarded.append(session.post("dead-letters", str(each), "discard", document=document))
            except ApiProblem as problem:
                if problem.code not in {"not_found", "state_conflict"}:
                    raise
                faults.append({"id": each, "state": problem.document.get("state"), "error": str(problem)})
            report(number, number, f"{number} of {len(wanted)}")
    if output.is_json:
        output.document({"discarded": discarded, "skipped": faults})
    else:
        for fault in faults:
            output.note(f"{fault['id']}: {fault['error']}")
        output.line(f"{counted(len(discarded), 'dead letter')} discarded")
    if faults:
        raise typer.Exit(FAILED)


def export(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to; - for stdout.")] = "-",
    *,
    file_format: Annotated[
        ExportFormat | None, typer.Option("--format", help="Otherwise by the file's name; csv to stdout.")
    ] = None,
    state: StateOption = None,
    queue: QueueOption = None,
    key: KeyOption = None,
    error_class: ClassOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    q: TextOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write dead letters to a file or a pipe, newest first."""
    if as_json and file == "-":
        raise UsageError("--json tells about an export to a FILE; for JSON on stdout give --format jsonl")
    output = Output.standard(is_json=as_json)
    chosen = LetterFilter.read(state, queue, key, error_class, since, until, q, now=datetime.now(UTC))
    found: ExportFormat = file_format or ("jsonl" if file.endswith((".jsonl", ".ndjson", ".json")) else "csv")
    count = 0
    with api_session(url) as session, opened(file) as stream, progress(output, "exporting", total=None) as report:
        write = row_writer(stream, found)
        for page in session.pages("dead-letters", **chosen.parameters()):
            for letter in page:
                write(letter)
            count += len(page)
            report(count, count, counted(count, "dead letter"))
    if output.is_json:
        output.document({"exported": count, "file": file, "format": found})
    elif file == "-":
        output.note(f"{counted(count, 'dead letter')} exported")
    else:
        output.line(f"{counted(count, 'dead letter')} exported to {file}")


def _discarding(output: Output, count: int) -> AbstractContextManager[Report]:
    return progress(output, "discarding", total=count, every=500, is_long=count > GROUP)


def _footnote(output: Output, letters: Sequence[Mapping[str, Any]]) -> None:
    if not letters:
        output.note("no dead letters match")
        return
    prefix = shared_prefix([str(each["queue"]) for each in letters])
    if prefix:
        output.note(f"queue names begin with {prefix}", style="dim")
