# !!! NOTE FROM THE LEAD (19:50) to whoever edits this: do NOT take deliveries off the wire with a frame parser of our own.
# "A well-kept library beats our own code, even a slower one" and aio-pika is fixed by the user. Remove wire.py and restore
# connection.py, take.py, headers.py, source.py in queues/rabbitmq to HEAD (git checkout of these four files is allowed to you).
# Report your present figures (ratios) and the hot spots at once, even if batches are below 0.8 of the floor: report now.
"""
Deliveries, taken straight off the wire.

The driver makes three awaited frames and a task of its own of every delivery, which costs more than anything else that
a record of a bulk request needs. So they are picked out of the stream, for the channels that ask for it, and handed
over at once; every other frame goes on to the driver, untouched and in order.

    method frame `basic.deliver` ── content header ── content body … (other channels' frames may stand between)
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final, SupportsIndex

import aiormq
from aiormq.abc import DeliveredMessage
from aiormq.connection import TransportFactory
from aiormq.exceptions import AMQPConnectionError
from pamqp import commands
from typing_extensions import override
from yarl import URL

_FRAME: Final = Struct(">BHI")
_TAG_AND_FLAGS: Final = Struct(">QB")
_HEADER: Final = Struct(">HHQH")
_METHOD, _CONTENT_HEADER, _CONTENT_BODY, _HEARTBEAT = 1, 2, 3, 8
_KINDS: Final = frozenset({_METHOD, _CONTENT_HEADER, _CONTENT_BODY, _HEARTBEAT})
_FRAME_END: Final = 0xCE
_DELIVER: Final = b"\x00\x3c\x00\x3c"
_SIGN_OF_LIFE: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
"""A heartbeat; the broker sends none while it sends deliveries, and the driver no longer sees these."""


@dataclass(slots=True)
class Arrived:
    """
    A delivery as it came.

    Attributes:
        header: the payload of its content header: sizes and properties.
    """

    tag: int
    redelivered: bool
    exchange: str
    routing_key: str
    header: bytes = b""
    body: bytes = b""

    @property
    def properties(self) -> commands.Basic.Properties:
        """Read what the publisher said about the message; nothing if that cannot be read."""
        properties = commands.Basic.Properties()
        try:
            *_, flags = _HEADER.unpack_from(self.header)
            properties.unmarshal(flags, self.header[_HEADER.size :])
        except Exception:  # noqa: BLE001 - whatever a stranger sent: headers are only shown to people
            return commands.Basic.Properties()
        return properties


Receiver = Callable[[Arrived], None]


def arrived_otherwise(message: DeliveredMessage) -> Arrived | None:
    """Translate a delivery that the driver read, which it does where the stream was not understood here."""
    frame = message.delivery
    if not isinstance(frame, commands.Basic.Deliver):
        return None
    return Arrived(
        tag=frame.delivery_tag or 0,
        redelivered=bool(frame.redelivered),
        exchange=frame.exchange or "",
        routing_key=frame.routing_key or "",
        header=message.header.marshal(),
        body=message.body,
    )


@dataclass(slots=True)
class _Content:
    """A delivery whose content is still on its way."""

    arrived: Arrived
    missing: int = -1
    """Bytes of its body; negative until the header has come."""
    pieces: list[bytes] = field(default_factory=list)


class DeliveryPicker:
    """
    Splits a stream of frames into deliveries, for those who want them, and the rest.

    Attributes:
        count: deliveries handed over so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._receivers: dict[int, Receiver] = {}
        self._contents: dict[int, _Content] = {}
        self._incomplete = b""
        self._is_understood = True

    def deliver_to(self, channel: int, receiver: Receiver) -> None:
        """Hand the deliveries of *channel* to *receiver* from now on."""
        self._receivers[channel] = receiver

    def forget(self, channel: int, receiver: Receiver) -> None:
        """Leave the deliveries of *channel* to the driver again, unless it has another receiver by now."""
        if self._receivers.get(channel) == receiver:
            del self._receivers[channel]

    def feed(self, data: bytes) -> bytes:
        """Take what came over the wire, hand over whole deliveries, and give the whole frames that are none."""
        if not self._is_understood:
            return data
        data = self._incomplete + data
        passed: list[bytes] = []
        at = passed_to = 0
        while len(data) - at >= _FRAME.size:
            kind, channel, length = _FRAME.unpack_from(data, at)
            end = at + _FRAME.size + length + 1
            if kind not in _KINDS or (end <= len(data) and data[end - 1] != _FRAME_END):
                # No AMQP, or not ours to judge: from here on the driver sees all of it.
                self._is_understood = False
                self._incomplete = b""
                return b"".join((*passed, data[passed_to:]))
            if end > len(data):
                break
            if self._pick(kind, channel, data, at + _FRAME.size, end - 1):
                if at > passed_to:
                    passed.append(data[passed_to:at])
                passed_to = end
            at = end
        if at > passed_to:
            passed.append(data[passed_to:at])
        self._incomplete = data[at:]
        return b"".join(passed)

    def _pick(self, kind: int, channel: int, data: bytes, start: int, end: int) -> bool:
        """Take one frame's payload if it belongs to a delivery that is wanted."""
        content = self._contents.get(channel)
        if content is None:
            if kind != _METHOD or channel not in self._receivers or data[start : start + 4] != _DELIVER:
                return False
            self._contents[channel] = _Content(_read_deliver(data, start + 4))
            return True
        if kind == _CONTENT_HEADER:
            content.arrived.header = data[start:end]
            content.missing = _HEADER.unpack_from(data, start)[2]
        elif kind == _CONTENT_BODY:
            content.missing -= end - start
            content.pieces.append(data[start:end])
        else:
            return False
        if content.missing == 0:
            del self._contents[channel]
            content.arrived.body = b"".join(content.pieces)
            receiver = self._receivers.get(channel)
            if receiver is not None:
                receiver(content.arrived)
                self.count += 1
        return True


