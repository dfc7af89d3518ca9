"""The story that `make run` and `docker compose up` tell, on a running daemon and both simulations."""

import asyncio

import pytest

from deploy.demonstration.erp_story import ErpStage, tell_erp
from deploy.demonstration.json_http import JsonHttp
from deploy.demonstration.story import Stage, tell
from queues.settings import QueueProcessingSettings
from tests.acceptance.erp_site import erp_access
from tests.acceptance.site import TOKEN, new_site
from tests.acumatica_site import site as acumatica

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_story_goes_as_it_is_told_from_the_fifty_changes_to_the_price_out_of_the_erp(
    broker_url: str, database_url: str, template_database: str
) -> None:
    said: list[str] = []
    async with (
        new_site(
            broker_url=broker_url,
            database_url=database_url,
            template_database=template_database,
            settings=QueueProcessingSettings(check_process_time=5, process_sleep_time=1),
        ) as site,
        acumatica(sign_in=False) as erp,
        site.connector(**erp_access(erp)) as connector,
    ):
        stage = Stage(
            connector=JsonHttp(connector.api.address, token=TOKEN),
            sandbox=JsonHttp(site.store.url),
            sandbox_shown=site.store.url,
            command="am-connector",
            say=said.append,
            check=lambda: None,
        )
        webhook = f"{connector.api.address}/webhooks/acumatica"
        await asyncio.to_thread(tell, stage)
        await asyncio.to_thread(
            tell_erp, stage, ErpStage(erp=JsonHttp(erp.running.url), webhook_url=webhook, token=TOKEN)
        )

    story = "\n".join(said)
    assert "so they go in 2 requests (25 + 25)" in story
    assert "after exactly 3 attempts" in story
    assert "is reprocessed" in story
    assert said[-1].startswith("… the connector reads the item")
