"""The environment becomes frozen values, or one error with every fault."""

import pickle
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.config import Config, ConfigurationError, MagentoBearer, MagentoOAuth, Secret, describe
from daemon.variables import VARIABLES

LEAST = {
    "CONNECTOR_BROKER_URL": "amqp://user:sesame@127.0.0.1:5673/",
    "CONNECTOR_DATABASE_URL": "postgresql://user:sesame@127.0.0.1:5433/connector",
}
OAUTH = {
    "CONNECTOR_MAGENTO_CONSUMER_KEY": "ck",
    "CONNECTOR_MAGENTO_CONSUMER_SECRET": "cs",
    "CONNECTOR_MAGENTO_ACCESS_TOKEN": "at",
    "CONNECTOR_MAGENTO_ACCESS_TOKEN_SECRET": "ats",
}


def faults(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        Config.from_env(environ)
    return {fault.name: fault.text for fault in caught.value.faults}


def test_a_run_s_lease_is_never_longer_than_that_of_its_claims() -> None:
    config = Config.from_env(LEAST | {"CONNECTOR_MAGENTO_TIMEOUT": "5"})

    assert config.run_lease == config.claim_lease == timedelta(seconds=15)


def test_broker_and_database_are_enough() -> None:
    config = Config.from_env(LEAST)

    assert config.instance == "main"
    assert (config.http.host, config.http.port, config.http.admin_token) == ("127.0.0.1", 8080, None)
    assert config.magento.url is None
    assert config.magento.credentials is None
    assert config.magento.connect_timeout == timedelta(seconds=5)
    assert config.magento.timeout == timedelta(seconds=60)
    assert config.claim_lease == timedelta(seconds=180)
    assert config.run_lease == timedelta(seconds=30)
    assert config.schedule_interval == timedelta(seconds=60)
    assert config.shutdown_grace == timedelta(seconds=75)
    assert config.retention == timedelta(days=30)
    assert (config.logging.level, config.logging.format) == ("info", "auto")


def test_every_fault_is_told_at_once() -> None:
    told = faults(
        {
            "CONNECTOR_BROKER_URL": "http://127.0.0.1/",
            "CONNECTOR_HTTP_PORT": "70000",
            "CONNECTOR_LOG_LEVEL": "loud",
            "CONNECTOR_SHUTDOWN_GRACE": "10",
            "CONNECTOR_MAGENTO_ULR": "https://shop.example",
        }
    )

    assert set(told) == {
        "CONNECTOR_BROKER_URL",
        "CONNECTOR_DATABASE_URL",
        "CONNECTOR_HTTP_PORT",
        "CONNECTOR_LOG_LEVEL",
        "CONNECTOR_SHUTDOWN_GRACE",
        "CONNECTOR_MAGENTO_ULR",
    }
    assert told["CONNECTOR_HTTP_PORT"] == "must be an integer from 0 to 65535, got '70000'"
    assert told["CONNECTOR_MAGENTO_ULR"] == "there is no such setting; did you mean CONNECTOR_MAGENTO_URL?"


def test_names_of_tests_and_of_others_are_left_alone() -> None:
    config = Config.from_env({**LEAST, "CONNECTOR_TEST_FAILPOINT": "after_http", "PATH": "/bin", "MAGENTO_URL": "x"})

    assert config.magento.url is None


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg"])
def test_the_database_url_takes_the_form_of_the_driver(scheme: str) -> None:
    config = Config.from_env({**LEAST, "CONNECTOR_DATABASE_URL": f"{scheme}://u:p@db:5432/c"})

    assert config.database_url.reveal() == "postgresql+asyncpg://u:p@db:5432/c"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-from-a-file\n", encoding="utf-8")

    config = Config.from_env({**LEAST, "CONNECTOR_MAGENTO_TOKEN_FILE": str(file)})

    assert config.magento.credentials == MagentoBearer(token=Secret("a-token-from-a-file"))


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one", encoding="utf-8")

    told = faults({**LEAST, "CONNECTOR_MAGENTO_TOKEN": "two", "CONNECTOR_MAGENTO_TOKEN_FILE": str(file)})

    assert told == {"CONNECTOR_MAGENTO_TOKEN": "is given twice, here and as CONNECTOR_MAGENTO_TOKEN_FILE: keep one"}


def test_a_secret_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    told = faults({**LEAST, "CONNECTOR_ADMIN_TOKEN_FILE": str(tmp_path / "none")})

    assert told["CONNECTOR_ADMIN_TOKEN_FILE"].endswith("No such file or directory")


def test_only_secrets_come_from_files() -> None:
    assert "CONNECTOR_INSTANCE_FILE" in faults({**LEAST, "CONNECTOR_INSTANCE_FILE": "/etc/instance"})


def test_oauth_needs_all_four_values() -> None:
    whole = Config.from_env({**LEAST, **OAUTH})
    told = faults({**LEAST, **{name: value for name, value in OAUTH.items() if "ACCESS" not in name}})

    assert isinstance(whole.magento.credentials, MagentoOAuth)
    assert set(told) == {"CONNECTOR_MAGENTO_ACCESS_TOKEN", "CONNECTOR_MAGENTO_ACCESS_TOKEN_SECRET"}


def test_two_ways_to_sign_in_are_one_too_many() -> None:
    assert "CONNECTOR_MAGENTO_TOKEN" in faults({**LEAST, **OAUTH, "CONNECTOR_MAGENTO_TOKEN": "t"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "connector.example"])  # noqa: S104 - is refused
def test_an_address_others_can_reach_needs_a_token(host: str) -> None:
    assert set(faults({**LEAST, "CONNECTOR_HTTP_HOST": host})) == {"CONNECTOR_ADMIN_TOKEN"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert Config.from_env({**LEAST, "CONNECTOR_HTTP_HOST": host}).http.admin_token is None


@pytest.mark.parametrize("token", ["short", "with a blank in it", "ünïcödé-tökéns-töo-lo"])
def test_a_weak_token_is_refused_without_repeating_it(token: str) -> None:
    told = faults({**LEAST, "CONNECTOR_ADMIN_TOKEN": token})

    assert set(told) == {"CONNECTOR_ADMIN_TOKEN"}
    assert token not in told["CONNECTOR_ADMIN_TOKEN"]


def test_an_empty_token_is_no_token() -> None:
    assert Config.from_env({**LEAST, "CONNECTOR_ADMIN_TOKEN": ""}).http.admin_token is None
    assert "CONNECTOR_ADMIN_TOKEN" in faults(
        {**LEAST, "CONNECTOR_ADMIN_TOKEN": " ", "CONNECTOR_HTTP_HOST": "192.168.1.2"}
    )


def test_the_grace_outlasts_the_longest_request() -> None:
    told = faults({**LEAST, "CONNECTOR_MAGENTO_TIMEOUT": "100"})

    assert told == {"CONNECTOR_SHUTDOWN_GRACE": "must be longer than CONNECTOR_MAGENTO_TIMEOUT (100 s), got 75 s"}


@pytest.mark.parametrize(
    "url", ["ftp://shop", "https://", "https://u:p@shop", "https://shop?x=1", "https://shop#x", "https://shop:port"]
)
def test_a_store_url_is_plain(url: str) -> None:
    assert set(faults({**LEAST, "CONNECTOR_MAGENTO_URL": url})) == {"CONNECTOR_MAGENTO_URL"}


def test_certificates_cannot_be_left_unverified() -> None:
    told = faults({**LEAST, "CONNECTOR_BROKER_URL": "amqps://u:sesame@host/?no_verify_ssl=1"})

    assert "certificates are always verified" in told["CONNECTOR_BROKER_URL"]
    assert "sesame" not in told["CONNECTOR_BROKER_URL"]


def test_secrets_are_never_shown() -> None:
    config = Config.from_env({**LEAST, **OAUTH, "CONNECTOR_ADMIN_TOKEN": "open-sesame-open-sesame"})

    for shown in (repr(config), str(config), f"{config.broker_url}", f"{config.http.admin_token!r:>40}"):
        assert "sesame" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(config.broker_url)


def test_the_settings_table_names_every_variable_with_default_and_meaning() -> None:
    rows = describe()

    assert len(rows) == len({row.name for row in rows}) == len(VARIABLES)
    assert all(row.meaning and row.default for row in rows)
    port = next(row for row in rows if row.name == "CONNECTOR_HTTP_PORT")
    assert port.default == "8080"
    assert "CONNECTOR_ADMIN_TOKEN[_FILE]" in {row.name for row in rows}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONNECTOR_BROKER_URL", "amqps://u:sesame@host/?no_verify_ssl=1"),
        ("CONNECTOR_BROKER_URL", "amqps://u:sesame@host/?verify_ssl=0"),
        ("CONNECTOR_DATABASE_URL", "postgresql://u:sesame@host/connector?sslmode=require"),
        ("CONNECTOR_DATABASE_URL", "postgresql://u:sesame@host/connector?sslmode=verify-ca"),
        ("CONNECTOR_DATABASE_URL", "postgresql://u:sesame@host/connector?ssl=prefer"),
    ],
)
def test_the_verification_of_certificates_cannot_be_switched_off(variable: str, value: str) -> None:
    told = faults({**LEAST, variable: value})

    assert "verif" in told[variable]
    assert "sesame" not in told[variable]


