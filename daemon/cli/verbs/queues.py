"""`am-connector queues`: what waits where, and the handles to pause, resume and run a queue."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.queue_views import queue_lines, queue_table
from daemon.cli.session import over_api

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The queue: main.to_magento.pricing, or without its instance.")
]


def create_group() -> typer.Typer:
    """Make the group; without a verb it lists the queues."""
    group = new_group(
        "queues",
        "List the queues, show one, pause, resume or run it.",
        "am-connector queues",
        "am-connector queues show to_magento.pricing",
        "am-connector queues pause to_magento.pricing --reason 'price list is wrong'",
        "am-connector queues --json | jq '.items[] | select(.waiting > 100)'",
    )
    group.info.no_args_is_help = False
    group.callback(invoke_without_command=True)(list_queues)
    group.command("show", epilog=examples("am-connector queues show to_magento.pricing"))(show)
    group.command(
        "pause",
        short_help="Pause a queue; it keeps collecting.",
        epilog=examples("am-connector queues pause to_magento.pricing --reason 'price list'"),
    )(pause)
    group.command("resume", epilog=examples("am-connector queues resume to_magento.pricing"))(resume)
    group.command(
        "run", short_help="Start a run of a queue now.", epilog=examples("am-connector queues run to_magento.pricing")
    )(run_now)
    return group


def list_queues(context: typer.Context, *, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """List the queues: what waits, state, last run, next run, skipped ticks."""
    if context.invoked_subcommand is not None:
        # `queues --json show …` means what `queues show … --json` means.
        context.obj = {"url": url, "as_json": as_json}
        return
    output = Output.standard(is_json=as_json)
    answer = over_api(url, lambda api: api.get("queues")).document
    if output.is_json:
        output.document(answer)
    else:
        output.table(queue_table(answer["items"], now=datetime.now(UTC), width=output.out.width))


def show(context: typer.Context, name: NameArgument, *, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show one queue with its last run, check by check."""
    given = context.obj or {}
    output = Output.standard(is_json=as_json or given.get("as_json", False))
    answer = over_api(url or given.get("url"), lambda api: api.get("queues", name)).document
    if output.is_json:
        output.document(answer)
    else:
        output.lines(queue_lines(answer, now=datetime.now(UTC)))


def pause(
    context: typer.Context,
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a queue: its run ends after the check in hand, messages are still collected."""
    _act(context, name, "pause", "paused; it keeps collecting", reason=reason, url=url, as_json=as_json)


def resume(
    context: typer.Context,
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resume a paused queue: it runs again from its next tick."""
    _act(context, name, "resume", "resumed; it runs from its next tick", reason=reason, url=url, as_json=as_json)


def run_now(
    context: typer.Context,
    name: NameArgument,
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a run of a queue now; its further runs follow every interval from here."""
    _act(context, name, "run", "runs now", reason=reason, url=url, as_json=as_json)


def _act(
    context: typer.Context, name: str, act: str, done: str, *, reason: str, url: str | None, as_json: bool
) -> None:
    given = context.obj or {}
    output = Output.standard(is_json=as_json or given.get("as_json", False))
    document = {"reason": reason} if reason else {}
    answer = over_api(url or given.get("url"), lambda api: api.post("queues", name, act, document=document)).document
    if output.is_json:
        output.document(answer)
    else:
        output.line(f"{answer['queue']}: {done}")