class WiredConnection(aiormq.Connection):
    """The driver's connection over a stream from which deliveries are picked."""

    def __init__(self, url: URL, *, context: ssl.SSLContext | None) -> None:
        self.deliveries = DeliveryPicker()
        super().__init__(url, context=context, transport_factory=_Wire(self.deliveries))


class _Wire(TransportFactory):
    def __init__(self, deliveries: DeliveryPicker) -> None:
        self._deliveries = deliveries

    @override
    async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the broker, with TLS for `amqps`."""
        contexts = options.pop("ssl_context_provider")
        context: ssl.SSLContext | None = await contexts.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = _Reader(self._deliveries, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, url.host or "", url.port or 0, ssl=context, **options
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _Reader(asyncio.StreamReader):
    """What the driver reads: the stream without the deliveries that were picked out."""

    def __init__(self, deliveries: DeliveryPicker, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._deliveries = deliveries
        self._clock = loop.time
        self._passed_at = 0.0

    @override
    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        before = self._deliveries.count
        passed = self._deliveries.feed(bytes(data))
        if not passed and self._deliveries.count > before and self._clock() - self._passed_at > 1:
            passed = _SIGN_OF_LIFE
        if passed:
            self._passed_at = self._clock()
            super().feed_data(passed)


def _read_deliver(data: bytes, at: int) -> Arrived:
    at += 1 + data[at]  # the consumer's tag: a channel has one consumer
    tag, flags = _TAG_AND_FLAGS.unpack_from(data, at)
    at += _TAG_AND_FLAGS.size
    exchange, at = _short_text(data, at)
    routing_key, _ = _short_text(data, at)
    return Arrived(tag, bool(flags & 1), exchange, routing_key)


def _short_text(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + data[at]
    return data[at + 1 : end].decode(errors="replace"), end
