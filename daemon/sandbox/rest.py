"""The HTTP handler of the simulated shop: faults around it, the journal behind it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from daemon.sandbox.cutting import cut
from daemon.sandbox.faults import Fault, Mode, instead_of_an_answer
from daemon.sandbox.journal import JournalEntry
from daemon.sandbox.magento.errors import Refusal
from daemon.sandbox.magento.pages import NOT_FOUND_PAGE
from daemon.sandbox.magento.rendering import Reply, fault_reply
from daemon.sandbox.magento.service import UNREADABLE, Outcome, RestRequest
from daemon.sandbox.row_locks import RowLocks
from daemon.sandbox.sandbox import Sandbox
from daemon.sandbox.timing import PRICE_PATHS, WORKERS, ShopTimes

_MOST_ERRORS = 20


class RestHandler:
    """Answers everything that is not the sandbox's own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._times = ShopTimes(scale=sandbox.settings.time_scale) if sandbox.settings.real_times else None
        self._locks = RowLocks()
        self._workers = asyncio.Semaphore(WORKERS)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Take one request through switches, shop and journal."""
        began = time.perf_counter()
        body = await request.read()
        raw_path, _, raw_query = request.raw_path.partition("?")
        entry = self._sandbox.journal.open(method=request.method, path=request.raw_path)
        faults = self._sandbox.faults.take(raw_path)
        entry.faults = tuple(faults)
        incoming = RestRequest(
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            url=f"{request.scheme}://{request.host}{raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        try:
            reply = await self._reply(incoming, faults, entry)
            if reply is None:
                cut(request, with_reset="reset_before" in faults or "reset_after" in faults)
                return web.Response()
            entry.status = reply.status
            return web.Response(
                status=reply.status,
                body=reply.body,
                headers={"Content-Type": reply.content_type, **reply.headers},
            )
        finally:
            entry.milliseconds = (time.perf_counter() - began) * 1_000
            self._sandbox.journal.close(entry, body)

    async def _reply(self, incoming: RestRequest, faults: Mapping[Mode, Fault], entry: JournalEntry) -> Reply | None:
        """Return the answer, None for a connection that is to be cut."""
        if faults:
            entry.rows, entry.skus = records_of(self._sandbox.service.look(incoming))
        if "down" in faults or "refuse" in faults or "reset_before" in faults:
            return None
        slow = faults.get("slow")
        if slow is not None:
            await asyncio.sleep(slow.seconds or 0)
        instead = instead_of_an_answer(faults, incoming.raw_path)
        if instead is not None:
            fault, headers = instead
            reply = fault_reply(fault)
            return replace(reply, headers={**reply.headers, **headers})
        if not incoming.raw_path.startswith("/rest/"):
            return Reply(status=404, content_type="text/html; charset=UTF-8", body=NOT_FOUND_PAGE.encode())
        outcome = await self._handled(incoming, faults.get("partial"), entry)
        return None if "reset_after" in faults else outcome.reply

    async def _handled(self, incoming: RestRequest, partial: Fault | None, entry: JournalEntry) -> Outcome:
        if self._times is None:
            return self._answer(incoming, partial, entry)
        look = self._sandbox.service.look(incoming)
        path = "" if look.match is None else look.match.route.path
        entry.rows, entry.skus = records_of(look)
        async with self._workers:
            began = time.perf_counter()
            with self._locks.hold(entry.skus if path in PRICE_PATHS else ()) as has_rows:
                if has_rows:
                    outcome = self._answer(incoming, partial, entry)
                else:
                    outcome = look
                    outcome.reply = fault_reply(Refusal("Could not save Prices."))
                    entry.faults = (*entry.faults, "row_locks")
                wanted = self._times.seconds(method=incoming.method, path=path, rows=entry.rows or 0)
                await asyncio.sleep(max(wanted - (time.perf_counter() - began), 0))
        return outcome

    def _answer(self, incoming: RestRequest, partial: Fault | None, entry: JournalEntry) -> Outcome:
        with self._sandbox.faults.partial(partial):
            outcome = self._sandbox.service.answer(incoming)
        entry.applied = True
        entry.rows, entry.skus = records_of(outcome)
        checker = self._sandbox.checker
        if checker is not None:
            entry.schema_errors = self._schema_errors(incoming, outcome)
            entry.schema_valid = not entry.schema_errors
        return outcome

    def _schema_errors(self, incoming: RestRequest, outcome: Outcome) -> list[str]:
        checker = self._sandbox.checker
        if checker is None:
            return []
        if outcome.match is None:
            return [f"{incoming.method} {incoming.raw_path}: no such operation in the contract"]
        if outcome.body is UNREADABLE:
            return ["body: not JSON"]
        return checker.errors(incoming.method, f"V1/{outcome.match.route.path}", outcome.body)[:_MOST_ERRORS]


def records_of(outcome: Outcome) -> tuple[int | None, tuple[str, ...]]:
    """How many records a body holds and their SKUs; (None, ()) where there are no records."""
    variables = {} if outcome.match is None else outcome.match.variables
    path_sku = variables.get("sku") or variables.get("productSku")
    if isinstance(outcome.body, dict):
        for name in ("prices", "sourceItems", "source_items"):
            rows = outcome.body.get(name)
            if isinstance(rows, list):
                return len(rows), tuple(str(row["sku"]) for row in rows if isinstance(row, dict) and "sku" in row)
        skus = outcome.body.get("skus")
        if isinstance(skus, list):
            return len(skus), tuple(str(sku) for sku in skus)
        product = outcome.body.get("product")
        if path_sku is None and isinstance(product, dict) and "sku" in product:
            return 1, (str(product["sku"]),)
    return (None, ()) if path_sku is None else (1, (path_sku,))
