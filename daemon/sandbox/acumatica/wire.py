"""A request as it came, and an answer as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec

from daemon.sandbox.acumatica.errors import SiteFault

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRequest:
    """A request as it came; the path still holds the instance's own."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReply:
    """An answer; a cookie with an empty value is taken away."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


def fault_reply(fault: SiteFault) -> SiteReply:
    """Show a fault."""
    document = fault.document()
    return SiteReply(status=fault.status, body=b"" if document is None else _ENCODER.encode(document))


def json_reply(document: object) -> SiteReply:
    """Show a document."""
    return SiteReply(status=200, body=_ENCODER.encode(document))
