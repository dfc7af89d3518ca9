"""Addresses inside an instance: every key is one percent-encoded segment, whatever it contains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAddress:
    """
    Where an instance answers.

    Attributes:
        origin: scheme, host and port, `https://erp.example`.
        prefix: the path the instance sits under, percent-encoded, without a slash at its end.
    """

    origin: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """
        Read an instance's URL such as `https://erp.example/Site`.

        Raises:
            ValueError: it is not http or https, names no host, or carries user-info, a query or a fragment.
        """
        parts = urlsplit(url.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the ERP's URL must be http:// or https:// with a host name")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError("the ERP's URL must not carry a user name, password, query or fragment")
        prefix = "/".join(quote(segment, safe="%") for segment in parts.path.split("/") if segment)
        return cls(origin=f"{parts.scheme}://{parts.netloc}", prefix=f"/{prefix}" if prefix else "")

    def path(self, segments: Sequence[str]) -> str:
        """
        Give the path of a call below the instance.

        Raises:
            ValueError: a segment is empty, `.` or `..`, or holds a slash: encoded or not, the web server cuts there.
        """
        for segment in segments:
            if segment in {"", ".", ".."} or "/" in segment or "\\" in segment:
                raise ValueError(f"{segment!r} cannot stand in an address")
        return f"{self.prefix}/{'/'.join(quote(segment, safe='') for segment in segments)}"

    def path_of(self, location: str) -> str | None:
        """Give the path of an address that the instance answered (`Location`, `href`); None if it is not its own."""
        parts = urlsplit(location)
        if parts.netloc and f"{parts.scheme}://{parts.netloc}" != self.origin:
            return None
        if not parts.path.startswith(f"{self.prefix}/entity/") or ".." in parts.path.split("/"):
            return None
        return parts.path


def query_text(query: Sequence[tuple[str, str]]) -> str:
    """Write a query; `+` and `:` of instants are encoded too, or they would arrive as something else."""
    return "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in query)
