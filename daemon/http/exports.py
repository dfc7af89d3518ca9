"""`GET /api/v1/dead-letters/export`: all that match, as CSV or JSON lines, written while they are read."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from daemon.dead_letter_csv import COLUMNS, cell
from daemon.http.dead_letter_documents import letter_document
from daemon.http.dead_letters import FILTER, FILTER_PARAMETERS
from daemon.http.fields import one_of, read_parameters
from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import to_json
from daemon.http.routes import Operation, Route, in_query
from daemon.http.showing import for_reader
from queues.postgres.letters import DeadLetter, DeadLetterFilter

PAGE: Final = 500


async def export_dead_letters(request: web.Request) -> web.StreamResponse:
    """Write all that match, newest first."""
    given = read_parameters(request, {**FILTER, "format": one_of("csv", "jsonl")})
    as_csv = given.pop("format", "jsonl") == "csv"
    store, wanted = request.app[DEPENDENCIES].dead_letters, DeadLetterFilter(**given)
    # The first page is read before the answer begins, so that a database that is away is still told as 503.
    page = await store.list(wanted, limit=PAGE)
    response = web.StreamResponse(headers=_headers(as_csv=as_csv))
    await response.prepare(request)
    if as_csv:
        await response.write(_csv(COLUMNS))
    await response.write(_lines(for_reader(request, page.items), as_csv=as_csv))
    while page.next_cursor is not None:
        page = await store.list(wanted, limit=PAGE, cursor=page.next_cursor)
        await response.write(_lines(for_reader(request, page.items), as_csv=as_csv))
    await response.write_eof()
    return response


def _headers(*, as_csv: bool) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8" if as_csv else "application/x-ndjson",
        "Content-Disposition": f'attachment; filename="dead-letters.{"csv" if as_csv else "jsonl"}"',
    }


def _lines(letters: Sequence[DeadLetter], *, as_csv: bool) -> bytes:
    rows = [letter_document(each) for each in letters]
    if as_csv:
        return b"".join(_csv([cell(row[name]) for name in COLUMNS]) for row in rows)
    return b"".join(to_json(row) + b"\n" for row in rows)


def _csv(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


ROUTES: Final = (
    Route(
        method="GET",
        path="/api/v1/dead-letters/export",
        handler=export_dead_letters,
        access="read",
        operation=Operation(
            tag="dead letters",
            summary="Export all dead letters that match, as CSV or JSON lines",
            description="In CSV a text that a spreadsheet would take for a formula is preceded by an apostrophe.",
            parameters=(
                in_query("format", "How.", type="string", enum=["csv", "jsonl"], default="jsonl"),
                *FILTER_PARAMETERS,
            ),
            responses={
                200: {
                    "description": "The dead letters, newest first",
                    "content": {
                        "application/x-ndjson": {"schema": {"type": "string"}},
                        "text/csv": {"schema": {"type": "string"}},
                    },
                }
            },
            problems=(422, 503),
        ),
    ),
)
