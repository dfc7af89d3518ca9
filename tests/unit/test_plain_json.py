import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from queues import message, plain_json
from queues.errors import InvalidMessage
from queues.message import ChangeEvent, encode
from tests.strategies import change_events

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="ascii"))
    | st.decimals(allow_nan=False, allow_infinity=False).map(float)
)
PIECES = st.sampled_from(
    [
        "{",
        "}",
        '"a"',
        '"b"',
        '"a":',
        '"b" :',
        '"data":',
        ":",
        ",",
        " ",
        "\n",
        "[",
        "]",
        '"',
        "\\",
        "1",
        "1.50",
        "-0",
        "1e5",
        "1e99999999999999999999",
        "9" * 450,
        "true",
        "null",
        "NaN",
        "x",
        "é",
        "\x00",
    ]
)


def carefully(body: bytes) -> object:
    """Read *body* through a list, which is never plain."""
    document = message.parse_json(b"[" + body + b"]")
    assert isinstance(document, list)
    assert len(document) == 1
    return document[0]


def agrees(body: bytes) -> None:
    plain = plain_json.read_plain(body)
    if plain is not None:
        assert repr(plain) == repr(carefully(body))


@given(st.dictionaries(st.text(), PLAIN | st.dictionaries(st.text(), PLAIN | st.lists(PLAIN))))
def test_what_is_read_at_once_is_what_care_would_have_read(document: dict[str, object]) -> None:
    agrees(json.dumps(document, separators=(",", ":")).encode())


@given(st.lists(PIECES, max_size=14).map("".join))
@example('{"a":1,"a":2}')
@example('{"a":1,"a" :2}')
@example('{"a" :1,"a":":"}')
@example('{"a":{"b":1,"b":2}}')
@example('{"a":"x","b":1,"a" \n:2}')
def test_whatever_is_read_at_once_care_reads_the_same(text: str) -> None:
    agrees(text.encode())


@given(change_events())
def test_an_event_is_the_same_however_it_is_read(event: ChangeEvent) -> None:
    agrees(encode(event))


def test_the_usual_event_is_read_at_once() -> None:
    body = b'{"specversion":"1.0","data":{"price":12.50,"note":"a: b"}}'

    document = plain_json.read_plain(body)

    assert document == {"specversion": "1.0", "data": {"price": Decimal("12.50"), "note": "a: b"}}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a" :1}',
        b'{"a":[1]}',
        b'{"a":{"b":{"c":1}}}',
        b'{"a":"\\u0000"}',
        '{"a":"ø"}'.encode(),
        b'{"a":' + b"9" * 301 + b"}",
        b'{"a":1e99999999999999999999}',
        b'{"a":NaN}',
        b"[1]",
        b"{",
        b'{"a":"' + b"x" * plain_json.LONGEST + b'"}',
    ],
)
def test_what_needs_care_is_left_to_care(body: bytes) -> None:
    assert plain_json.read_plain(body) is None


def test_an_exponent_beyond_all_numbers_is_refused_and_no_crash() -> None:
    with pytest.raises(InvalidMessage, match="exponent"):
        message.decode(b'{"a": 1e99999999999999999999}')
