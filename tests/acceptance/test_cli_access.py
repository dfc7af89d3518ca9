"""The real command against the real API on fake stores: tokens and the audit log."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from daemon.http.app import create_app
from daemon.http.server import make_runner
from tests.command_line import run_command, run_on_terminal
from tests.fakes.http_stores import TOKEN, World


class Running(World):
    """A world whose API listens at `url`."""

    url = ""

    def environ(self, token: str = TOKEN) -> dict[str, str]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return {"CONNECTOR_HTTP_HOST": host, "CONNECTOR_HTTP_PORT": port, "CONNECTOR_TOKEN": token}


@pytest.fixture
async def world() -> AsyncIterator[Running]:
    running = Running()
    await running.tokens.refresh()
    runner = make_runner(create_app(running.dependencies()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    running.url = f"http://{host}:{port}"
    yield running
    await runner.cleanup()


async def test_a_token_is_made_used_listed_and_revoked(world: Running) -> None:
    admin = world.environ()
    made = await run_command(
        "tokens", "create", "--name", "shop floor", "--role", "viewer", "--expires", "never", environ=admin
    )
    token = made.out.strip()
    looked = await run_command("queues", environ=world.environ(token))
    refused = await run_command("queues", "pause", "to_magento.pricing", environ=world.environ(token))
    listed = await run_command("tokens", "list", environ=admin)
    revoked = await run_command("tokens", "revoke", "shop floor", "--reason", "lost", environ=admin)
    closed = await run_command("queues", environ=world.environ(token))
    again = await run_command("tokens", "revoke", "shop floor", environ=admin)

    assert (made.code, made.out) == (0, f"{token}\n")
    assert token.startswith("amc_")
    assert "token 1 of shop floor, viewer, without an end; it is shown only now" in made.err
    assert token not in made.err
    assert (looked.code, refused.code, closed.code) == (0, 1, 2)
    assert "this needs the role operator or admin; the token's role is viewer" in refused.err
    assert listed.out.splitlines()[1].split("\t")[:4] == ["1", "shop floor", "viewer", "live"]
    assert (revoked.code, revoked.out) == (0, "token 1 of shop floor is revoked\n")
    assert (again.code, again.out) == (2, "")
    assert [(action, act.reason) for action, _, act in world.audit.rows] == [
        ("token.created", ""),
        ("token.revoked", "lost"),
    ]


async def test_tokens_in_json_are_one_document(world: Running) -> None:
    admin = world.environ()
    made = await run_command(
        "tokens", "create", "--name", "erp", "--role", "publisher", "--expires", "90d", "--json", environ=admin
    )
    document = json.loads(made.out)
    # The clock of the API stands still on the day the fakes begin, that of the command does not.
    ahead = datetime.fromisoformat(document["expires_at"]) - datetime.now(UTC)
    listed = json.loads((await run_command("tokens", "list", "--all", "--json", environ=admin)).out)
    revoked = json.loads((await run_command("tokens", "revoke", "1", "--json", environ=admin)).out)

    assert document["token"].startswith("amc_")
    assert timedelta(days=89) < ahead <= timedelta(days=90)
    assert [each["name"] for each in listed["items"]] == ["erp"]
    assert "token" not in listed["items"][0]
    assert [each["state"] for each in revoked["revoked"]] == ["revoked"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--name", "x"),
        ("create", "--name", "x", "--role", "owner"),
        ("create", "--name", "admin", "--role", "viewer"),
        ("create", "--name", "x", "--role", "viewer", "--expires", "soon"),
        ("revoke", "nobody"),
    ],
)
async def test_a_token_that_cannot_be_meant_ends_with_2(world: Running, arguments: tuple[str, ...]) -> None:
    ended = await run_command("tokens", *arguments, environ=world.environ())

    assert (ended.code, ended.out) == (2, "")
    assert ended.err
    assert world.audit.rows == []


async def test_the_audit_log_is_read_with_filters(world: Running) -> None:
    environ = world.environ()
    await run_command("queues", "pause", "to_magento.pricing", "--reason", "wrong prices", environ=environ)
    filters = ("--action", "queue", "--actor", "x", "--token", "y", "--target", "z", "--result", "done")
    shown = await run_on_terminal("audit", "list", environ=environ, columns=160)
    piped = await run_command("audit", "list", *filters, "--since", "2h", "--until", "2026-11-22", environ=environ)
    document = json.loads((await run_command("audit", "list", "--json", environ=environ)).out)

    assert "queue.paused" in shown.out
    assert "wrong prices" in shown.out
    assert piped.out.splitlines()[0].split("\t")[:4] == ["id", "at", "actor", "token"]
    asked = world.audit_store.asked[1]
    assert asked is not None
    assert (asked.action, asked.actor, asked.token, asked.target, asked.result) == ("queue", "x", "y", "z", "done")
    assert asked.since is not None
    assert asked.until == datetime(2026, 11, 22, tzinfo=UTC)
    assert [row["action"] for row in document["items"]] == ["queue.paused"]
    assert document["more"] is False
