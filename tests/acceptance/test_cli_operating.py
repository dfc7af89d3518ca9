"""The real command against a server that speaks the daemon's API: results, messages, exit codes."""

import asyncio
import csv
import io
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.command_line import CODE, access_to, environment, run_command, run_on_terminal, started
from tests.fakes.daemon_api import FakeDaemon, letter, running_fake

ESCAPE = "\x1b"


@pytest.fixture
async def daemon() -> AsyncIterator[FakeDaemon]:
    async with running_fake(FakeDaemon()) as running:
        yield running


async def test_the_version_and_the_help_need_no_configuration() -> None:
    version = await run_command("--version")
    guide = await run_command("dead-letters", "reprocess", "-h")

    assert (version.code, version.out) == (0, "am-connector 0.1.0\n")
    assert guide.code == 0
    assert "am-connector dead-letters reprocess --all --yes" in guide.out


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("queues", "pause"), ("dead-letters", "show", "x"), ("dead-letters", "reprocess")]
)
async def test_a_command_that_cannot_be_meant_ends_with_2_and_a_message(arguments: tuple[str, ...]) -> None:
    ended = await run_command(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err
    assert "Traceback" not in ended.err


async def test_a_daemon_that_is_not_there_ends_with_3_and_its_address() -> None:
    ended = await run_command("queues", "--url", "http://127.0.0.1:9")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err == "am-connector: the daemon at http://127.0.0.1:9 cannot be reached: nobody listens there\n"


async def test_a_missing_or_wrong_token_ends_with_2_and_the_variable_to_set(daemon: FakeDaemon) -> None:
    missing = await run_command("queues", "--url", daemon.url)
    wrong = await run_command("queues", "--url", daemon.url, environ={"CONNECTOR_ADMIN_TOKEN": "wrong" * 10})

    assert (missing.code, wrong.code) == (2, 2)
    assert (
        "set CONNECTOR_TOKEN or CONNECTOR_ADMIN_TOKEN, or the name of a file in CONNECTOR_ADMIN_TOKEN_FILE"
        in missing.err
    )
    assert "does not accept the token in CONNECTOR_TOKEN or CONNECTOR_ADMIN_TOKEN" in wrong.err
    assert "wrongwrong" not in wrong.err


async def test_a_token_may_come_from_a_file(daemon: FakeDaemon, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{daemon.token}\n", encoding="utf-8")

    ended = await run_command("queues", "--url", daemon.url, environ={"CONNECTOR_ADMIN_TOKEN_FILE": str(path)})

    assert ended.code == 0


async def test_every_fault_of_the_configuration_is_told_at_once() -> None:
    ended = await run_command("check", environ={"CONNECTOR_HTTP_PORT": "x", "CONNECTOR_NONSENSE": "1"})

    assert ended.code == 2
    for name in ("CONNECTOR_HTTP_PORT", "CONNECTOR_NONSENSE", "CONNECTOR_BROKER_URL", "CONNECTOR_DATABASE_URL"):
        assert name in ended.err


async def test_queues_are_a_table_on_a_terminal_and_lines_in_a_pipe(daemon: FakeDaemon) -> None:
    environ = access_to(daemon)

    shown = await run_on_terminal("queues", environ=environ, columns=120)
    piped = await run_command("queues", environ=environ)

    assert shown.code == piped.code == 0
    assert ESCAPE in shown.out
    assert "DELIVERED" in shown.out
    assert "\t" not in shown.out
    assert [line.split("\t")[0] for line in piped.out.splitlines()[1:]] == [each["queue"] for each in daemon.queues]
    assert ESCAPE not in piped.out


async def test_no_color_is_honoured_on_a_terminal_and_a_pipe_is_never_coloured(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(1)]
    environ = access_to(daemon)

    plain = await run_on_terminal("settings", "show", environ={**environ, "NO_COLOR": "1"})
    piped = await run_command("dead-letters", "list", environ={**environ, "FORCE_COLOR": "1"})

    assert f"{ESCAPE}[3" not in plain.out
    assert ESCAPE not in piped.out + piped.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("queues",),
        ("queues", "show", "to_magento.pricing"),
        ("queues", "pause", "to_magento.pricing"),
        ("queues", "run", "to_magento.pricing"),
        ("dead-letters", "list"),
        ("dead-letters", "show", "1"),
        ("dead-letters", "reprocess", "1"),
        ("dead-letters", "discard", "1"),
        ("settings", "show"),
        ("settings", "set", "retry_count=1"),
        ("settings", "history"),
        ("intake", "show"),
        ("intake", "stop", "--reason", "x"),
        ("connections", "test"),
        ("connections", "test", "magento"),
        ("events", "publish"),
    ],
)
async def test_json_is_one_document_on_stdout(daemon: FakeDaemon, arguments: tuple[str, ...]) -> None:
    daemon.letters = [letter(1, error=f"{ESCAPE}[2J")]

    ended = await run_command(*arguments, "--json", environ=access_to(daemon))

    assert ended.code == 0
    assert isinstance(json.loads(ended.out), dict)
    assert ESCAPE not in ended.out


