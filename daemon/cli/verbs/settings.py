"""`am-connector settings`: the Queue Processing Settings in force, their change, their history."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from daemon.cli.api_client import ApiClient
from daemon.cli.options import JsonOption, ReasonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import over_api
from daemon.cli.settings_views import changes, history_table, read_changes, settings_table, version_line

PATH: Final = ("settings", "queue-processing")


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "settings",
        "Show and change the Queue Processing Settings.",
        "am-connector settings show",
        "am-connector settings set retry_count=5 batch_count=50 --reason 'sale week'",
        "am-connector settings set retry_count=default",
        "am-connector settings history",
    )
    group.command("show", epilog=examples("am-connector settings show", "am-connector settings show --json"))(show)
    group.command(
        "set",
        epilog=examples(
            "am-connector settings set retry_count=5 batch_count=50 --reason 'sale week'",
            "am-connector settings set outage_policy=hold max_in_flight.product_status=8",
            "am-connector settings set threshold_count=default",
        ),
    )(set_settings)
    group.command("history", epilog=examples("am-connector settings history --limit 5"))(history)
    return group


def show(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show the settings in force with range, default and advice."""
    output = Output.standard(is_json=as_json)
    settings = over_api(url, lambda api: api.get(*PATH)).document
    if output.is_json:
        output.document(settings)
        return
    output.table(settings_table(settings))
    output.note(version_line(settings, now=datetime.now(UTC)), style="dim")
    for advice in settings.get("advice") or ():
        output.note(f"advice: {advice}", style="yellow")


def set_settings(
    assignments: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="`default` takes one back.")],
    *,
    reason: ReasonOption = "",
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Change settings, in force from the start of the next check.

    What is not named stays as it is. All faults are told at once, and then nothing is changed; nor is anything when
    somebody else changed the settings in the same moment.
    """
    output = Output.standard(is_json=as_json)
    document = read_changes(assignments)

    async def change(api: ApiClient) -> tuple[dict[str, object], dict[str, object]]:
        before = await api.get(*PATH)
        after = await api.patch(*PATH, document=document, if_match=before.etag, reason=reason)
        return before.document, after.document

    before, after = over_api(url, change)
    if output.is_json:
        output.document(after)
        return
    output.line(f"version {after['version']}: {changes(before, after)}")
    advice = after.get("advice")
    for each in advice if isinstance(advice, list) else ():
        output.note(f"advice: {each}", style="yellow")


def history(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Versions at most.")] = 20,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who changed what, newest first."""
    output = Output.standard(is_json=as_json)
    # One more than shown: what a version changed is told against the one before it.
    versions = over_api(url, lambda api: api.first_items(*PATH, "history", limit=limit + 1))
    if output.is_json:
        output.document({"items": versions[:limit], "more": len(versions) > limit})
        return
    table = history_table(versions, now=datetime.now(UTC))
    output.table(table.first(limit))
    if not versions:
        output.note("the settings were never changed")
