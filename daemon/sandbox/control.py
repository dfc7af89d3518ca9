"""The sandbox's own interface under `/_sandbox/`: switches, journal, catalogue, configuration."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from aiohttp import web

from daemon.sandbox.catalogue_files import CatalogueError, fill_shop, read_catalogue
from daemon.sandbox.default_catalogue import fill_default
from daemon.sandbox.faults import MODES, FaultError, read_fault
from daemon.sandbox.listener import ListenerError
from daemon.sandbox.magento.ordering import OrderingError, place_order
from daemon.sandbox.magento.products import summary
from daemon.sandbox.order_forms import OrderFormError, read_order
from daemon.sandbox.overview import overview_page
from daemon.sandbox.sandbox import Sandbox

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_MOST_PRODUCTS = 200
_MOST_ENTRIES = 10_000
_LONGEST_WAIT_SECONDS = 60.0


class ControlApi:
    """The handlers; each reads, changes one thing, and answers JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """Where each handler answers."""
        return [
            web.get("/_sandbox", self.overview),
            web.get("/_sandbox/", self.overview),
            web.get("/_sandbox/health", self.health),
            web.get("/_sandbox/faults", self.faults),
            web.put("/_sandbox/faults", self.switch_on),
            web.delete("/_sandbox/faults", self.switch_off),
            web.put("/_sandbox/faults/reject", self.reject),
            web.delete("/_sandbox/faults/reject", self.accept),
            web.get("/_sandbox/requests", self.requests),
            web.get("/_sandbox/requests/wait", self.wait),
            web.delete("/_sandbox/requests", self.clear_requests),
            web.get("/_sandbox/catalogue", self.catalogue),
            web.post("/_sandbox/catalogue", self.load),
            web.delete("/_sandbox/catalogue", self.empty),
            web.get("/_sandbox/products/{sku:.+}", self.product),
            web.post("/_sandbox/orders", self.order),
            web.post("/_sandbox/consumer", self.consume),
            web.get("/_sandbox/configuration", self.configuration),
            web.put("/_sandbox/configuration", self.configure),
            web.route("*", "/_sandbox/{rest:.*}", self.unknown),
        ]

    async def overview(self, _request: web.Request) -> web.Response:
        """Show what this is and what is in it, for people."""
        return web.Response(text=overview_page(self._sandbox), content_type="text/html")

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the sandbox runs, and that it is one."""
        return _json({"status": "ok", "simulation": "Magento 2.4.7", "products": len(self._sandbox.shop.catalogue)})

    async def faults(self, _request: web.Request) -> web.Response:
        """List the switches that are on."""
        return _json({"faults": self._sandbox.faults.active(), "rejected": self._sandbox.faults.rejected()})

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
        """Switch the faults of `?mode=` off, or all of them and the refused SKUs too."""
        mode = request.query.get("mode")
        if mode is None:
            await self._all_off()
            self._sandbox.faults.accept()
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

    async def reject(self, request: web.Request) -> web.Response:
        """Refuse one SKU (`sku`) or several (`skus`), with a `message` or in the shop's own words."""
        given = await _body(request)
        if not isinstance(given, dict):
            raise _refused('an object with "sku" or "skus" expected')
        skus, message = given.get("skus", [given.get("sku")]), given.get("message")
        if not isinstance(skus, list) or not skus or not all(isinstance(sku, str) and sku for sku in skus):
            raise _refused('"sku" must be a text, or "skus" a list of texts')
        if not isinstance(message, str | None):
            raise _refused('"message" must be a text')
        for sku in skus:
            self._sandbox.faults.reject(sku, message)
        return await self.faults(request)

    async def accept(self, request: web.Request) -> web.Response:
        """Refuse the SKU of `?sku=` no longer, or none any more."""
        self._sandbox.faults.accept(request.query.get("sku"))
        return await self.faults(request)

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
        query = request.query
        try:
            seconds = min(float(query.get("timeout", "10")), _LONGEST_WAIT_SECONDS)
            async with asyncio.timeout(seconds):
                await self._sandbox.journal.wait_for(
                    _whole(request, "count", 1),
                    path=query.get("path", ""),
                    since=_whole(request, "since", 0),
                    method=query.get("method"),
                )
        except ValueError as error:
            raise _refused(f"timeout must be a number of seconds, got {query.get('timeout')!r}") from error
        except TimeoutError:
            raise web.HTTPRequestTimeout(
                text='{"error": "not that many requests in that time"}', content_type="application/json"
            ) from None
        return await self.requests(request)

    async def clear_requests(self, _request: web.Request) -> web.Response:
        """Forget the journal."""
        self._sandbox.journal.clear()
        return _json({"total": 0, "items": []})

    async def catalogue(self, request: web.Request) -> web.Response:
        """List products: `?sku=` (several allowed), or the first ones from `?offset=`, `?limit=`."""
        shop = self._sandbox.shop
        skus = request.query.getall("sku", [])
        offset, limit = _whole(request, "offset", 0), _whole(request, "limit", _MOST_PRODUCTS)
        products = shop.products_of(skus) if skus else shop.catalogue.by_age()[offset : offset + limit]
        return _json({"total": len(shop.catalogue), "items": [summary(shop, product) for product in products]})

    async def load(self, request: web.Request) -> web.Response:
        """Load a catalogue, JSON or CSV; `?replace=1` empties the shop before."""
        try:
            rows = read_catalogue(await request.read())
        except CatalogueError as error:
            raise _refused(str(error)) from error
        if request.query.get("replace", "0") not in ("0", "false"):
            self._empty()
        loaded = fill_shop(self._sandbox.shop, rows)
        return _json({"loaded": loaded, "total": len(self._sandbox.shop.catalogue)})

    async def empty(self, request: web.Request) -> web.Response:
        """Empty the catalogue; with `?default=1` put the default one in."""
        self._empty()
        if request.query.get("default", "0") not in ("0", "false"):
            fill_default(self._sandbox.shop, self._sandbox.settings.default_products)
        return _json({"total": len(self._sandbox.shop.catalogue)})

    def _empty(self) -> None:
        self._sandbox.shop.catalogue.clear()
        self._sandbox.shop.inventory.clear()

    async def product(self, request: web.Request) -> web.Response:
        """Show one product: prices by store view, stock by source."""
        sku = request.match_info["sku"]
        product = self._sandbox.shop.catalogue.get(sku)
        if product is None:
            return _json({"error": f"no product of SKU {sku!r}"}, status=404)
        return _json(summary(self._sandbox.shop, product))

    async def order(self, request: web.Request) -> web.Response:
        """Place an order as a guest would."""
        try:
            lines, email = read_order(await _body(request))
            order = place_order(self._sandbox.shop, lines, email=email)
        except (OrderFormError, OrderingError) as error:
            raise _refused(str(error)) from error
        return _json({"entity_id": order.order_id, "increment_id": order.increment_id})

    async def consume(self, _request: web.Request) -> web.Response:
        """Carry out what waits in the shop's own queue."""
        return _json({"carried_out": self._sandbox.service.consumer.run()})

    async def configuration(self, _request: web.Request) -> web.Response:
        """Show the shop's configuration."""
        return _json(asdict(self._sandbox.shop.configuration))

    async def configure(self, request: web.Request) -> web.Response:
        """Change parts of the shop's configuration."""
        given = await _body(request)
        if not isinstance(given, Mapping):
            raise _refused("an object expected")
        changed = {**asdict(self._sandbox.shop.configuration), **given}
        for name, value in changed.items():
            _check_setting(name, value)
        for name, value in changed.items():
            setattr(self._sandbox.shop.configuration, name, value)
        return await self.configuration(request)

    async def unknown(self, request: web.Request) -> web.Response:
        """Say that the sandbox has no such page."""
        return _json({"error": f"{request.method} {request.path}: the sandbox has no such call"}, status=404)


_LIMITS = frozenset({"complex_array_limit", "maximum_page_size", "default_page_size"})


def _check_setting(name: str, value: object) -> None:
    if name in ("bearer", "input_limits", "consumer"):
        fits, expected = isinstance(value, bool), "true or false"
    elif name == "price_scope":
        fits, expected = value in ("global", "website"), "global or website"
    elif name in _LIMITS:
        fits = value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)
        expected = "a whole number above 0, or null"
    else:
        raise _refused(
            f"{name} is not known; known are bearer, price_scope, input_limits, consumer, {', '.join(sorted(_LIMITS))}"
        )
    if not fits:
        raise _refused(f"{name} must be {expected}, got {value!r}")


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
