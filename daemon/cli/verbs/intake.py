"""`am-connector intake`: whether new events are accepted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from daemon.cli.moments import local_and_relative, parse_instant
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.texts import one_line


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "intake",
        "Show, stop and resume the intake of new events.",
        "am-connector intake show",
        "am-connector intake stop --reason 'ERP is being restored'",
        "am-connector intake resume",
    )
    group.command("show", epilog=examples("am-connector intake show"))(show)
    group.command("stop", epilog=examples("am-connector intake stop --reason 'ERP is being restored'"))(stop)
    group.command("resume", epilog=examples("am-connector intake resume"))(resume)
    return group


def show(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show whether new events are accepted, and who changed that."""
    output = Output.standard(is_json=as_json)
    _show(output, over_api(url, lambda api: api.get("intake")).document)


def stop(
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; whoever sends an event is told it.")],
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse new events with 503 and the reason; what is in the queues goes on."""
    output = Output.standard(is_json=as_json)
    _show(output, over_api(url, lambda api: api.post("intake", "stop", document={"reason": reason})).document)


def resume(*, reason: ReasonOption = "", url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Accept new events again."""
    output = Output.standard(is_json=as_json)
    document = {"reason": reason} if reason else {}
    _show(output, over_api(url, lambda api: api.post("intake", "resume", document=document)).document)


def _show(output: Output, intake: Mapping[str, Any]) -> None:
    if output.is_json:
        output.document(intake)
        return
    since = parse_instant(intake.get("since"))
    when = f" since {local_and_relative(since, datetime.now(UTC))}" if since else ""
    by = f" by {intake['by']}" if intake.get("by") else ""
    why = f": {intake['reason']}" if intake.get("reason") else ""
    output.line(one_line(f"the intake is {intake['state']}{when}{by}{why}"))
