"""Progress of long work: a bar on a terminal, now and then a plain line in a pipe; always on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from daemon.cli.output import Output

Report = Callable[[int, int, str], None]
"""Takes how much is done, in the unit of the total; how many things that are; and a text that tells it."""


@contextmanager
def progress(
    output: Output, title: str, *, total: int | None, every: int = 5000, is_long: bool = True
) -> Iterator[Report]:
    """
    Show the progress of what happens inside.

    Args:
        output: its stderr is used.
        title: what is done: `publishing`.
        total: 100 % in the unit that is reported; None: nobody knows.
        every: in a pipe, a line after so many things.
        is_long: otherwise nothing is shown: it is over before anybody could read it.
    """
    if not is_long:
        yield _silent
        return
    if not output.err.is_terminal:
        yield _plain(output, title, every)
        return
    columns = (
        TextColumn("{task.description}"),
        *((BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) if total else (SpinnerColumn(),)),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=output.err, transient=True) as bar:
        task = bar.add_task(title, total=total, told="")
        yield lambda done, _count, text: bar.update(task, completed=done, told=text)


def _silent(_done: int, _count: int, _text: str) -> None:
    """Show nothing."""


def _plain(output: Output, title: str, every: int) -> Report:
    shown = 0

    def report(_done: int, count: int, text: str) -> None:
        nonlocal shown
        if count >= shown + every:
            shown = count - count % every
            output.note(f"{title}: {text}")

    return report
