import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues.errors import InvalidMessage
from queues.message import MAX_EVENT_BYTES, ChangeEvent, decode, encode
from tests.strategies import change_events, event

GOOD: dict[str, Any] = json.loads(encode(event()))


def altered(**members: object) -> bytes:
    return json.dumps({**GOOD, **members}).encode()


def without(member: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != member}).encode()


@given(change_events())
def test_an_event_read_back_is_the_same_event(change: ChangeEvent) -> None:
    message = decode(encode(change))

    assert message.event == change
    assert encode(message.event) == message.body


@given(st.binary(max_size=400))
def test_whatever_bytes_come_only_invalid_message_is_raised(body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        decode(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_json_comes_only_invalid_message_is_raised(document: object) -> None:
    with pytest.raises(InvalidMessage):
        decode(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("body", "code", "member"),
    [
        (b"", "not_json", ""),
        (b"{", "not_json", ""),
        (b"\xef\xbb\xbf{}", "not_json", ""),
        (b'"\xe9"', "not_utf8", ""),
        (b"[" * 100_000, "invalid", ""),
        (b'{"a": NaN}', "not_json", ""),
        (b'{"a": 1, "a": 2}', "invalid", "a"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "invalid", ""),
        (b" " * (MAX_EVENT_BYTES + 1), "too_large", ""),
        (b"[]", "invalid", ""),
        (without("id"), "missing", "id"),
        (without("source"), "missing", "source"),
        (without("type"), "missing", "type"),
        (without("subject"), "missing", "subject"),
        (without("time"), "missing", "time"),
        (without("data"), "missing", "data"),
        (without("specversion"), "missing", "specversion"),
        (altered(specversion="2.0"), "unsupported_version", "specversion"),
        (altered(subject="   "), "invalid", "subject"),
        (altered(subject=17), "invalid", "subject"),
        (altered(subject="x" * 256), "invalid", "subject"),
        (altered(subject="a\x00b"), "invalid", "subject"),
        (altered(subject="a\ud800b"), "invalid", "subject"),
        (altered(time="2026-11-21"), "invalid", "time"),
        (altered(time="2026-13-21T10:00:00Z"), "invalid", "time"),
        (altered(time="2026-11-21T10:00:00"), "invalid", "time"),
        (altered(data=[1]), "invalid", "data"),
        (altered(datacontenttype="text/xml"), "invalid", "datacontenttype"),
        (altered(changed="price"), "invalid", "changed"),
        (altered(storeview=5), "invalid", "storeview"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_bad_body_is_refused_by_code_and_member(body: bytes, code: str, member: str) -> None:
    with pytest.raises(InvalidMessage) as refusal:
        decode(body)

    assert (refusal.value.code, refusal.value.member) == (code, member)


def test_deep_nesting_inside_data_is_refused_by_its_path() -> None:
    body = encode(event()).replace(b"12.50", b"[" * 70 + b"]" * 70)

    with pytest.raises(InvalidMessage, match="nested deeper than 64 levels") as refusal:
        decode(body)

    assert refusal.value.member.startswith("data.price[0]")


def test_money_never_passes_through_a_binary_float() -> None:
    body = encode(event()).replace(b"12.50", b"0.1000000000000000055511151231257827")

    assert decode(body).event.data["price"] == Decimal("0.1000000000000000055511151231257827")


def test_the_key_is_trimmed_and_unknown_members_are_kept() -> None:
    body = altered(subject="  AC-1001 ", traceparent="00-4bf9", data={"price": "1", "colour": "blue"})

    message = decode(body)

    assert message.key == "AC-1001"
    assert message.event.extensions == {"traceparent": "00-4bf9"}
    assert message.event.data["colour"] == "blue"


def test_the_same_event_twice_is_one_message_and_the_same_id_with_another_body_is_another() -> None:
    first, second = decode(encode(event())), decode(encode(event()))
    other = decode(encode(event(price="13")))

    assert first.message_id == second.message_id
    assert first.message_id != other.message_id
