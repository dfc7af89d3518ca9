"""Options that several verbs share, and the examples under their help."""

from typing import Annotated

import typer

JsonOption = Annotated[
    bool, typer.Option("--json", help="Write the result as JSON to stdout; messages still go to stderr.")
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the daemon's API is; otherwise CONNECTOR_HTTP_HOST and CONNECTOR_HTTP_PORT, http://127.0.0.1:8080. "
        "The token comes from CONNECTOR_TOKEN or CONNECTOR_ADMIN_TOKEN, or the file CONNECTOR_…_FILE names.",
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit log.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def examples(*lines: str) -> str:
    """Make the end of a verb's help: one example a line, not wrapped."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def new_group(name: str, caption: str, *lines: str) -> typer.Typer:
    """Make a group of verbs that shows its help when it is called without one."""
    return typer.Typer(
        name=name,
        help=caption,
        epilog=examples(*lines),
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
