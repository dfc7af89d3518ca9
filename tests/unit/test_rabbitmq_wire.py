"""Deliveries are picked out of a stream of frames, however the network cuts it; the driver gets all the rest."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.frame import marshal
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from queues.rabbitmq.headers import DeferredHeaders
from queues.rabbitmq.wire import LARGEST_BODY, DeliveryPicker, PickedDelivery

WANTED, OTHER = 3, 7


@dataclass(frozen=True)
class Sent:
    """One thing the broker says: its frames as pamqp writes them, and the delivery they are, if they are one."""

    frames: tuple[bytes, ...]
    tag: int = 0
    body: bytes = b""
    redelivered: bool = False

    @property
    def bytes(self) -> bytes:
        return b"".join(self.frames)


class Receiver:
    """Remembers what it got."""

    def __init__(self, picker: DeliveryPicker, channel: int = WANTED) -> None:
        self.picked: list[PickedDelivery] = []
        self.take = self.picked.append
        picker.deliver_to(channel, self.take)

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.picked]


def delivery(tag: int, pieces: list[bytes], *, channel: int = WANTED, redelivered: bool = False) -> Sent:
    body = b"".join(pieces)
    properties = commands.Basic.Properties(message_id=f"m-{tag}")
    frames = (
        marshal(commands.Basic.Deliver("consumer", tag, redelivered, "main.events", "a.b"), channel),
        marshal(ContentHeader(body_size=len(body), properties=properties), channel),
        *(marshal(ContentBody(piece), channel) for piece in pieces),
    )
    return Sent(frames, tag, body, redelivered)


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=3)
DELIVERIES = st.builds(delivery, st.integers(1, 2**63 - 1), PIECES, redelivered=st.booleans())
OTHERS = st.sampled_from(
    [
        Sent((marshal(Heartbeat(), 0),)),
        Sent((marshal(commands.Basic.ConsumeOk("consumer"), WANTED),)),
        Sent((marshal(commands.Basic.CancelOk("consumer"), WANTED),)),
        Sent((marshal(commands.Queue.DeclareOk("q", 1, 0), OTHER),)),
        Sent(delivery(5, [b"for the driver"], channel=OTHER).frames),
    ]
)


@given(st.lists(DELIVERIES | OTHERS, max_size=8), st.lists(st.integers(1, 60)))
def test_deliveries_arrive_whole_and_the_rest_passes_in_order(sent: list[Sent], cuts: list[int]) -> None:
    stream = b"".join(each.bytes for each in sent)
    picker = DeliveryPicker()
    receiver = Receiver(picker)

    passed = b""
    for size in [*cuts, len(stream) or 1]:
        passed += picker.feed(stream[:size])
        stream = stream[size:]

    expected = [(each.tag, each.redelivered, each.body) for each in sent if each.tag]
    assert [(each.tag, each.redelivered, each.body) for each in receiver.picked] == expected
    assert [DeferredHeaders(each.method, each.header)["message_id"] for each in receiver.picked] == [
        f"m-{each.tag}" for each in sent if each.tag
    ]
    assert passed == b"".join(each.bytes for each in sent if not each.tag)
    assert picker.count == len(expected)


def test_a_delivery_with_another_frame_in_it_goes_to_the_driver_with_all_that_follow() -> None:
    picker = DeliveryPicker()
    receiver = Receiver(picker)
    deliver, *content = delivery(2, [b"ab", b"cd"]).frames
    torn = deliver + marshal(Heartbeat(), 0) + b"".join(content)
    last = delivery(3, [b"ef"]).bytes

    passed = picker.feed(delivery(1, [b"first"]).bytes + torn + last)

    assert receiver.bodies == [b"first"]
    assert passed == torn + last


def test_a_body_too_large_to_be_an_event_goes_to_the_driver() -> None:
    picker = DeliveryPicker()
    receiver = Receiver(picker)
    deliver, header, *_ = delivery(1, [b"x" * (LARGEST_BODY + 1)]).frames

    assert picker.feed(deliver + header) == deliver + header
    assert not receiver.picked


def test_a_channel_forgotten_in_the_middle_of_a_delivery_leaves_the_driver_all_of_it() -> None:
    picker = DeliveryPicker()
    receiver = Receiver(picker)
    deliver, header, body = delivery(1, [b"ab"]).frames

    passed = picker.feed(deliver + header)
    picker.forget(WANTED, receiver.take)
    passed += picker.feed(body)

    assert (receiver.picked, passed) == ([], deliver + header + body)


def test_a_new_receiver_of_a_channel_survives_that_the_old_one_is_forgotten() -> None:
    picker = DeliveryPicker()
    old = Receiver(picker)
    new = Receiver(picker)

    picker.forget(WANTED, old.take)
    picker.feed(delivery(1, [b"ab"]).bytes)

    assert (old.bodies, new.bodies) == ([], [b"ab"])


@pytest.mark.parametrize("noise", [b"AMQP\x00\x00\x09\x01", b"\x01\x00\x01\x00\x00\x00\x01ab"])
def test_what_is_no_frame_is_left_to_the_driver_with_all_that_follows(noise: bytes) -> None:
    picker = DeliveryPicker()
    receiver = Receiver(picker)
    before, after = delivery(1, [b"ab"]).bytes, delivery(2, [b"cd"]).bytes

    passed = picker.feed(before + noise) + picker.feed(after)

    assert passed == noise + after
    assert receiver.bodies == [b"ab"]
