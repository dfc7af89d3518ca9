"""What may be acknowledged when, so that a take fetches exactly what it wants."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from queues.rabbitmq.acknowledgements import AckFrame, Acknowledgements


class Broker:
    """A queue that never runs dry and a consumer of it, by the rules of AMQP."""

    def __init__(self, prefetch: int) -> None:
        self._prefetch = prefetch
        self.sent = 0
        self.outstanding: deque[int] = deque()
        self.deliver()

    def deliver(self) -> None:
        while len(self.outstanding) < self._prefetch:
            self.sent += 1
            self.outstanding.append(self.sent)

    def acknowledge(self, frame: AckFrame) -> None:
        assert frame.tag in self.outstanding, "unknown delivery tag"
        done = [tag for tag in self.outstanding if tag == frame.tag or (frame.multiple and tag < frame.tag)]
        for tag in done:
            self.outstanding.remove(tag)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_any_order_of_settling_fetches_exactly_what_is_wanted(wanted: int, window: int, data: st.DataObject) -> None:
    prefetch = min(wanted, window)
    broker = Broker(prefetch)
    acknowledgements = Acknowledgements(wanted=wanted, prefetch=prefetch)
    in_hand: set[int] = set()
    seen = 0

    while seen < wanted or in_hand:
        in_hand.update(range(seen + 1, broker.sent + 1))
        seen = broker.sent
        settled = data.draw(st.sets(st.sampled_from(sorted(in_hand)), min_size=1))
        in_hand -= settled
        acknowledgements.settle(settled)
        for frame in acknowledgements.frames("filling"):
            broker.acknowledge(frame)
            broker.deliver()
        assert broker.sent <= wanted
        assert broker.sent > seen or in_hand or seen == wanted, "everything in hand is settled and nothing comes"
    for frame in acknowledgements.frames("cancelled") + acknowledgements.frames("leaving"):
        broker.acknowledge(frame)

    assert broker.sent == wanted
    assert not broker.outstanding
    assert acknowledgements.told == wanted


@given(st.integers(1, 60), st.data())
def test_leaving_tells_of_the_settled_and_of_nothing_else(wanted: int, data: st.DataObject) -> None:
    broker = Broker(wanted)
    acknowledgements = Acknowledgements(wanted=wanted, prefetch=wanted)
    settled = data.draw(st.sets(st.integers(1, wanted)))

    acknowledgements.settle(settled)
    for frame in acknowledgements.frames("leaving"):
        broker.acknowledge(frame)

    assert set(broker.outstanding) == set(range(1, wanted + 1)) - settled
    assert acknowledgements.frames("leaving") == []


def test_one_frame_covers_everything_up_to_the_first_delivery_in_hand() -> None:
    acknowledgements = Acknowledgements(wanted=100, prefetch=20)

    acknowledgements.settle([1, 2, 3, 5])

    assert acknowledgements.frames("filling") == [AckFrame(3, multiple=True)]


def test_the_last_window_is_held_back_until_the_consumer_is_cancelled() -> None:
    acknowledgements = Acknowledgements(wanted=10, prefetch=4)

    acknowledgements.settle(range(1, 11))

    assert acknowledgements.frames("filling") == [AckFrame(6, multiple=True)]
    assert acknowledgements.frames("filling") == []
    assert acknowledgements.frames("cancelled") == [AckFrame(10, multiple=True)]


def test_one_slow_delivery_lets_the_settled_ones_go_singly_when_half_the_window_waits() -> None:
    acknowledgements = Acknowledgements(wanted=100, prefetch=6)

    acknowledgements.settle([2, 3])
    assert acknowledgements.frames("filling") == []
    acknowledgements.settle([4])

    assert acknowledgements.frames("filling") == [AckFrame(tag, multiple=False) for tag in (2, 3, 4)]


def test_a_frame_never_names_a_delivery_that_was_told_singly_before() -> None:
    acknowledgements = Acknowledgements(wanted=100, prefetch=2)
    acknowledgements.settle([2])
    assert acknowledgements.frames("filling") == [AckFrame(2, multiple=False)]

    acknowledgements.settle([1])

    assert acknowledgements.frames("filling") == [AckFrame(1, multiple=True)]
