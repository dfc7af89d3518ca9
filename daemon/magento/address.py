"""Addresses inside a store: every value is one percent-encoded segment, whatever it contains."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self
from urllib.parse import quote, urlsplit

_STORE_CODE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")

VERSION: Final = "V1"
"""What every path of the shop's API begins with."""

ALL_STORES: Final = "all"
"""The scope to write to unless one store view is meant: without a code Magento writes into the default view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseAddress:
    """
    Where a store answers.

    Attributes:
        origin: scheme, host and port, `https://shop.example`.
        prefix: the path before `/rest`, percent-encoded, without a slash at its end.
    """

    origin: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """
        Read a base URL such as `https://shop.example/store/`.

        Raises:
            ValueError: it is not http or https, names no host, or carries user-info, a query or a fragment.
        """
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the store's URL must be http:// or https:// with a host name")
        if parts.username is not None or parts.password is not None:
            raise ValueError("the store's URL must not carry a user name or password")
        if parts.query or parts.fragment:
            raise ValueError("the store's URL must not carry a query or a fragment")
        prefix = "/".join(quote(segment, safe="%") for segment in parts.path.split("/") if segment)
        return cls(origin=f"{parts.scheme}://{parts.netloc}", prefix=f"/{prefix}" if prefix else "")

    def path(self, store_code: str, segments: Sequence[str]) -> str:
        """
        Give the path of a call below `/rest/<store_code>`.

        Raises:
            ValueError: a segment is empty, `.` or `..`: encoded or not, servers resolve these before Magento sees them.
        """
        return f"{self.prefix}{_below(store_code, tuple(segments))}"


@lru_cache(maxsize=256)
def _below(store_code: str, segments: tuple[str, ...]) -> str:
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise ValueError(f"{segment!r} cannot stand in an address")
    tail = "/".join(quote(segment, safe="") for segment in segments)
    return f"/rest/{quote(store_code, safe='')}/{tail}"


def is_store_code(text: str) -> bool:
    """Tell whether *text* can be the code of a store view at all."""
    return _STORE_CODE.fullmatch(text) is not None


def query_text(query: Sequence[tuple[str, str]]) -> str:
    """Write a query, names and values percent-encoded (brackets and commas too): OAuth signs it as it goes out."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
