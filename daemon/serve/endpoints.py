"""The endpoint tables in force, as the clients of both sides ask for them."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import structlog

from daemon.settings.connector_store import DocumentInForce
from daemon.settings.document.endpoints import ACUMATICA, MAGENTO, Endpoint
from daemon.settings.document.routing import Address, EndpointRoutes
from queues.errors import QueueError

_log = structlog.stdlib.get_logger("daemon")

_SHIPPED: Final = {"magento": MAGENTO, "acumatica": ACUMATICA}


class RecentSettings(Protocol):
    """The settings, at most a moment old."""

    async def recent(self) -> DocumentInForce:
        """Read them. Raises QueueError."""


class RoutesInForce:
    """
    Matches `daemon.settings.document.routing.Routing` for one side.

    Args:
        settings: asked for every call; while they cannot be read, the table known last holds.
        side: whose table.
    """

    def __init__(self, settings: RecentSettings, side: Literal["magento", "acumatica"]) -> None:
        self._settings = settings
        self._side = side
        self._table: Sequence[Endpoint] = _SHIPPED[side]
        self._routes = EndpointRoutes(self._table, self._table)

    async def route(self, address: Address, *, action: str | None) -> Address:
        """Give where the call goes now."""
        try:
            endpoints = (await self._settings.recent()).document.default.endpoints
        except QueueError as error:
            _log.warning("settings.not_read", reason=str(error))
        else:
            table = endpoints.magento if self._side == "magento" else endpoints.acumatica
            if table is not self._table:
                self._table, self._routes = table, EndpointRoutes(_SHIPPED[self._side], table)
        return self._routes.route(address, action=action)
