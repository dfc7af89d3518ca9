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

from queues.rabbitmq.wire import Arrived, DeliveryPicker

WANTED, OTHER = 3, 7


@dataclass(frozen=True)
class Sent:
    """One thing the broker says: the bytes of its frames, and the delivery they are, if they are one."""

    frames: tuple[bytes, ...]
    arrived: Arrived | None = None


def delivery(tag: int, pieces: list[bytes], *, channel: int = WANTED, redelivered: bool = False) -> Sent:
    body = b"".join(pieces)
    header = ContentHeader(body_size=len(body), properties=commands.Basic.Properties(message_id=f"m-{tag}"))
    frames = (
        marshal(commands.Basic.Deliver("consumer", tag, redelivered, "main.events", "a.b"), channel),
        marshal(header, channel),
        *(marshal(ContentBody(piece), channel) for piece in pieces),
    )
    return Sent(frames, Arrived(tag, redelivered, "main.events", "a.b", header.marshal(), body))


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=3)
DELIVERIES = st.builds(delivery, st.integers(1, 2**63), PIECES, redelivered=st.booleans())
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
    stream = b"".join(frame for each in sent for frame in each.frames)
    arrived: list[Arrived] = []
    picker = DeliveryPicker()
    picker.deliver_to(WANTED, arrived.append)

    passed = b""
    for size in [*cuts, len(stream) or 1]:
        passed += picker.feed(stream[:size])
        stream = stream[size:]

    assert arrived == [each.arrived for each in sent if each.arrived is not None]
    assert passed == b"".join(frame for each in sent if each.arrived is None for frame in each.frames)


def test_frames_of_another_channel_may_stand_between_those_of_a_delivery() -> None:
    ours, theirs = delivery(1, [b"ab", b"cd"]), delivery(1, [b"x"], channel=OTHER)
    arrived: list[Arrived] = []
    picker = DeliveryPicker()
    picker.deliver_to(WANTED, arrived.append)

    deliver, header, first, second = ours.frames
    passed = picker.feed(
        b"".join([deliver, theirs.frames[0], header, theirs.frames[1], first, theirs.frames[2], second])
    )

    assert arrived == [ours.arrived]
    assert passed == b"".join(theirs.frames)


def test_a_channel_forgotten_in_the_middle_of_a_delivery_leaves_no_half_of_it_to_the_driver() -> None:
    arrived: list[Arrived] = []
    picker = DeliveryPicker()
    receiver = arrived.append
    picker.deliver_to(WANTED, receiver)
    deliver, header, body = delivery(1, [b"ab"]).frames

    passed = picker.feed(deliver + header)
    picker.forget(WANTED, receiver)
    passed += picker.feed(body)

    assert (arrived, passed) == ([], b"")


def test_a_new_receiver_of_a_channel_survives_that_the_old_one_is_forgotten() -> None:
    old: list[Arrived] = []
    new: list[Arrived] = []
    picker = DeliveryPicker()
    forgotten = old.append
    picker.deliver_to(WANTED, forgotten)
    picker.deliver_to(WANTED, new.append)

    picker.forget(WANTED, forgotten)
    picker.feed(b"".join(delivery(1, [b"ab"]).frames))

    assert (old, len(new)) == ([], 1)


@pytest.mark.parametrize("noise", [b"AMQP\x00\x00\x09\x01", b"\x01\x00\x01\x00\x00\x00\x01ab"])
def test_what_is_no_frame_is_left_to_the_driver_with_all_that_follows(noise: bytes) -> None:
    arrived: list[Arrived] = []
    picker = DeliveryPicker()
    picker.deliver_to(WANTED, arrived.append)
    after = b"".join(delivery(1, [b"ab"]).frames)

    passed = picker.feed(noise) + picker.feed(after)

    assert passed == noise + after
    assert not arrived


def test_properties_that_cannot_be_read_are_none() -> None:
    broken = Arrived(1, False, "", "", b"\x00\x3c\x00\x00" + b"\x00" * 8 + b"\xff\xfe\x09")  # noqa: FBT003 - a flag

    assert broken.properties.message_id is None
    assert delivery(4, [b"a"]).arrived is not None
    assert Arrived(1, False, "", "", delivery(4, []).frames[1][7:-1]).properties.message_id == "m-4"  # noqa: FBT003 - as above
