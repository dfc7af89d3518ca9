"""Answers on the wire: JSON, XML for those who ask for it, plain text and HTML for faults."""

import gzip
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

import msgspec

from daemon.sandbox.magento.errors import PHP_FAULT_TEXT, HtmlFault, MagentoFault, PhpFault, Refusal
from daemon.sandbox.magento.pages import ERROR_PAGE

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NO_STORE = {"Cache-Control": "no-store"}
_GZIP_FROM_BYTES = 1_100  # nginx leaves shorter answers as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the shop."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def result_reply(value: object, *, xml: bool = False) -> Reply:
    """A result, 200."""
    if xml:
        return Reply(
            status=200, content_type="application/xml; charset=utf-8", body=to_xml(value).encode(), headers=_NO_STORE
        )
    return json_reply(200, value)


def json_reply(status: int, value: object) -> Reply:
    """A JSON answer."""
    return Reply(
        status=status, content_type="application/json; charset=utf-8", body=_ENCODER.encode(value), headers=_NO_STORE
    )


def fault_reply(fault: MagentoFault) -> Reply:
    """The answer to a call without a result."""
    match fault:
        case Refusal():
            return json_reply(fault.status, fault.body())
        case PhpFault():
            return Reply(status=500, content_type="text/plain;charset=UTF-8", body=PHP_FAULT_TEXT.encode())
        case HtmlFault():
            return Reply(status=fault.status, content_type=fault.content_type, body=fault.page.encode())
        case _:
            raise fault


def compressed(reply: Reply) -> Reply:
    """The same answer in gzip, if it is long enough for that."""
    if len(reply.body) < _GZIP_FROM_BYTES:
        return reply
    return Reply(
        status=reply.status,
        content_type=reply.content_type,
        body=gzip.compress(reply.body, compresslevel=1),
        headers={**reply.headers, "Content-Encoding": "gzip"},
    )


def wants_xml(accept: str | None) -> bool:
    """
    Whether the Accept header asks for XML.

    Raises:
        HtmlFault: nothing in it can be served; Magento answers its HTML error page then.
    """
    if accept is None or not accept.strip():
        return False
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in ("*/*", "application/*", "application/json"):
            return False
        if "xml" in media and "html" not in media:
            return True
    raise HtmlFault(500, ERROR_PAGE)


def to_xml(value: object) -> str:
    """Magento's XML of a value: `response` around it, `item` for the rows of lists."""
    return f'<?xml version="1.0"?>\n<response>\n{_xml_lines(value, 1)}</response>\n'


def _xml_lines(value: object, depth: int) -> str:
    indent = "  " * depth
    if isinstance(value, dict):
        pairs: list[tuple[str, object]] = list(value.items())
    elif isinstance(value, list):
        pairs = [("item", row) for row in value]
    else:
        return f"{indent}{escape(_xml_text(value))}\n"
    lines = []
    for name, part in pairs:
        if isinstance(part, dict | list):
            lines.append(f"{indent}<{name}>\n{_xml_lines(part, depth + 1)}{indent}</{name}>\n")
        else:
            lines.append(f"{indent}<{name}>{escape(_xml_text(part))}</{name}>\n")
    return "".join(lines)


def _xml_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
