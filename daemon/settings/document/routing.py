"""Where a call goes: the endpoint tables of the settings, looked up by what the call would ask for as shipped."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from daemon.settings.document.endpoints import Endpoint, Method

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Address:
    """
    Method and path of a call.

    Attributes:
        segments: below the REST root of the side, not encoded.
    """

    method: Method
    segments: tuple[str, ...]


class Routing(Protocol):
    """Tells where calls go now."""

    async def route(self, address: Address, *, action: str | None) -> Address:
        """Give the address in force of a call that would go to *address* as shipped; raises nothing."""


class EndpointRoutes:
    """
    The addresses of one side, for one version of its table.

    A call belongs to the action it names, else to the shipped row whose method and URL are its own. A row that reads,
    without anything to fill in, stands for what is below its URL, too: `V1/products/attributes` for the attribute of a
    code. Of several rows the longest URL counts, of equal ones the one that fills in less, then the first.

    Args:
        shipped: the table as it is shipped; calls are written for it.
        in_force: the table of the settings.
    """

    def __init__(self, shipped: Sequence[Endpoint], in_force: Sequence[Endpoint]) -> None:
        told = {row.action: row for row in in_force}
        self._moved: Mapping[str, Endpoint] = {
            row.action: told[row.action]
            for row in shipped
            if row.action in told and (told[row.action].method, told[row.action].url) != (row.method, row.url)
        }
        self._shipped = tuple(sorted(shipped, key=lambda row: (-row.url.count("/"), len(row.placeholders))))

    def route(self, address: Address, *, action: str | None = None) -> Address:
        """Give where a call goes that would go to *address* as shipped."""
        if not self._moved:
            return address
        for row in self._shipped:
            if action in {None, row.action} and row.method == address.method:
                matched = _match(row, address.segments)
                if matched is not None:
                    moved = self._moved.get(row.action)
                    return address if moved is None else _filled(moved, *matched)
        return address


def _match(row: Endpoint, segments: tuple[str, ...]) -> tuple[Mapping[str, str], tuple[str, ...]] | None:
    """Tell what *row* fills in, and what stands below it; None: it is another row's call."""
    wanted = row.url.split("/")
    takes_below = row.method == "GET" and not row.placeholders
    if len(segments) < len(wanted) or (len(segments) > len(wanted) and not takes_below):
        return None
    values: dict[str, str] = {}
    for pattern, segment in zip(wanted, segments, strict=False):
        name = _PLACEHOLDER.fullmatch(pattern)
        if name is not None:
            values[name.group(1)] = segment
        elif pattern != segment:
            return None
    return values, segments[len(wanted) :]


def _filled(row: Endpoint, values: Mapping[str, str], below: tuple[str, ...]) -> Address:
    segments = tuple(_PLACEHOLDER.sub(lambda name: values[name.group(1)], part) for part in row.url.split("/"))
    return Address(row.method, (*segments, *below))
