"""What each role may do: every route by every role, written out."""

import re

import pytest

from daemon.http.app import ALL_ROUTES
from daemon.http.tokens import Principal
from daemon.secret import Secret
from queues.postgres.tokens import TokenRole
from tests.fakes.http_client import serving
from tests.fakes.http_stores import TOKEN, World

ROLES: tuple[TokenRole, ...] = ("viewer", "publisher", "operator", "admin")
READ, PUBLISH, OPERATE = "viewer operator admin", "publisher operator admin", "operator admin"
PUBLIC = "public"

MATRIX = {
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "POST /api/v1/events": PUBLISH,
    "GET /api/v1/intake": READ,
    "POST /api/v1/intake/stop": OPERATE,
    "POST /api/v1/intake/resume": OPERATE,
    "GET /api/v1/queues": READ,
    "GET /api/v1/queues/{queue}": READ,
    "POST /api/v1/queues/{queue}/pause": OPERATE,
    "POST /api/v1/queues/{queue}/resume": OPERATE,
    "POST /api/v1/queues/{queue}/run": OPERATE,
    "GET /api/v1/runs": READ,
    "GET /api/v1/dead-letters": READ,
    "GET /api/v1/dead-letters/export": READ,
    "GET /api/v1/dead-letters/{id}": READ,
    "POST /api/v1/dead-letters/reprocess": OPERATE,
    "POST /api/v1/dead-letters/discard": OPERATE,
    "POST /api/v1/dead-letters/{id}/reprocess": OPERATE,
    "POST /api/v1/dead-letters/{id}/discard": OPERATE,
    "GET /api/v1/settings": READ,
    "PUT /api/v1/settings": "admin",
    "PATCH /api/v1/settings": "admin",
    "GET /api/v1/settings/history": READ,
    "POST /api/v1/settings/restore": "admin",
    "GET /api/v1/settings/queue-processing": READ,
    "PUT /api/v1/settings/queue-processing": "admin",
    "PATCH /api/v1/settings/queue-processing": "admin",
    "GET /api/v1/settings/queue-processing/history": READ,
    "POST /api/v1/connections/{name}/test": OPERATE,
    "GET /api/v1/sync-log": READ,
    "POST /api/v1/sync-log/clean": "admin",
    "POST /api/v1/sync-log/flush": "admin",
    "GET /api/v1/notices": READ,
    "GET /api/v1/schema/{entity}": READ,
    "PATCH /api/v1/schema/{entity}": "admin",
    "POST /api/v1/schema/{entity}/refresh": "admin",
    "POST /api/v1/schema/{entity}/preset": "admin",
    "GET /api/v1/reference-data": READ,
    "POST /api/v1/reference-data/refresh": OPERATE,
    "GET /api/v1/reference-data/{kind}": READ,
    "POST /api/v1/reference-data/{kind}/refresh": OPERATE,
    "GET /api/v1/audit": READ,
    "GET /api/v1/tokens": "admin",
    "POST /api/v1/tokens": "admin",
    "POST /api/v1/tokens/{id}/revoke": "admin",
    "GET /api/v1/syncs": READ,
    "POST /api/v1/syncs/{sync}/run": OPERATE,
    "POST /api/v1/syncs/{sync}/records": OPERATE,
    "POST /api/v1/syncs/{sync}/import": OPERATE,
    "GET /api/v1/sync-runs": READ,
    "GET /api/v1/sync-runs/{id}": READ,
    "GET /api/v1/sync-runs/{id}/log": READ,
    "GET /api/v1/skipped-records": READ,
    "POST /api/v1/time/verify": OPERATE,
    "POST /api/v1/sync-runs/{id}/stop": OPERATE,
    "POST /webhooks/acumatica": PUBLISH,
    "GET /api/v1/openapi.json": READ,
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "GET /style.css": PUBLIC,
    "POST /logout": READ,
    "GET /": READ,
    "POST /queues/{queue}/{act}": OPERATE,
    "POST /intake/{act}": OPERATE,
    "POST /connections/{name}": OPERATE,
    "GET /dead-letters": READ,
    "POST /dead-letters/confirm": OPERATE,
    "POST /dead-letters/act": OPERATE,
    "GET /dead-letters/{id}": READ,
    "POST /dead-letters/{id}": OPERATE,
    "GET /settings": READ,
    "POST /settings": "admin",
    "GET /syncs": READ,
    "GET /syncs/runs/{id}": READ,
    "POST /syncs/runs/{id}/stop": OPERATE,
    "POST /syncs/{sync}/run": OPERATE,
    "POST /syncs/{sync}/record": OPERATE,
}


def path_of(pattern: str) -> str:
    values = {
        "queue": "main.to_magento.pricing",
        "id": "1",
        "name": "magento",
        "act": "stop",
        "sync": "product",
        "kind": "warehouses",
        "entity": "category",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], pattern)


def test_the_matrix_holds_every_route() -> None:
    assert set(MATRIX) == {f"{route.method} {route.path}" for route in ALL_ROUTES}


@pytest.mark.parametrize("role", ROLES)
async def test_a_token_opens_what_its_role_may_and_nothing_else(role: TokenRole) -> None:
    world = World([Principal.of("one", Secret(TOKEN), role)])
    world.dead_letters.add(1)

    async with serving(world) as client:
        for call, allowed in MATRIX.items():
            method, pattern = call.split()
            response = await client.request(method, path_of(pattern), json={"reason": "x"}, allow_redirects=False)
            text = await response.text()
            is_refused = response.status == 403 and "his needs the role" in text
            assert is_refused == (allowed != PUBLIC and role not in allowed.split()), (call, response.status)