async def test_json_and_url_may_stand_before_a_verb_of_queues(daemon: FakeDaemon) -> None:
    environ = {"CONNECTOR_ADMIN_TOKEN": daemon.token}

    ended = await run_command("queues", "--json", "--url", daemon.url, "show", "to_magento.pricing", environ=environ)

    assert json.loads(ended.out)["queue"] == "main.to_magento.pricing"


async def test_a_queue_is_paused_with_a_reason_and_an_unknown_one_ends_with_1(daemon: FakeDaemon) -> None:
    environ = access_to(daemon)

    paused = await run_command("queues", "pause", "to_magento.pricing", "--reason", "wrong prices", environ=environ)
    unknown = await run_command("queues", "pause", "nonsense/x", environ=environ)

    assert paused.out == "main.to_magento.pricing: paused; it keeps collecting\n"
    assert daemon.requests[0][2] == {"reason": "wrong prices"}
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err == "am-connector: there is no queue nonsense/x (request req-1)\n"


@pytest.mark.parametrize("columns", [80, 120])
async def test_the_list_on_a_terminal_keeps_to_its_width_and_shows_nothing_hostile(
    daemon: FakeDaemon, columns: int
) -> None:
    daemon.letters = [letter(number, error=f"{ESCAPE}]0;x\x07 bad " * 20) for number in range(1, 4)]

    ended = await run_on_terminal(
        "dead-letters", "list", environ={**access_to(daemon), "TERM": "dumb"}, columns=columns
    )

    assert ended.code == 0
    assert ESCAPE not in ended.out
    assert all(len(line) <= columns for line in ended.out.splitlines())
    assert [line.split()[0] for line in ended.out.splitlines()[1:4]] == ["1", "2", "3"]


async def test_a_list_follows_the_pages_up_to_its_limit_and_says_there_are_more(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(number) for number in range(1, 1203)]
    environ = access_to(daemon)

    some = await run_command("dead-letters", "list", "--limit", "1100", environ=environ)
    everything = await run_command("dead-letters", "list", "--limit", "2000", environ=environ)

    assert len(some.out.splitlines()) == 1101
    assert "there are more than 1,100" in some.err
    assert len(everything.out.splitlines()) == 1203
    assert everything.err == ""


async def test_the_story_of_a_dead_letter_is_told(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(7)]
    daemon.payloads = {7: {"price": f"{ESCAPE}[31m"}}
    environ = access_to(daemon)

    told = await run_command("dead-letters", "show", "7", environ=environ)
    missing = await run_command("dead-letters", "show", "8", environ=environ)

    assert told.code == 0
    assert "It is Failed: nothing is sent until a person reprocesses it." in told.out
    assert "POST /rest/all/V1/products/base-prices" in told.out
    assert "\\u001b[31m" in told.out
    assert ESCAPE not in told.out
    assert (missing.code, missing.err) == (1, "am-connector: there is no dead letter 8 (request req-1)\n")


async def test_ids_are_reprocessed_without_asking_and_what_is_left_is_told(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(1), letter(2, state="discarded")]

    ended = await run_command("dead-letters", "reprocess", "1", "2", "3", "1", environ=access_to(daemon))

    assert ended.code == 1
    assert ended.out == "1 dead letter waiting for the next check of their queues\n"
    assert ended.err == "2: left as it is, discarded\n3: there is no such dead letter\n"


async def test_all_are_reprocessed_after_a_yes_on_the_terminal(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(number, state="failed" if number % 2 else "discarded") for number in range(1, 1001)]
    environ = access_to(daemon)

    refused = await run_on_terminal("dead-letters", "reprocess", "--all", environ=environ, typed="n\n")
    states = {each["state"] for each in daemon.letters}
    agreed = await run_on_terminal("dead-letters", "reprocess", "--all", environ=environ, typed="y\n")

    assert refused.code == 1
    assert "Reprocess 500 dead letters?" in refused.out
    assert states == {"failed", "discarded"}
    assert agreed.code == 0
    assert "500 dead letters waiting for the next check" in agreed.out
    assert sum(each["state"] == "reprocessing" for each in daemon.letters) == 500


