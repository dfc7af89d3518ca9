"""`am-connector connections test`: is the other side there, and does it know us?"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import typer

from daemon.cli.exit_codes import DONE, FAILED, NOT_REACHABLE, USAGE
from daemon.cli.options import JsonOption, UrlOption, examples, new_group
from daemon.cli.output import Output
from daemon.cli.session import api_session, over_api
from daemon.cli.texts import one_line

System = Literal["magento", "acumatica"]
SYSTEMS: Final[tuple[System, ...]] = ("magento", "acumatica")

_EXIT_CODES: Final[Mapping[str, int]] = {
    "unreachable": NOT_REACHABLE,
    "maintenance": NOT_REACHABLE,
    "not_configured": USAGE,
}
"""What a reason means for a script; every other one is 1, failed."""


def create_group() -> typer.Typer:
    """Make the group."""
    group = new_group(
        "connections",
        "Test the connections to Magento and Acumatica.",
        "am-connector connections test",
        "am-connector connections test magento --json",
        "am-connector connections time",
    )
    group.callback()(_group)
    group.command(
        "test", epilog=examples("am-connector connections test", "am-connector connections test magento --json")
    )(try_now)
    group.command("time", epilog=examples("am-connector connections time"))(verify_time)
    return group


def verify_time(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """
    Compare the clocks of Magento, Acumatica and the database with the daemon's.

    Exit code 1 if one is further away than time.max_skew_seconds; nobody's clock is set.
    """
    output = Output.standard(is_json=as_json)
    report = over_api(url, lambda api: api.post("time", "verify")).document
    if output.is_json:
        output.document(report)
    for each in () if output.is_json else report["clocks"]:
        output.line(one_line(each["detail"]), style=None if each["ok"] else "yellow")
    if not report["ok"]:
        raise typer.Exit(FAILED)


def try_now(
    system: Annotated[System | None, typer.Argument(help="Which one; otherwise both.", show_default=False)] = None,
    *,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """
    Have the running daemon test a connection; nothing is changed at the other side.

    Exit code 3 if a system does not answer, 1 if it answers and refuses, 2 if the one named is not configured.
    """
    output = Output.standard(is_json=as_json)
    reports: dict[str, Mapping[str, Any]] = {}
    with api_session(url) as session:
        for each in (system,) if system else SYSTEMS:
            reports[each] = session.post("connections", each, "test")
            if not output.is_json:
                output.line(report_line(each, reports[each]))
    if output.is_json:
        output.document(reports[system] if system else reports)
    code = exit_code(reports, is_named=system is not None)
    if code != DONE:
        raise typer.Exit(code)


def report_line(system: str, report: Mapping[str, Any]) -> str:
    """Tell one report in a line."""
    text = one_line("; ".join(str(report[name]) for name in ("detail", "clock") if report.get(name)))
    if report["ok"]:
        return f"{system}: ok{', ' + text if text else ''}"
    reason = str(report.get("reason") or "failed").replace("_", " ")
    return f"{system}: {reason}{': ' + text if text else ''}"


def exit_code(reports: Mapping[str, Mapping[str, Any]], *, is_named: bool) -> int:
    """Make one exit code of all *reports*; a system that is not configured is only missed when it was named."""
    reasons = [str(each.get("reason") or "") for each in reports.values() if not each["ok"]]
    codes = [_EXIT_CODES.get(reason, FAILED) for reason in reasons if is_named or reason != "not_configured"]
    return NOT_REACHABLE if NOT_REACHABLE in codes else max(codes, default=DONE)


def _group() -> None:
    """Test the connections to Magento and Acumatica."""
