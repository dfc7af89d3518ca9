"""Reading answers: error texts, waits, and verdicts that blame the right one."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.magento.answers import Answer, fill_in, read_error
from daemon.magento.authentication import BearerToken
from daemon.magento.classification import classify
from daemon.magento.session import no_answer
from daemon.secret import Secret
from queues.verdicts import Exchange, Refused, Undetermined, Unreachable

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def exchange(records: int = 1, status: int | None = None) -> Exchange:
    return Exchange(
        request="POST /rest", request_id="1", started_at=NOW, duration_ms=1.0, records=records, status=status
    )


def said(status: int, body: bytes = b"", content_type: str = "application/json", **more: str) -> Answer:
    return Answer(status=status, content_type=content_type, body=body, **more)  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize(
    ("message", "parameters", "text"),
    [
        ('"%fieldName" is required.', {"fieldName": "prices"}, '"prices" is required.'),
        ("%1 already exists. %2", ["Code", 5], "Code already exists. 5"),
        ("Invalid attribute %fieldName = %fieldValue.", ["SKU", "A-1"], "Invalid attribute SKU = A-1."),
        ("Invalid attribute %fieldName = %fieldValue.", ["Price", None], "Invalid attribute Price = ."),
        ("%1 of %3", ["only one"], "only one of %3"),
        ("100% of %unknown", {"other": 1}, "100% of %unknown"),
        ("%0 %99999999999999999999", ["x"], "%0 %99999999999999999999"),
        ("%a %b", ["x"], "x %b"),
        ("plain", None, "plain"),
        ("%1", "text", "%1"),
    ],
)
def test_placeholders_are_filled_from_objects_and_lists(message: str, parameters: object, text: str) -> None:
    assert fill_in(message, parameters) == text


def test_a_value_nested_without_end_is_not_written_out() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]

    assert fill_in("%1 %2", [nested, {"a": nested}]) == "… …"


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again() -> None:
    assert fill_in("%1 %2", ["%2", "x"]) == "%2 x"


def test_several_errors_are_told_together() -> None:
    error = read_error(
        {"message": "One or more", "errors": [{"message": "%1 is bad", "parameters": ["sku"]}, "plain", 5]}
    )

    assert error is not None
    assert error.text == "One or more; sku is bad; plain; 5"


def test_the_form_of_fatal_errors_is_read_too() -> None:
    error = read_error({"messages": {"error": [{"code": 500, "message": "it broke"}]}})

    assert error is not None
    assert error.text == "it broke"


def test_the_input_limit_is_read_from_the_parameters_in_every_language() -> None:
    error = read_error({"message": "Höchstens %max vom Typ %type", "parameters": {"type": "\\X", "max": 20}})

    assert error is not None
    assert error.input_limit == 20


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("3601", 3600.0),
        ("9" * 5000, 3600.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 3600.0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("Sat, 99 Nov 2026 10:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_capped(header: str, seconds: float | None) -> None:
    assert said(429, retry_after=header).retry_after_seconds(NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "Database deadlock found when trying to get lock",
        "Database lock wait timeout exceeded",
        "Could not save Prices.",
    ],
)
def test_trouble_in_the_database_told_as_400_blames_nobody(text: str) -> None:
    body = json.dumps({"message": text}).encode()

    verdict, _ = classify(said(400, body), exchange(1, 400), now=NOW)

    assert isinstance(verdict, Undetermined)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "single", "several", "error_class"),
    [
        (400, "application/json", b'{"message": "no"}', Refused, Undetermined, "validation"),
        (404, "application/json", b'{"message": "gone"}', Refused, Undetermined, "not_found"),
        (409, "application/json", b'{"message": "twice"}', Refused, Undetermined, "conflict"),
        (413, "text/html", b"<html>too large</html>", Refused, Undetermined, "too_large"),
        (500, "text/plain", b"An error has happened during application run.", Refused, Undetermined, "target_error"),
        (500, "application/json", b'{"message": "Internal Error"}', Refused, Refused, "target_error"),
        (500, "text/plain", b"<!doctype html>An error has happened during application run.", Refused, Refused,
         "target_error"),
        (502, "text/html", b"<html></html>", Refused, Refused, "target_error"),
        (504, "text/html", b"<html></html>", Refused, Refused, "target_error"),
        (503, "text/html", b"<!doctype html>", Unreachable, Unreachable, "target_error"),
        (401, "application/json", b'{"message": "no"}', Refused, Refused, "auth"),
        (403, "text/html", b"<html>firewall</html>", Refused, Refused, "auth"),
        (429, "application/json", b'{"message": "Too Many Requests"}', Refused, Refused, "rate_limit"),
        (301, "text/html", b"", Refused, Refused, "target_error"),
        (405, "application/json", b'{"message": "no PATCH"}', Refused, Refused, "target_error"),
        (400, "text/html", b"<html>bad request</html>", Refused, Refused, "target_error"),
        (404, "text/html", b"<html>nothing here</html>", Refused, Refused, "target_error"),
    ],
)  # fmt: skip
def test_each_kind_of_answer_has_its_verdict(
    status: int, content_type: str, body: bytes, single: type, several: type, error_class: str
) -> None:
    for records, expected in ((1, single), (2, several)):
        verdict, _ = classify(said(status, body, content_type), exchange(records, status), now=NOW)

        assert isinstance(verdict, expected)
        assert verdict.error_class == error_class
        assert verdict.status == status


def test_503_with_retry_after_makes_the_queue_wait() -> None:
    verdict, _ = classify(said(503, b"", "text/html", retry_after="30"), exchange(1, 503), now=NOW)

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "rate_limit"
    assert verdict.retry_after_seconds == 30


@given(
    st.integers(100, 599),
    st.sampled_from(["application/json", "text/plain", "text/html", ""]),
    st.binary(max_size=60)
    | st.from_regex(rb'\{"message": "(\\u0000|[%a-z0-9 ]){0,20}", "parameters": \[1, "x"\]\}', fullmatch=True),
    st.text(max_size=20),
    st.integers(1, 3),
)
@example(400, "application/json", b'{"message": ""}', "", 1)
@example(404, "application/json", b'{"message": ""}', "", 1)
def test_no_answer_is_without_a_verdict_that_a_database_can_store(
    status: int, content_type: str, body: bytes, header: str, records: int
) -> None:
    answer = said(status, body, content_type, retry_after=header, location=header)

    verdict, _ = classify(answer, exchange(records, status), now=NOW)

    assert verdict.text
    assert "\x00" not in verdict.text + answer.excerpt
    (verdict.text + answer.excerpt).encode()


def test_signing_in_names_what_must_not_be_shown_and_does_not_show_it_itself() -> None:
    token = BearerToken(Secret("abc/def+123"))

    assert token.secrets("") == ("abc/def+123",)
    assert "abc" not in repr(token)


def test_a_host_name_that_cannot_be_resolved_is_told_so() -> None:
    key = ConnectionKey(
        host="shop.example",
        port=443,
        is_ssl=True,
        ssl=True,
        proxy=None,
        proxy_auth=None,
        proxy_headers_hash=None,
        server_hostname=None,
    )
    error = aiohttp.ClientConnectorDNSError(key, OSError("Name or service not known"))

    verdict = no_answer(error, exchange())

    assert isinstance(verdict, Unreachable)
    assert "host name cannot be resolved" in verdict.text
    assert "shop.example" in verdict.text


def test_a_nul_inside_an_error_text_is_replaced_for_the_databases_sake() -> None:
    body = b'{"message": "bad \\u0000 %1", "parameters": ["\\u0000"]}'

    verdict, _ = classify(said(400, body), exchange(1, 400), now=NOW)

    assert verdict.text == "bad \ufffd \ufffd"
