"""The sandbox's own interface under `/_sandbox/`: switches, journal, records, pushes, sessions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from daemon.sandbox.acumatica.catalogue import fill_items, fill_lists
from daemon.sandbox.acumatica.editing import EditError, change_record, plain_record, record_of, remove_record
from daemon.sandbox.acumatica.errors import ServerFault
from daemon.sandbox.acumatica.faults import MODES, FaultError, read_fault
from daemon.sandbox.acumatica.push import Destination, PushError, Unreliability, read_query
from daemon.sandbox.acumatica.rows import read_moment
from daemon.sandbox.acumatica.sandbox import AcumaticaSandbox
from daemon.sandbox.listener import ListenerError

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_MOST_ENTRIES = 10_000
_MOST_ROWS = 200
_LONGEST_WAIT_SECONDS = 60.0


class AcumaticaControl:
    """The handlers; each reads, changes one thing, and answers JSON."""

    def __init__(self, sandbox: AcumaticaSandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """Where each handler answers."""
        return [
            web.get("/_sandbox", self.health),
            web.get("/_sandbox/", self.health),
            web.get("/_sandbox/health", self.health),
            web.get("/_sandbox/faults", self.faults),
            web.put("/_sandbox/faults", self.switch_on),
            web.delete("/_sandbox/faults", self.switch_off),
            web.get("/_sandbox/requests", self.requests),
            web.get("/_sandbox/requests/wait", self.wait),
            web.delete("/_sandbox/requests", self.clear_requests),
            web.post("/_sandbox/catalogue", self.load),
            web.delete("/_sandbox/catalogue", self.empty),
            web.get("/_sandbox/records/{entity}", self.records),
            web.post("/_sandbox/records/{entity}", self.change),
            web.get("/_sandbox/records/{entity}/{key:.+}", self.record),
            web.delete("/_sandbox/records/{entity}/{key:.+}", self.remove),
            web.get("/_sandbox/push", self.pushes),
            web.put("/_sandbox/push", self.configure_push),
            web.get("/_sandbox/push/drained", self.drained),
            web.get("/_sandbox/sessions", self.sessions),
            web.delete("/_sandbox/sessions", self.end_sessions),
            web.route("*", "/_sandbox/{rest:.*}", self.unknown),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the sandbox runs, and that it is one."""
        site, contract = self._sandbox.site, self._sandbox.contract
        counts = {name: len(site.table(name).rows) for name in sorted(contract.entities) if contract.forms[name].keys}
        return _json({"status": "ok", "simulation": f"Acumatica {self._sandbox.settings.build}", "records": counts})

    # --- faults and journal -------------------------------------------------------------------------------------------

    async def faults(self, _request: web.Request) -> web.Response:
        """List the switches that are on."""
        return _json({"faults": self._sandbox.faults.active()})

    async def switch_on(self, request: web.Request) -> web.Response:
        """Switch faults on: one object or a list; the mode `none` switches all off."""
        given = await _body(request)
        try:
            for entry in given if isinstance(given, list) else [given]:
                await self._switch(entry)
        except (FaultError, ListenerError) as error:
            raise _refused(str(error)) from error
        return await self.faults(request)

    async def _switch(self, entry: object) -> None:
        if isinstance(entry, dict) and entry.get("mode") == "none":
            await self._all_off()
            return
        fault = read_fault(entry)
        if fault.mode == "refuse":
            self._sandbox.listener.refuse(fault.seconds, lambda: self._sandbox.faults.switch_off("refuse"))
        self._sandbox.faults.switch_on(fault)

    async def switch_off(self, request: web.Request) -> web.Response:
        """Switch the faults of `?mode=` off, or all of them."""
        mode = request.query.get("mode")
        if mode is None:
            await self._all_off()
        elif mode in MODES:
            self._sandbox.faults.switch_off(mode, path=request.query.get("path"))
            if mode == "refuse":
                await self._sandbox.listener.reopen()
        else:
            raise _refused(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        return await self.faults(request)

    async def _all_off(self) -> None:
        self._sandbox.faults.switch_off()
        await self._sandbox.listener.reopen()

    async def requests(self, request: web.Request) -> web.Response:
        """List requests of the journal: `?path=&since=&method=&limit=&bodies=1`, oldest first, the newest so many."""
        entries = self._sandbox.journal.entries(
            path=request.query.get("path", ""),
            since=_whole(request, "since", 0),
            method=request.query.get("method"),
        )
        limit = _whole(request, "limit", _MOST_ENTRIES)
        views = self._sandbox.journal.views(
            entries[-limit:] if limit else [], with_bodies=request.query.get("bodies", "0") not in ("0", "false")
        )
        return _json({"total": len(entries), "items": views})

    async def wait(self, request: web.Request) -> web.Response:
        """Answer as soon as `?count=` requests (of `path`, `method`, `since`) are there, or 408 after `timeout`."""
        journal = self._sandbox.journal
        return await _within(
            request,
            lambda: journal.wait_for(
                _whole(request, "count", 1),
                path=request.query.get("path", ""),
                since=_whole(request, "since", 0),
                method=request.query.get("method"),
            ),
            self.requests,
        )

    async def clear_requests(self, request: web.Request) -> web.Response:
        """Forget the journal."""
        self._sandbox.journal.clear()
        return await self.requests(request)

    # --- records ------------------------------------------------------------------------------------------------------

    async def load(self, request: web.Request) -> web.Response:
        """Load `items` stock items (from number `first`) with prices and stock, in bulk, without pushes."""
        given = await _body(request)
        count = given.get("items") if isinstance(given, dict) else None
        first = given.get("first", 1_000) if isinstance(given, dict) else None
        if not isinstance(count, int) or not isinstance(first, int) or count < 1:
            raise _refused('an object with "items" (a whole number above 0) and perhaps "first" expected')
        if not self._sandbox.site.table("ItemClass").rows:
            fill_lists(self._sandbox.site)
        loaded = fill_items(self._sandbox.site, count, first=first)
        return _json({"loaded": loaded, "total": len(self._sandbox.site.table("StockItem").rows)})

    async def empty(self, request: web.Request) -> web.Response:
        """Forget every record."""
        self._sandbox.site.clear()
        return await self.health(request)

    async def records(self, request: web.Request) -> web.Response:
        """List records of an entity, values unwrapped: `?offset=&limit=`."""
        entity = self._entity(request)
        rows = self._sandbox.site.table(entity).listed()
        offset, limit = _whole(request, "offset", 0), _whole(request, "limit", _MOST_ROWS)
        return _json({"total": len(rows), "items": [plain_record(row) for row in rows[offset : offset + limit]]})

    async def record(self, request: web.Request) -> web.Response:
        """Show one record; parts of its key are separated by slashes."""
        row = record_of(self._sandbox.site, self._entity(request), request.match_info["key"])
        if row is None:
            return _json({"error": "no such record"}, status=404)
        return _json(plain_record(row))

    async def change(self, request: web.Request) -> web.Response:
        """
        Create or change records: one object or a list of plain values, parts as lists of objects.

        `?push=0` tells nobody; `?stamp=` gives them a stamp of the past, as a transaction long under way does.
        """
        entity, given = self._entity(request), await _body(request)
        try:
            at = read_moment(request.query["stamp"]) if "stamp" in request.query else None
            with_push = request.query.get("push", "1") not in ("0", "false")
            changed = self._changed(entity, given if isinstance(given, list) else [given], at, with_push=with_push)
        except (EditError, ValueError) as error:
            raise _refused(str(error)) from error
        return _json({"changed": changed})

    def _changed(self, entity: str, entries: list[object], at: datetime | None, *, with_push: bool) -> int:
        desk = self._sandbox.push
        was_on, desk.is_on = desk.is_on, with_push and desk.is_on
        try:
            for entry in entries:
                change_record(self._sandbox.site, entity, entry, at=at)
        finally:
            desk.is_on = was_on
        return len(entries)

    async def remove(self, request: web.Request) -> web.Response:
        """Take one record out."""
        if not remove_record(self._sandbox.site, self._entity(request), request.match_info["key"]):
            return _json({"error": "no such record"}, status=404)
        return _json({"removed": 1})

    def _entity(self, request: web.Request) -> str:
        entity = request.match_info["entity"]
        if entity not in self._sandbox.contract.forms:
            raise _refused(f"there is no entity {entity!r}")
        return entity

    # --- pushes and sessions ------------------------------------------------------------------------------------------

    async def pushes(self, _request: web.Request) -> web.Response:
        """Show destination, queries and what became of the notifications."""
        return _json(self._sandbox.push.view())

    async def configure_push(self, request: web.Request) -> web.Response:
        """Set `url` (null: none), `header_name`, `header_value`, `queries`, `lose`, `duplicate`, `reorder`, `seed`."""
        given = await _body(request)
        if not isinstance(given, dict):
            raise _refused("an object expected")
        try:
            queries = given.get("queries")
            self._sandbox.push.configure(
                destination=_destination(given),
                queries=None if queries is None else [read_query(self._sandbox.site, each) for each in queries],
                unreliability=Unreliability(
                    lose=float(given.get("lose", 0)),
                    duplicate=float(given.get("duplicate", 0)),
                    reorder=float(given.get("reorder", 0)),
                    seed=int(given.get("seed", 1)),
                ),
            )
        except (PushError, ServerFault, TypeError, ValueError) as error:
            raise _refused(str(error)) from error
        return await self.pushes(request)

    async def drained(self, request: web.Request) -> web.Response:
        """Answer when no notification waits any more, or 408 after `?timeout=`."""
        return await _within(request, self._sandbox.push.drained, self.pushes)

    async def sessions(self, _request: web.Request) -> web.Response:
        """Tell how many sessions are open and how often somebody signed in."""
        access = self._sandbox.access
        return _json({"open": access.open_sessions, "logins": access.logins, "api_users": access.api_users})

    async def end_sessions(self, request: web.Request) -> web.Response:
        """End every session; `?tokens=access` lets access tokens expire, `?tokens=all` all tokens."""
        access = self._sandbox.access
        access.end_sessions()
        match request.query.get("tokens"):
            case "access":
                access.expire_access_tokens()
            case "all":
                access.end_tokens()
            case _:
                pass
        return await self.sessions(request)

    async def unknown(self, request: web.Request) -> web.Response:
        """Say that the sandbox has no such page."""
        return _json({"error": f"{request.method} {request.path}: the sandbox has no such call"}, status=404)


def _destination(given: Mapping[str, object]) -> Destination | None:
    url = given.get("url")
    if url is None:
        return None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise PushError(f'"url" must be an http address, got {url!r}')
    return Destination(
        url=url, header_name=str(given.get("header_name") or ""), header_value=str(given.get("header_value") or "")
    )


async def _within(
    request: web.Request,
    wait: Callable[[], Awaitable[None]],
    then: Callable[[web.Request], Awaitable[web.Response]],
) -> web.Response:
    try:
        seconds = min(float(request.query.get("timeout", "10")), _LONGEST_WAIT_SECONDS)
    except ValueError as error:
        raise _refused(f"timeout must be a number of seconds, got {request.query.get('timeout')!r}") from error
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        raise web.HTTPRequestTimeout(
            text='{"error": "it has not come to that in time"}', content_type="application/json"
        ) from None
    return await then(request)


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=_ENCODER.encode(value), content_type="application/json")


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - JSON from outside, looked at by the caller
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise _refused(f"not JSON: {error}") from error


def _refused(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=_ENCODER.encode({"error": text}).decode(), content_type="application/json")


def _whole(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise _refused(f"{name} must be a whole number >= 0, got {text!r}")
    return int(text)
