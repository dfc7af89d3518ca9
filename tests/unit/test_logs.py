"""The log: one line an event whatever is in it, and nothing in it that must not be shown."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from daemon.config import Config, LogConfig
from daemon.log_sink import LogSink
from daemon.logs import set_up_logging
from daemon.variables import LogFormat
from queues.masking import MASK

FORGED = 'AC-1\r\n{"event": "daemon.stopped", "level": "info"}\n\x1b[2J\x1b[31m\u2028\u202e\x00'
SECRET = "se/cr+et 0123456789"


@pytest.fixture(autouse=True)
def _logging_of_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def log_to(stream: io.StringIO, form: LogFormat = "json") -> tuple[Any, LogSink]:
    sink = set_up_logging(LogConfig(level="info", format=form), secrets=(SECRET,), stream=stream)
    return structlog.stdlib.get_logger("tests.logs"), sink


def raise_hostile() -> None:
    raise ValueError(f"{FORGED} password={SECRET}")


def test_an_id_with_line_breaks_and_escapes_stays_in_its_line() -> None:
    stream = io.StringIO()
    log, sink = log_to(stream)

    log.info("delivery.acked", message_id=FORGED)
    logging.getLogger("library").warning("lost %s", FORGED)

    sink.flush()
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    assert lines[2] == ""
    assert [json.loads(line)["event"] for line in lines[:2]] == ["delivery.acked", f"lost {FORGED}"]
    assert json.loads(lines[0])["message_id"] == FORGED
    assert all(character.isprintable() for line in lines for character in line)


def test_a_terminal_gets_one_line_as_well_and_no_escapes() -> None:
    stream = io.StringIO()
    log, sink = log_to(stream, "console")

    log.info("delivery.acked", message_id=FORGED, **{"na\nme": "x"})
    try:
        raise_hostile()
    except ValueError:
        log.exception("check.failed", queue=FORGED)

    sink.flush()
    first, second, *traceback = stream.getvalue().rstrip("\n").split("\n")
    assert "delivery.acked" in first
    assert "check.failed" in second
    assert all(line.startswith("    ") for line in traceback)
    assert all(character.isprintable() or character == "\n" for character in stream.getvalue())


def test_secrets_and_personal_data_are_hidden_wherever_they_stand() -> None:
    stream = io.StringIO()
    log, sink = log_to(stream)

    log.warning(
        "target.refused",
        reason=f"refused Authorization: Bearer abc.{SECRET}",
        password="hunter2-hunter2",
        url="amqp://connector:hunter2@broker/",
        told={"email": "jo@example.com", "nested": [{"api_key": "hunter2"}]},
        by="jo@example.com",
        address="http://127.0.0.1:8080",
    )
    try:
        raise_hostile()
    except ValueError:
        log.exception("check.failed")

    sink.flush()
    text = stream.getvalue()
    line = json.loads(text.split("\n")[0])
    assert (line["address"], line["by"], line["password"]) == ("http://127.0.0.1:8080", MASK, MASK)
    assert line["url"] == f"amqp://{MASK}@broker/"
    assert line["told"] == {"email": MASK, "nested": [{"api_key": MASK}]}
    for hidden in ("hunter2", "jo@example.com", SECRET, "se%2Fcr%2Bet", "0123456789"):
        assert hidden not in text


def test_a_configuration_names_all_its_secrets() -> None:
    config = Config.from_env(
        {
            "CONNECTOR_BROKER_URL": "amqp://connector:p%40ss-broker@broker/",
            "CONNECTOR_DATABASE_URL": "postgresql://connector:pass-database@database/connector",
            "CONNECTOR_ADMIN_TOKEN": "token-of-administrators",
            "CONNECTOR_MAGENTO_CONSUMER_KEY": "key-1234",
            "CONNECTOR_MAGENTO_CONSUMER_SECRET": "secret-1234",
            "CONNECTOR_MAGENTO_ACCESS_TOKEN": "//[access-1234",
            "CONNECTOR_MAGENTO_ACCESS_TOKEN_SECRET": "token-secret-1234",
            "CONNECTOR_ACUMATICA_PASSWORD": "pass-acumatica",
        }
    )

    assert set(config.secrets()) >= {
        "p@ss-broker",
        "p%40ss-broker",
        "pass-database",
        "token-of-administrators",
        "key-1234",
        "secret-1234",
        "//[access-1234",
        "token-secret-1234",
        "pass-acumatica",
    }
