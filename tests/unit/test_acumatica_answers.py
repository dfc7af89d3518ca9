"""Answers of the ERP: numbers, errors, and what may be shown of them."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from daemon.acumatica.answers import Answer, read_error
from daemon.acumatica.classification import classify
from queues.verdicts import Exchange, Refused, Unreachable

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EXCHANGE = Exchange(request="GET /entity", request_id="1", started_at=NOW, duration_ms=1.0, records=1)


def answer(document: object, status: int = 500, **more: str) -> Answer:
    return Answer(status=status, content_type="application/json", body=msgspec.json.encode(document), **more)  # type: ignore[arg-type]  # texts only


def tree(text: str, kind: str = "PX.Data.PXException") -> dict[str, object]:
    return {
        "message": "An error has occurred.",
        "exceptionMessage": "Operation failed",
        "exceptionType": "PX.Api.ContractBased.OutcomeEntityHasErrorsException",
        "stackTrace": "at PX.Secret.Place",
        "innerException": {"exceptionMessage": text, "exceptionType": kind, "stackTrace": "at PX.Inner"},
    }


def test_numbers_stay_exact() -> None:
    document = Answer(status=200, content_type="application/json", body=b'{"a": 7000.0000, "b": 0.1}').document()

    assert document == {"a": Decimal("7000.0000"), "b": Decimal("0.1")}
    assert isinstance(document, dict)
    assert str(document["a"]) == "7000.0000"


def test_the_innermost_message_is_the_reason_and_traces_are_never_shown() -> None:
    given = answer(tree("The item is inactive."))

    error = read_error(given.document())

    assert error is not None
    assert error.text == "The item is inactive."
    assert "The item is inactive." in given.excerpt
    assert "PX.Secret.Place" not in given.excerpt
    assert "PX.Inner" not in given.excerpt


def test_a_trace_in_an_answer_that_was_cut_is_not_shown_either() -> None:
    body = b'{"exceptionMessage": "Operation failed", "stackTrace": "at PX.Secret'

    assert "PX.Secret" not in Answer(status=500, content_type="application/json", body=body, cut=True).excerpt


def test_a_page_is_shown_without_its_tags() -> None:
    page = b"<!DOCTYPE html><html><script>alert(1)</script><h1>Server Error</h1></html>"

    assert Answer(status=500, content_type="text/html", body=page).excerpt == "Server Error"


def test_errors_inside_a_record_are_found_at_any_depth() -> None:
    record = {
        "id": "0",
        "error": "The record has errors.",
        "CustomerID": {"value": "X", "error": "cannot be found"},
        "Details": [{"id": "1"}, {"id": "2", "error": "row", "InventoryID": {"value": "Y", "error": "unknown"}}],
        "ShipToAddress": {"Country": {"value": "ZZ", "error": "no such country"}},
    }

    error = read_error(record)

    assert error is not None
    assert error.fields == (
        ("", "The record has errors."),
        ("CustomerID", "cannot be found"),
        ("Details[1]", "row"),
        ("Details[1].InventoryID", "unknown"),
        ("ShipToAddress.Country", "no such country"),
    )


def test_a_record_without_errors_is_no_error() -> None:
    assert read_error({"id": "1", "CustomerID": {"value": "X"}}) is None


@pytest.mark.parametrize(
    ("status", "document", "kind", "words"),
    [
        (
            400,
            {"message": "The request is invalid.", "modelState": {"": ["should not be empty."]}},
            "validation",
            "empty",
        ),
        (401, None, "auth", "session"),
        (403, None, "auth", "right"),
        (404, None, "not_found", "no such"),
        (412, None, "conflict", "there"),
        (413, None, "too_large", "large"),
        (422, {"X": {"value": 1, "error": "bad"}}, "validation", "X: bad"),
        (429, None, "rate_limit", "licence"),
        (500, tree("Error: Invalid credentials. Please try again."), "auth", "credentials"),
        (500, tree("A proper company ID", "PX.Data.PXUndefinedCompanyException"), "auth", "no such tenant"),
        (500, tree("API Login Limit"), "rate_limit", "API Login Limit"),
        (429, tree("API Login Limit"), "rate_limit", "API Login Limit"),
        (500, tree("x", "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException"), "not_found", "x"),
        (500, tree("Another process has updated the 'X' record. Your changes will be lost."), "conflict", "Another"),
        (
            500,
            tree("Optimization", "PX.Api.ContractBased.OptimizedExport.CannotOptimizeException"),
            "target_error",
            "one query",
        ),
        (500, tree("Form AR101000", "PX.Data.PXSetupNotEnteredException"), "target_error", "AR101000"),
        (500, tree("The document is out of balance."), "validation", "balance"),
        (500, tree("Timeout expired.", "System.Data.SqlClient.SqlException"), "target_error", "Timeout"),
        (500, {"anything": 1}, "target_error", "HTTP 500"),
    ],
)
def test_every_form_of_error_has_its_class(status: int, document: object, kind: str, words: str) -> None:
    given = Answer(status=status, content_type="", body=b"") if document is None else answer(document, status)

    verdict, _ = classify(given, EXCHANGE, now=NOW)

    assert isinstance(verdict, Refused)
    assert verdict.error_class == kind
    assert words in verdict.text


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_doorman_is_nobody_reached(status: int) -> None:
    verdict, _ = classify(Answer(status=status, content_type="text/html", body=b"<html>"), EXCHANGE, now=NOW)

    assert isinstance(verdict, Unreachable)


def test_a_limit_without_a_stated_wait_pauses_for_a_minute_and_a_hostile_one_for_an_hour_at_most() -> None:
    plain, _ = classify(Answer(status=429, content_type="", body=b""), EXCHANGE, now=NOW)
    hostile, _ = classify(Answer(status=429, content_type="", body=b"", retry_after="9" * 30), EXCHANGE, now=NOW)

    assert isinstance(plain, Refused)
    assert isinstance(hostile, Refused)
    assert (plain.retry_after_seconds, hostile.retry_after_seconds) == (60.0, 3_600.0)
