"""
Walking through a list without losing rows (contracts: Acumatica, section 13).

The ERP knows no order, no count and no cursor, and rows leave or join while `$skip` walks. So a walk of several pages
is made again until one has found nothing that was not seen before; a short page is not taken for the end, an empty
one is.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from daemon.acumatica.client import AcumaticaClient, NotDone
from daemon.acumatica.conditions import Condition
from daemon.acumatica.reading import Reading, misformed, read_page
from daemon.acumatica.wrapped import NotInForm, Wrapped
from queues.verdicts import Refused

PAGE_ROWS: Final = 500
_MOST_WALKS: Final = 5

T = TypeVar("T")


async def read_all(
    client: AcumaticaClient,
    reading: Reading,
    condition: Condition | None,
    convert: Callable[[Wrapped], T],
    *,
    page_rows: int = PAGE_ROWS,
) -> dict[str, T] | NotDone:
    """
    Read every record that meets *condition*, by row id; a record seen twice counts as it was seen last.

    Args:
        client: whose records.
        reading: what of them.
        condition: bound it above where rows change under way.
        convert: makes what is kept of a row; NotInForm is told as a failure.
        page_rows: rows of a page, 1 or more.
    """
    seen: dict[str, T] = {}
    for _ in range(_MOST_WALKS):
        before = len(seen)
        pages = await _walk(client, reading, condition, convert, seen, page_rows)
        if isinstance(pages, NotDone):
            return pages
        # What fitted into one page was read at one moment.
        if pages <= 1 or (before and len(seen) == before):
            return seen
    text = f"the list of {reading.entity} changes faster than it can be read"
    return NotDone(verdict=Refused(error_class="target_error", text=text))


async def _walk(
    client: AcumaticaClient,
    reading: Reading,
    condition: Condition | None,
    convert: Callable[[Wrapped], T],
    seen: dict[str, T],
    page_rows: int,
) -> int | NotDone:
    """Walk once to the empty page; tells how many pages had rows."""
    skip = pages = 0
    while True:
        page = await read_page(client, reading, condition, top=page_rows, skip=skip)
        if isinstance(page, NotDone):
            return page
        if not page:
            return pages
        pages += 1
        skip += len(page)
        try:
            seen.update((row.id, convert(row)) for row in page)
        except NotInForm as error:
            return misformed(error)
