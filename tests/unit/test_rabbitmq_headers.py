"""Headers become text: bounded, storable, whatever was sent."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.common import FieldTable
from pamqp.header import ContentHeader

from queues.rabbitmq.headers import LONGEST_HEADER, MOST_HEADERS, DeferredHeaders, read_headers

FIELDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def headers_of(properties: commands.Basic.Properties) -> DeferredHeaders:
    """Give the headers of a delivery as it stands on the wire."""
    deliver = commands.Basic.Deliver("tag", 1, redelivered=False, exchange="main.events", routing_key="a.b")
    return DeferredHeaders(deliver.marshal(), ContentHeader(properties=properties).marshal())


def with_headers(headers: FieldTable) -> DeferredHeaders:
    return headers_of(commands.Basic.Properties(headers=headers))


def test_exchange_routing_key_and_properties_are_headers() -> None:
    sent_at = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

    headers = headers_of(commands.Basic.Properties(message_id="m-1", timestamp=sent_at))

    assert headers == {
        "exchange": "main.events",
        "routing_key": "a.b",
        "message_id": "m-1",
        "timestamp": "2026-11-21T10:00:00+00:00",
    }


def test_a_story_of_dead_lettering_is_told_as_json() -> None:
    headers = with_headers({"x-death": [{"count": 1, "reason": "delivery_limit"}]})

    assert headers["x-death"] == '[{"count": 1, "reason": "delivery_limit"}]'


def test_a_header_cannot_pose_as_what_the_broker_says() -> None:
    assert with_headers({"exchange": "forged"})["exchange"] == "main.events"


@given(st.dictionaries(st.text(), FIELDS, max_size=3))
def test_whatever_is_sent_becomes_bounded_text_that_can_be_stored(sent: FieldTable) -> None:
    headers = read_headers(commands.Basic.Deliver(), commands.Basic.Properties(headers=sent))

    assert all(len(text) <= LONGEST_HEADER for entry in headers.items() for text in entry)
    assert not any("\x00" in text for entry in headers.items() for text in entry)


def test_long_and_many_headers_are_cut() -> None:
    headers = with_headers({f"h{number}": "x" * 10_000 for number in range(200)})

    assert len(headers) == MOST_HEADERS
    assert len(headers["h0"]) == LONGEST_HEADER


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_headers_that_cannot_be_read_say_so_and_raise_nothing(method: bytes, header: bytes) -> None:
    headers = dict(DeferredHeaders(method, header))

    assert "unreadable" in headers or "routing_key" in headers
