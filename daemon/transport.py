"""What every outbound HTTP session needs: time-outs, no hidden second request, and words for what went wrong."""

import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

from queues.verdicts import Exchange, Refused, Unreachable

_PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """
    How long the other side may take.

    Attributes:
        connect_seconds: for name look-up, connection and TLS together.
        total_seconds: for the whole request, its answer read to the end.
    """

    connect_seconds: float = 5.0
    total_seconds: float = 60.0

    def for_session(self) -> aiohttp.ClientTimeout:
        """The same as aiohttp has it."""
        return aiohttp.ClientTimeout(
            total=self.total_seconds, connect=self.connect_seconds, sock_connect=self.connect_seconds
        )


class ConnectionDropped(aiohttp.ClientError):
    """The connection was lost before an answer came; the outcome is unknown."""


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """
    Keep aiohttp from sending GET, PUT and DELETE a second time when the connection drops before the answer.

    It does so for `ClientOSError` and `ServerDisconnectedError` that come out of the middlewares, and an attempt may
    make one request only. What failed while connecting is left as it is: it was never sent, nor does aiohttp resend it.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, aiohttp.ServerTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionDropped(str(error) or type(error).__name__) from error


async def read_bounded(content: aiohttp.StreamReader, most: int) -> tuple[bytes, bool]:
    """Read to the end in pieces, or *most* bytes: neither an endless nor a compressed body may fill the memory."""
    pieces = bytearray()
    while piece := await content.read(_PIECE_BYTES):
        pieces += piece
        if len(pieces) > most:
            return bytes(pieces[:most]), True
    return bytes(pieces), False


def no_answer(error: Exception, exchange: Exchange, *, whose: str = "the store") -> Unreachable | Refused:
    """Judge an exception of a session: the texts show host and port, never a credential."""
    said = str(error)[:300]
    text = f"{type(error).__name__}: {said}"
    match error:
        case aiohttp.ServerTimeoutError():
            text = "time-out while connecting"
            return Unreachable(error_class="timeout", text=text, exchange=exchange)
        case TimeoutError():
            text = "time-out, no whole answer came; the outcome is unknown"
            return Unreachable(error_class="timeout", text=text, exchange=exchange)
        case aiohttp.ClientConnectorDNSError():
            text = f"{whose}'s host name cannot be resolved: {said}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            text = f"TLS failed, {whose}'s certificate or protocol is not accepted: {said}"
        case aiohttp.ClientConnectorError():
            text = f"cannot connect: {said}"
        case ConnectionDropped() | aiohttp.ClientPayloadError():
            text = f"the connection was lost before the whole answer came; the outcome is unknown: {said}"
        case aiohttp.ClientResponseError():
            return Refused(error_class="target_error", text=f"the answer is no HTTP: {said}", exchange=exchange)
        case ValueError():
            return Refused(error_class="target_error", text=f"no request can be made: {said}", exchange=exchange)
        case _:
            pass
    return Unreachable(text=text, exchange=exchange)