async def test_in_a_pipe_many_are_only_reprocessed_with_yes(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(1), letter(2)]
    environ = access_to(daemon)

    unasked = await run_command("dead-letters", "reprocess", "--key", "AC-1001", environ=environ)
    states = [each["state"] for each in daemon.letters]
    agreed = await run_command("dead-letters", "reprocess", "--all", "--yes", "--json", environ=environ)

    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert states == ["failed", "failed"]
    assert json.loads(agreed.out) == {"requeued": 2, "skipped": []}


async def test_discarding_tells_what_could_not_be_discarded(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(1), letter(2, state="reprocessing")]

    ended = await run_command("dead-letters", "discard", "1", "2", "--reason", "gone", environ=access_to(daemon))

    assert (ended.code, ended.out) == (1, "1 dead letter discarded\n")
    assert "2: dead letter 2 is reprocessing" in ended.err
    assert daemon.requests[0][2] == {"reason": "gone"}


async def test_an_export_has_every_dead_letter_as_csv_and_as_json_lines(daemon: FakeDaemon, tmp_path: Path) -> None:
    daemon.letters = [letter(number, error='a "quoted"\ntext') for number in range(1, 1203)]
    path = tmp_path / "failed.jsonl"
    environ = access_to(daemon)

    to_file = await run_command("dead-letters", "export", str(path), environ=environ)
    to_pipe = await run_command("dead-letters", "export", "--format", "csv", environ=environ)

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == list(range(1, 1203))
    assert to_file.out == f"1,202 dead letters exported to {path}\n"
    cells = list(csv.DictReader(io.StringIO(to_pipe.out)))
    assert [row["id"] for row in cells] == [str(number) for number in range(1, 1203)]
    assert cells[0]["error"] == 'a "quoted"\ntext'
    assert names_in(tmp_path) == [path.name]


async def test_an_export_that_fails_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "failed.csv"

    ended = await run_command("dead-letters", "export", str(path), "--url", "http://127.0.0.1:9")

    assert ended.code == 3
    assert names_in(tmp_path) == []