@pytest.mark.parametrize("query", ["", "?sslmode=disable", "?sslmode=verify-full&sslrootcert=/etc/ssl/erp.pem"])
def test_tls_to_the_database_is_whole_or_none(query: str) -> None:
    url = f"postgresql://u:sesame@host/connector{query}"

    assert Config.from_env({**LEAST, "CONNECTOR_DATABASE_URL": url}).database_url.reveal().endswith(f"connector{query}")


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o400, False), (0o440, False), (0o644, True)])
def test_a_secret_that_others_may_read_is_told(tmp_path: Path, mode: int, *, is_open: bool) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-some-length")
    file.chmod(mode)

    config = Config.from_env({**LEAST, "CONNECTOR_ADMIN_TOKEN_FILE": str(file)})

    assert [str(file) in told for told in config.warnings] == [True] * is_open


def test_a_mail_server_is_a_url_whose_password_is_never_shown() -> None:
    told = {
        "CONNECTOR_SMTP_URL": "smtp://ops:open%20sesame@mail.example:587",
        "CONNECTOR_MAIL_FROM": "shop@example.test",
    }
    config = Config.from_env(LEAST | told)

    assert config.mail_from == "shop@example.test"
    assert Config.from_env(LEAST | {"CONNECTOR_SMTP_URL": "smtps://mail.example?cafile=/ca.pem"}).smtp_url
    unverified = {"CONNECTOR_SMTP_URL": "smtps://mail.example?verify=no"}
    assert faults(LEAST | unverified).keys() == {"CONNECTOR_SMTP_URL"}
    assert {"open%20sesame", "open sesame"} <= set(config.secrets())
    assert faults(LEAST | {"CONNECTOR_SMTP_URL": "https://mail.example", "CONNECTOR_MAIL_FROM": "nobody"}).keys() == {
        "CONNECTOR_SMTP_URL",
        "CONNECTOR_MAIL_FROM",
    }
