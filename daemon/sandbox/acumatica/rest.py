"""The HTTP handler of the simulated site: faults around it, the journal behind it."""

import asyncio
import time
from collections.abc import Mapping

from aiohttp import web

from daemon.sandbox.acumatica.checking import contract_errors
from daemon.sandbox.acumatica.errors import PlainFault
from daemon.sandbox.acumatica.faults import HTML_PAGE, Fault, Mode, fault_of
from daemon.sandbox.acumatica.sandbox import AcumaticaSandbox
from daemon.sandbox.acumatica.wire import SiteReply, SiteRequest, fault_reply
from daemon.sandbox.cutting import cut
from daemon.sandbox.journal import JournalEntry

_SKIPS_THE_QUEUE = "/entity/auth/logout"


class AcumaticaHandler:
    """Answers everything that is not the sandbox's own."""

    def __init__(self, sandbox: AcumaticaSandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Take one request through switches, limits, site and journal."""
        began = time.perf_counter()
        body = await request.read()
        raw_path, _, raw_query = request.raw_path.partition("?")
        entry = self._sandbox.journal.open(method=request.method, path=request.raw_path)
        faults = self._sandbox.faults.take(raw_path)
        entry.faults = tuple(faults)
        incoming = SiteRequest(
            method=request.method,
            raw_path=raw_path,
            raw_query=raw_query,
            headers={name.lower(): value for name, value in request.headers.items()},
            cookies=dict(request.cookies),
            body=body,
        )
        try:
            reply = await self._reply(incoming, faults, entry)
            if reply is None:
                cut(request, with_reset="reset_before" in faults or "reset_after" in faults)
                return web.Response()
            entry.status = reply.status
            return _response(reply, entry)
        finally:
            entry.milliseconds = (time.perf_counter() - began) * 1_000
            # Passwords and tokens of the simulation are public, but a journal is not where they belong.
            self._sandbox.journal.close(entry, b"" if "/auth/" in raw_path or "/connect/" in raw_path else body)

    async def _reply(
        self, incoming: SiteRequest, faults: Mapping[Mode, Fault], entry: JournalEntry
    ) -> SiteReply | None:
        """Return the answer, None for a connection that is to be cut."""
        if "down" in faults or "refuse" in faults or "reset_before" in faults:
            return None
        slow = faults.get("slow")
        if slow is not None:
            await asyncio.sleep(slow.seconds or 0)
        if "html" in faults or "bad_gateway" in faults:
            status = 502 if "bad_gateway" in faults else 200
            return SiteReply(status=status, body=HTML_PAGE.encode(), content_type="text/html; charset=utf-8")
        if "redirect" in faults:
            return SiteReply(status=302, headers={"Location": f"{self._sandbox.settings.site_path}/ui/error"})
        fault = fault_of(faults, incoming.raw_path)
        if fault is not None:
            return fault_reply(fault)
        try:
            reply = await self._handled(incoming, entry)
        except PlainFault as declined:
            return fault_reply(declined)
        return None if "reset_after" in faults else reply

    async def _handled(self, incoming: SiteRequest, entry: JournalEntry) -> SiteReply:
        if incoming.raw_path.endswith(_SKIPS_THE_QUEUE):
            return self._sandbox.service.answer(incoming)
        async with self._sandbox.throttle.turn():
            reply = self._sandbox.service.answer(incoming)
        entry.applied = True
        parts = self._sandbox.service.below_endpoint(incoming.raw_path)
        if self._sandbox.settings.validate and parts:
            entry.schema_errors = contract_errors(self._sandbox.contract, incoming, parts)
            entry.schema_valid = not entry.schema_errors
        return reply


def _response(reply: SiteReply, entry: JournalEntry) -> web.Response:
    headers = dict(reply.headers)
    if reply.body:
        headers["Content-Type"] = reply.content_type
    response = web.Response(status=reply.status, body=reply.body, headers=headers)
    for name, value in {**reply.cookies, "requestid": str(entry.number), "requeststat": "+st:1"}.items():
        if value:
            response.set_cookie(name, value, path="/", httponly=name.startswith((".", "ASP")))
        else:
            response.del_cookie(name, path="/")
    return response
