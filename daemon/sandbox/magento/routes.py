"""Finding the route of a request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_plus

from daemon.sandbox.magento.bulk_topics import bulk_part
from daemon.sandbox.magento.call import Call

Service: TypeAlias = Callable[[Call], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route; `path` is below `V1/`, with variables in braces as in the contract."""

    method: str
    path: str
    resource: str
    service: Service

    @property
    def variables(self) -> list[str]:
        """The names of the variables in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A route and the decoded variables of the path."""

    route: Route
    variables: Mapping[str, str]


class Router:
    """Finds the route of a method and path; literal parts win over variables."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_shape: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count("{")):
            parts = route.path.split("/")
            self._by_shape.setdefault((route.method, len(parts)), []).append((parts, route))

    def match_bulk(self, method: str, raw_parts: list[str]) -> Route | None:
        """Match the parts of a bulk path: `bySku` where a plain path has the SKU."""
        parts = [unquote_plus(part) for part in raw_parts]
        for pattern, route in self._by_shape.get((method, len(parts)), ()):
            if [bulk_part(part) for part in pattern] == parts:
                return route
        return None

    def match(self, method: str, raw_parts: list[str]) -> Match | None:
        """
        Match the parts of the path below `V1`.

        Parts are decoded the form way, one by one: `+` is a blank, `%2F` a slash that does not divide.
        """
        parts = [unquote_plus(part) for part in raw_parts]
        for pattern, route in self._by_shape.get((method, len(parts)), ()):
            variables: dict[str, str] = {}
            for expected, part in zip(pattern, parts, strict=True):
                if expected.startswith("{"):
                    variables[expected[1:-1]] = part
                elif expected != part:
                    break
            else:
                return Match(route=route, variables=variables)
        return None
