"""Tell the story once, on the servers that the environment names (see docker-compose.yml)."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.demonstration.erp_story import ErpStage, tell_erp
from deploy.demonstration.json_http import JsonHttp, UnexpectedAnswerError, is_ready, wait_for
from deploy.demonstration.story import Stage, tell

_READY_SECONDS = 120.0


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Tell the story; returns 0 when it went as it should."""
    if environ["MAGENTO_URL"] != environ["SANDBOX_URL"]:
        _say("The connector is connected to a store of your own: no sample is sent there.")
        return 0
    token = Path(environ["ADMIN_TOKEN_FILE"]).read_text(encoding="utf-8").strip()
    stage = Stage(
        connector=JsonHttp(environ["DAEMON_URL"], token=token),
        sandbox=JsonHttp(environ["SANDBOX_URL"]),
        sandbox_shown=environ["SANDBOX_URL_OUTSIDE"],
        command="docker compose exec daemon am-connector",
        say=_say,
        check=lambda: None,
    )
    try:
        wait_for("a ready connector", lambda: is_ready(environ["DAEMON_URL"]), seconds=_READY_SECONDS)
        tell(stage)
        if environ["ACUMATICA_URL"] == environ["ERP_URL"]:
            webhook = f"{environ['DAEMON_URL']}/webhooks/acumatica"
            tell_erp(stage, ErpStage(erp=JsonHttp(environ["ERP_URL"]), webhook_url=webhook, token=token))
    except UnexpectedAnswerError as error:
        _say(f"the demonstration ended early: {error}")
        return 1
    _say("Where to look:")
    _say(
        f"  connector  {environ['DAEMON_URL_OUTSIDE']}/   "
        f"token: docker compose exec daemon cat {environ['ADMIN_TOKEN_FILE']}"
    )
    _say(f"  store      {environ['SANDBOX_URL_OUTSIDE']}/_sandbox/   simulated")
    _say(f"  ERP        {environ['ERP_URL_OUTSIDE']}/_sandbox/   simulated")
    _say("  queues     docker compose exec daemon am-connector queues")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