async def test_a_reader_that_stops_reading_is_no_reason_for_a_traceback(daemon: FakeDaemon) -> None:
    daemon.letters = [letter(number, error="x" * 200) for number in range(1, 2001)]
    command = f'"{sys.executable}" -c "{CODE}" dead-letters list --limit 2000 | head -n 1; echo "${{PIPESTATUS[0]}}"'

    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        command,
        env=environment(**access_to(daemon)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert out.decode().splitlines()[1] == "141"
    assert err == b""


async def test_ctrl_c_ends_with_130_and_quietly(daemon: FakeDaemon) -> None:
    async with (
        asyncio.timeout(60),
        started("events", "publish", environ=access_to(daemon), with_messages=True) as process,
    ):
        assert process.stdin is not None
        # A whole batch is taken in, so the command is known to be past its start and to wait for more.
        process.stdin.write((json.dumps(price(1)) + "\n").encode() * 500)
        await daemon.took_in.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert process.returncode == 130
    assert b"Traceback" not in out + err


async def test_settings_are_changed_if_nobody_else_did_meanwhile(daemon: FakeDaemon) -> None:
    environ = access_to(daemon)

    changed = await run_command("settings", "set", "retry_count=1", "max_in_flight.pricing=2", environ=environ)
    daemon.changes_settings_meanwhile = True
    conflict = await run_command("settings", "set", "retry_count=7", environ=environ)

    assert changed.out == "version 1: retry_count 3 → 1, max_in_flight - → pricing=2\n"
    assert "advice: retry_count is 1" in changed.err
    assert daemon.settings.max_in_flight == {"pricing": 2}
    assert (conflict.code, conflict.out) == (1, "")
    assert "have changed since" in conflict.err
    assert daemon.settings.retry_count == 1


async def test_settings_out_of_range_are_refused_with_field_range_and_value(daemon: FakeDaemon) -> None:
    ended = await run_command("settings", "set", "retry_count=0", "check_process_time=60", environ=access_to(daemon))

    assert (ended.code, ended.out) == (2, "")
    assert "retry_count must be an integer from 1 to" in ended.err
    assert "got 0" in ended.err
    assert "check_process_time must be an integer from 1 to 59, got 60" in ended.err
    assert daemon.settings_version == 0


async def test_a_target_that_does_not_answer_ends_with_3(daemon: FakeDaemon) -> None:
    daemon.reports = {"magento": {"ok": False, "reason": "unreachable", "detail": "nobody answers"}}

    ended = await run_command("connections", "test", environ=access_to(daemon))

    assert ended.code == 3
    assert ended.out == "magento: unreachable: nobody answers\nacumatica: ok, connected\n"


async def test_events_of_a_csv_are_brought_in_once_and_refusals_are_told_by_line(
    daemon: FakeDaemon, tmp_path: Path
) -> None:
    path, refused = tmp_path / "prices.csv", tmp_path / "refused.jsonl"
    rows = [f"AC-{number},{number}.50" for number in range(600)]
    rows[10] = "AC-10,-1"
    rows[599] = ",5"
    path.write_text("subject,price\n" + "\n".join(rows), encoding="utf-8")
    arguments = ("events", "publish", str(path), "--type", "to_magento.pricing", "--refused", str(refused))

    first = await run_command(*arguments, environ=access_to(daemon))
    again = await run_command(*arguments, "--json", environ=access_to(daemon))

    assert first.code == again.code == 1
    assert first.out == "600 events: 598 accepted, 0 duplicate, 2 refused\n"
    assert [line.partition(":")[0] for line in first.err.splitlines()] == ["line 12", "line 601"]
    assert daemon.batches[:2] == [500, 100]
    told = json.loads(again.out)
    assert (told["duplicate"], told["refused"]) == (598, 2)
    assert [(each["line"], each["member"]) for each in told["refusals"]] == [(12, "data.price"), (601, "subject")]
    written = [json.loads(line) for line in refused.read_text(encoding="utf-8").splitlines()]
    assert [each["line"] for each in written] == [12, 601]
    assert json.loads(written[0]["event"])["subject"] == "AC-10"


async def test_prices_reach_the_daemon_digit_by_digit(daemon: FakeDaemon) -> None:
    line = json.dumps(price(1)).replace('"1.50"', "12345678901.123450")

    ended = await run_command("events", "publish", "-", environ=access_to(daemon), stdin=line.encode())

    assert ended.code == 0
    assert str(daemon.events[0]["data"]["price"]) == "12345678901.123450"


async def test_an_event_that_spoils_its_batch_is_found_and_the_others_come_in(daemon: FakeDaemon) -> None:
    daemon.poison = "AC-3"
    lines = "".join(json.dumps(price(number)) + "\n" for number in range(1, 9))

    ended = await run_command("events", "publish", environ=access_to(daemon), stdin=lines.encode())

    assert ended.code == 1
    assert ended.out == "8 events: 7 accepted, 0 duplicate, 1 refused\n"
    assert ended.err.startswith("line 3: ")
    assert [each["subject"] for each in daemon.events] == [f"AC-{number}" for number in (1, 2, 4, 5, 6, 7, 8)]


async def test_an_outage_in_the_middle_tells_where_it_stopped(daemon: FakeDaemon) -> None:
    daemon.batches_before_outage = 1
    lines = "".join(json.dumps(price(number)) + "\n" for number in range(1, 801))

    ended = await run_command("events", "publish", environ=access_to(daemon), stdin=lines.encode())

    assert ended.code == 3
    assert ended.out == "500 events: 500 accepted, 0 duplicate, 0 refused\n"
    assert "stopped at line 501" in ended.err
    assert "RabbitMQ did not answer" in ended.err


async def test_a_stopped_intake_tells_its_reason(daemon: FakeDaemon) -> None:
    environ = access_to(daemon)

    await run_command("intake", "stop", "--reason", "restoring", environ=environ)
    ended = await run_command("events", "publish", environ=environ, stdin=json.dumps(price(1)).encode())

    assert ended.code == 1
    assert "new events are refused: restoring" in ended.err


async def test_progress_is_plain_lines_in_a_pipe(daemon: FakeDaemon) -> None:
    lines = "".join(json.dumps(price(number)) + "\n" for number in range(1, 10_001))

    ended = await run_command("events", "publish", environ=access_to(daemon), stdin=lines.encode())

    assert ended.err.splitlines() == [
        "publishing: 5,000 accepted, 0 duplicate, 0 refused",
        "publishing: 10,000 accepted, 0 duplicate, 0 refused",
    ]
    assert ended.out == "10,000 events: 10,000 accepted, 0 duplicate, 0 refused\n"


async def test_something_else_that_answers_is_not_taken_for_the_daemon() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended = await run_command("queues", "--url", f"http://127.0.0.1:{port}")

    assert ended.code == 3
    assert "is not the connector's API: 200 text/html" in ended.err


async def test_a_connection_that_breaks_is_not_tried_a_second_time() -> None:
    requests = 0

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(drop, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended = await run_command("queues", "--url", f"http://127.0.0.1:{port}")

    assert ended.code == 3
    assert "the outcome is unknown" in ended.err
    assert requests == 1


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def price(number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "tests",
        "type": "to_magento.pricing",
        "subject": f"AC-{number}",
        "time": "2026-11-21T10:00:00Z",
        "data": {"price": f"{number}.50"},
    }
