"""
The running API against its own contract: every call with right and wrong data, in sequences, and without a token.

A bounded number of examples here. By hand CONNECTOR_TEST_API_EXAMPLES=200 tries that many of each call, and all wrong
values at the boundaries of every schema as well.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from queues.settings import QueueProcessingSettings
from tests.acceptance.daemon_process import clean_environment
from tests.acceptance.site import PRICING, TOKEN, Connector, Site, changes

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES: Final = Path(__file__).with_name("api_fuzzing")
EXAMPLES: Final = int(os.environ.get("CONNECTOR_TEST_API_EXAMPLES", "3"))
_BOUNDED: Final = 3
SECONDS: Final = 1800


async def test_the_api_keeps_its_contract(own_site: Site, tmp_path: Path) -> None:
    site = own_site
    await site.put_settings(QueueProcessingSettings(retry_count=1, check_process_time=1, process_sleep_time=1))
    async with site.connector() as connector:
        # Something to be found, shown and sent again.
        skus = site.skus(3)
        await site.store.reject(*skus)
        await site.publish(changes(PRICING, skus))
        await connector.run_to_its_end(PRICING)

        report = await schemathesis(connector, tmp_path / "report.json", "--checks=all", f"--max-examples={EXAMPLES}")

        assert report["operations"]["tested"] == report["operations"]["total"] >= 29
        assert report["test_cases"]["generated"] > 1_000
        assert {name for name, phase in report["phases"].items() if phase["status"] == "success"} >= {
            "coverage",
            "fuzzing",
            "stateful",
        }
        assert connector.daemon.lines("http.failed") == []
        await connector.api.wait_until_ready()


async def schemathesis(connector: Connector, report: Path, *arguments: str) -> dict[str, Any]:
    """Run schemathesis against the daemon; give its report."""
    rules = await asyncio.to_thread((RULES / "schemathesis.toml").read_text)
    if EXAMPLES > _BOUNDED:
        rules = rules.replace('mode = "positive"', 'mode = "all"').replace('unexpected-methods = ["TRACE"]', "")
    config = report.with_name("schemathesis.toml")
    await asyncio.to_thread(config.write_text, rules.replace('"hooks.py"', f'"{RULES / "hooks.py"}"'))
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")),
        f"--config-file={config}",
        "run",
        f"{connector.api.address}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {TOKEN}",
        f"--report-json-path={report}",
        *arguments,
        cwd=RULES,
        env=clean_environment({}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = said.decode()
    assert process.returncode == 0, text[max(0, text.find("= FAILURES")) :]
    document: dict[str, Any] = json.loads(await asyncio.to_thread(report.read_text))
    return document
