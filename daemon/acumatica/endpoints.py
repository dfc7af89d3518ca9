"""Which endpoints a site has, and which of them is ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from typing_extensions import override

PREFERRED: Final = ("24.200.001", "25.200.001", "23.200.001")
"""Versions of `Default` we know how to read, the best first; before 23.200.001 fields of stock had other names."""

_VERSION: Final = re.compile(r"\d{1,3}\.\d{3}\.\d{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint, `Default/24.200.001`; a custom one extends Default of the same version."""

    name: str
    version: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `Name/version`.

        Raises:
            ValueError: it has not that form.
        """
        name, _, version = text.strip().strip("/").partition("/")
        if not name or not version:
            raise ValueError("an endpoint is a name and a version, Default/24.200.001")
        return cls(name=name, version=version)

    @override
    def __str__(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def table_version(self) -> str:
        """The version of the field table that holds for it: its own if it has the form of one of Default's."""
        return self.version if _VERSION.fullmatch(self.version) else PREFERRED[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVersions:
    """What `GET /entity` tells; *build* is empty where an older build did not tell."""

    build: str
    endpoints: tuple[Endpoint, ...]


def read_versions(document: object) -> SiteVersions | None:
    """Read the service root: an object, or the bare list of older builds; None: it is neither."""
    build = ""
    rows: object = document
    if isinstance(document, dict):
        version = document.get("version")
        build = str(version.get("acumaticaBuildVersion", "")) if isinstance(version, dict) else ""
        rows = document.get("endpoints")
    if not isinstance(rows, list):
        return None
    found = [
        Endpoint(name=row["name"], version=row["version"])
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("version"), str)
    ]
    return SiteVersions(build=build, endpoints=tuple(found)) if found or not rows else None


def choose(versions: SiteVersions, wanted: Endpoint | None) -> Endpoint | str:
    """
    Choose the endpoint to use.

    Args:
        versions: what the site has.
        wanted: the configured one; None: the best of Default.

    Returns:
        The endpoint, or the reason why there is none, for people.
    """
    if wanted is not None:
        if wanted in versions.endpoints:
            return wanted
        return f"the site has no endpoint {wanted}; it has {_list(versions.endpoints)}"
    for version in PREFERRED:
        endpoint = Endpoint(name="Default", version=version)
        if endpoint in versions.endpoints:
            return endpoint
    return (
        f"the site has no endpoint Default of {', '.join(sorted(PREFERRED))}; it has {_list(versions.endpoints)}: "
        "it is older than 2023 R2, or needs an endpoint set by CONNECTOR_ACUMATICA_ENDPOINT"
    )


def _list(endpoints: Sequence[Endpoint]) -> str:
    return ", ".join(sorted(map(str, endpoints))[:20]) or "none"
