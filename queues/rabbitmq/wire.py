"""
Deliveries, picked straight off the wire; everything else the broker says goes on to the driver, untouched and in order.

The driver makes three awaited frames and a task of every delivery, which costs more than anything else that a record of
a bulk request needs (docs/decisions/deliveries-off-the-wire.md). A delivery is three or more frames on one channel:

    method `basic.deliver` ── content header ── content body …

Picked is only what stands there whole, frame after frame; whatever is unusual is left to the driver.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any, Final, NamedTuple, SupportsIndex

from aiormq import TransportFactory
from aiormq.exceptions import AMQPConnectionError
from typing_extensions import override
from yarl import URL

_FRAME: Final = Struct(">BHI")
_FRAME_END: Final = 0xCE
_OVERHEAD: Final = _FRAME.size + 1
_METHOD, _HEADER, _BODY, _HEARTBEAT = 1, 2, 3, 8
_KINDS: Final = frozenset({_METHOD, _HEADER, _BODY, _HEARTBEAT})
_DELIVER: Final = b"\x00\x3c\x00\x3c"
_TAG_AND_FLAGS: Final = Struct(">QB")
_BODY_SIZE: Final = Struct(">Q")
_BODY_SIZE_AT: Final = 4
_SIGN_OF_LIFE: Final = b"\x08\x00\x00\x00\x00\x00\x00\xce"
"""A heartbeat. The broker sends none while it sends deliveries, and these the driver no longer sees."""

LARGEST_BODY: Final = 1 << 20
"""Bytes of a body that is picked; no event is as large, and the driver reads the larger ones as well."""


class PickedDelivery(NamedTuple):
    """
    A delivery as it came.

    Attributes:
        method: the arguments of its `basic.deliver`, as on the wire.
        header: the payload of its content header: sizes and properties.
    """

    tag: int
    redelivered: bool
    body: bytes
    method: bytes
    header: bytes


Receiver = Callable[[PickedDelivery], None]


class DeliveryPicker:
    """
    Splits a stream of frames into deliveries, for the channels that want them, and the rest.

    Attributes:
        count: deliveries handed over so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._receivers: dict[int, Receiver] = {}
        self._unfinished = b""
        self._is_understood = True

    def deliver_to(self, channel: int, receiver: Receiver) -> None:
        """Hand the deliveries of *channel* to *receiver* from now on."""
        self._receivers[channel] = receiver

    def forget(self, channel: int, receiver: Receiver) -> None:
        """Leave the deliveries of *channel* to the driver again, unless it has another receiver by now."""
        if self._receivers.get(channel) == receiver:
            del self._receivers[channel]

    def feed(self, data: bytes) -> bytes:
        """Take what came over the wire, hand over the deliveries in it, and give the whole frames that are none."""
        if not self._is_understood:
            return data
        if self._unfinished:
            data = self._unfinished + data
        passed: list[bytes] = []
        at = passed_to = 0
        try:
            while end := _end_of_frame(data, at):
                kind, channel, _ = _FRAME.unpack_from(data, at)
                receiver = self._receivers.get(channel)
                if kind == _METHOD and receiver is not None and data.startswith(_DELIVER, at + _FRAME.size):
                    try:
                        picked = _read_delivery(data, at, end, channel)
                    except _UnusualError:
                        # For good, or the deliveries after this one would overtake it.
                        self.forget(channel, receiver)
                        continue
                    if picked is None:
                        break
                    passed.append(data[passed_to:at])
                    delivery, end = picked
                    passed_to = end
                    self.count += 1
                    receiver(delivery)
                at = end
        except _NoFrameError:
            # No AMQP, or not ours to judge: from here on the driver sees all of it.
            self._is_understood = False
            at = len(data)
        passed.append(data[passed_to:at])
        self._unfinished = data[at:]
        return b"".join(passed)


class _NoFrameError(Exception):
    """What came is no frame of AMQP 0-9-1."""


class _UnusualError(Exception):
    """A delivery that is not picked: too large, or with other channels' frames between its own."""


def _end_of_frame(data: bytes, at: int) -> int:
    """Tell where the frame that begins at *at* ends; 0 if it is not all there yet."""
    if len(data) - at < _FRAME.size:
        return 0
    kind, _, size = _FRAME.unpack_from(data, at)
    end: int = at + size + _OVERHEAD
    if kind not in _KINDS or (end <= len(data) and data[end - 1] != _FRAME_END):
        raise _NoFrameError
    return end if end <= len(data) else 0


def _read_delivery(data: bytes, at: int, end: int, channel: int) -> tuple[PickedDelivery, int] | None:
    """Read the delivery whose method stands from *at* to *end*; None if it is not all there yet, else where it ends."""
    method = data[at + _FRAME.size + len(_DELIVER) : end - 1]
    header, end = _read_content(data, end, channel, _HEADER)
    if header is None:
        return None
    (missing,) = _BODY_SIZE.unpack_from(header, _BODY_SIZE_AT)
    if missing > LARGEST_BODY:
        raise _UnusualError
    body = b""
    while missing > 0:
        piece, end = _read_content(data, end, channel, _BODY)
        if piece is None:
            return None
        body = body + piece if body else piece
        missing -= len(piece)
    tag, flags = _TAG_AND_FLAGS.unpack_from(method, 1 + method[0])  # after the consumer's tag: a channel has one
    return PickedDelivery(tag, bool(flags & 1), body, method, header), end


def _read_content(data: bytes, at: int, channel: int, expected: int) -> tuple[bytes | None, int]:
    """Give the payload of the frame of *channel* that begins at *at*, and where it ends; None if not all is there."""
    end = _end_of_frame(data, at)
    if not end:
        return None, at
    kind, its_channel, _ = _FRAME.unpack_from(data, at)
    if kind != expected or its_channel != channel:
        raise _UnusualError
    return data[at + _FRAME.size : end - 1], end


class PickingTransport(TransportFactory):
    """Connects the driver to the broker, through a picker: aiormq's own place for another transport."""

    def __init__(self, picker: DeliveryPicker) -> None:
        self._picker = picker

    @override
    async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """
        Connect, with TLS for `amqps`.

        Raises:
            AMQPConnectionError: nobody answers there, or its certificate is not to be trusted.
        """
        contexts = options.pop("ssl_context_provider")
        context: ssl.SSLContext | None = await contexts.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = _Reader(self._picker, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, url.host or "", url.port or 0, ssl=context, **options
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _Reader(asyncio.StreamReader):
    """What the driver reads: the stream without the deliveries that were picked out of it."""

    def __init__(self, picker: DeliveryPicker, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._picker = picker
        self._clock = loop.time
        self._passed_at = 0.0

    @override
    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        before = self._picker.count
        passed = self._picker.feed(bytes(data))
        if not passed and self._picker.count > before and self._clock() - self._passed_at > 1:
            passed = _SIGN_OF_LIFE
        if passed:
            self._passed_at = self._clock()
            super().feed_data(passed)
