"""Where the daemon is and with which token; and how its problems are told."""

import pytest

from daemon.cli.access import describe_faults, read_access
from daemon.cli.checking import Finding, worst
from daemon.cli.errors import UsageError
from daemon.cli.exit_codes import DONE, FAILED, NOT_REACHABLE, USAGE
from daemon.cli.migrating import is_worth_waiting
from daemon.cli.problem_lines import problem_of
from daemon.cli.verbs.connections import exit_code
from daemon.environment import ConfigurationError
from queues.errors import DatabaseUnavailable


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - what a daemon may bind
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("connector.example", "http://connector.example:8080"),
    ],
)
def test_the_daemon_is_looked_for_where_it_listens(host: str | None, url: str) -> None:
    environ = {} if host is None else {"CONNECTOR_HTTP_HOST": host}

    assert read_access(environ, url=None).url == url


def test_a_url_that_is_given_goes_before_the_environment() -> None:
    access = read_access({"CONNECTOR_HTTP_PORT": "0"}, url="https://connector.example/base/")

    assert access.url == "https://connector.example/base"


def test_no_other_configuration_is_needed_but_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_access({"CONNECTOR_ADMIN_TOKN": "x", "CONNECTOR_HTTP_PORT": "http"}, url=None)

    told = describe_faults(caught.value)
    assert "CONNECTOR_ADMIN_TOKN: there is no such setting; did you mean CONNECTOR_ADMIN_TOKEN?" in told
    assert "CONNECTOR_HTTP_PORT: must be an integer" in told


def test_the_token_never_shows() -> None:
    access = read_access({"CONNECTOR_ADMIN_TOKEN": "a-very-secret-token"}, url=None)

    assert access.token is not None
    assert access.token.reveal() == "a-very-secret-token"
    assert "secret-token" not in repr(access)


def test_a_persons_own_token_goes_before_the_admins() -> None:
    environ = {"CONNECTOR_ADMIN_TOKEN": "the-token-of-the-admin", "CONNECTOR_TOKEN": "the-token-of-alice"}

    token = read_access(environ, url=None).token

    assert token is not None
    assert token.reveal() == "the-token-of-alice"


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8080", "ftp://x", "http://", "http://user:secret@host/", "http://host/?token=secret", "http://h:x"],
)
def test_a_url_that_is_none_is_refused_without_telling_secrets(url: str) -> None:
    with pytest.raises(UsageError, match="--url") as caught:
        read_access({}, url=url)

    assert "secret" not in str(caught.value)


def test_a_port_the_daemon_picks_itself_asks_for_the_url() -> None:
    with pytest.raises(UsageError, match="give --url"):
        read_access({"CONNECTOR_HTTP_PORT": "0"}, url=None)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "not_found", FAILED),
        (409, "state_conflict", FAILED),
        (422, "invalid_settings", USAGE),
        (401, "unauthenticated", USAGE),
        (503, "broker_unavailable", NOT_REACHABLE),
        (503, "intake_stopped", FAILED),
        (500, "", FAILED),
    ],
)
def test_each_problem_has_its_exit_code(status: int, code: str, expected: int) -> None:
    problem = problem_of({"code": code}, status=status, url="http://x", token_given=True)

    assert problem.exit_code == expected


def test_a_problem_tells_detail_state_and_request_id() -> None:
    document = {"code": "state_conflict", "detail": "it cannot be done", "state": "discarded", "request_id": "abc"}

    problem = problem_of(document, status=409, url="http://x", token_given=True)

    assert str(problem) == "it cannot be done (it is discarded) (request abc)"


def test_a_missing_token_names_the_variable_to_set() -> None:
    for given, told in ((False, "asks for a token"), (True, "does not accept the token")):
        problem = problem_of({}, status=401, url="http://x", token_given=given)

        assert told in str(problem)
        assert "CONNECTOR_ADMIN_TOKEN_FILE" in str(problem)


def test_of_several_reports_not_reachable_goes_first() -> None:
    ok = {"ok": True, "reason": None}
    missing = {"ok": False, "reason": "not_configured"}
    away = {"ok": False, "reason": "unreachable"}
    refused = {"ok": False, "reason": "unauthorised"}

    assert exit_code({"magento": ok, "acumatica": missing}, is_named=False) == DONE
    assert exit_code({"acumatica": missing}, is_named=True) == USAGE
    assert exit_code({"magento": away, "acumatica": refused}, is_named=False) == NOT_REACHABLE
    assert exit_code({"magento": refused}, is_named=True) == FAILED


def test_the_worst_finding_decides() -> None:
    findings = [Finding(name=f"{code}", code=code, text="") for code in (DONE, NOT_REACHABLE, FAILED)]

    assert worst(findings) == NOT_REACHABLE
    assert worst(findings[:1]) == DONE


def test_a_database_that_does_not_answer_is_worth_waiting_for() -> None:
    error = DatabaseUnavailable("no answer")
    error.__cause__ = ConnectionRefusedError()

    assert is_worth_waiting(error)
