"""The sandbox in this process: started, introduced to its user, stopped by Ctrl-C or SIGTERM."""

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from daemon.cli.errors import CommandError, UsageError
from daemon.cli.output import Output
from daemon.sandbox.acumatica.serve import (
    RunningAcumatica,
    acumatica_announcement,
    acumatica_facts,
    running_acumatica,
)
from daemon.sandbox.acumatica.settings import AcumaticaSandboxSettings
from daemon.sandbox.catalogue_files import CatalogueError
from daemon.sandbox.serve import RunningSandbox, announcement, serve_sandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, SandboxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """
    What the command line asked for.

    Attributes:
        limit: on the records of a bulk request; None: none.
        acumatica_port: where a simulated Acumatica listens; None: there is none.
        acumatica_items: stock items it holds.
    """

    host: str
    port: int
    control_port: int | None
    catalogue: bytes | None
    products: int
    token: str | None
    real_times: bool
    validate: bool
    limit: int | None
    acumatica_port: int | None = None
    acumatica_items: int = 0


async def run_sandbox(plan: SandboxPlan, output: Output) -> None:
    """
    Serve until told to stop.

    Raises:
        UsageError: the catalogue cannot be read.
        CommandError: the port cannot be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    credentials = DEFAULT_CREDENTIALS if plan.token is None else replace(DEFAULT_CREDENTIALS, access_token=plan.token)
    settings = SandboxSettings(
        credentials=credentials,
        default_products=plan.products,
        validate=plan.validate,
        real_times=plan.real_times,
    )

    try:
        async with AsyncExitStack() as stack:
            erp = await _start_acumatica(stack, plan)

            def started(running: RunningSandbox) -> None:
                if plan.limit is not None:
                    configuration = running.sandbox.shop.configuration
                    configuration.input_limits, configuration.complex_array_limit = True, plan.limit
                _introduce(running, erp, output)

            await serve_sandbox(
                settings,
                host=plan.host,
                port=plan.port,
                stop=stop,
                catalogue=plan.catalogue,
                control_port=plan.control_port,
                started=started,
            )
    except CatalogueError as error:
        raise UsageError(f"the catalogue cannot be read: {error}") from error
    except OSError as error:
        ports = " or ".join(str(port) for port in (plan.port, plan.acumatica_port) if port is not None)
        raise CommandError(f"cannot listen on {plan.host}:{ports}: {error.strerror}") from error
    output.note("the sandbox has stopped")


async def _start_acumatica(stack: AsyncExitStack, plan: SandboxPlan) -> RunningAcumatica | None:
    if plan.acumatica_port is None:
        return None
    settings = AcumaticaSandboxSettings(default_items=plan.acumatica_items, validate=plan.validate)
    return await stack.enter_async_context(
        running_acumatica(settings, host=plan.host, port=plan.acumatica_port, control_port=None)
    )


def _introduce(running: RunningSandbox, erp: RunningAcumatica | None, output: Output) -> None:
    settings, products = running.sandbox.settings, len(running.sandbox.shop.catalogue)
    token = settings.credentials.access_token
    if output.is_json:
        output.document(
            {
                "url": running.url,
                "control_url": running.control_url,
                "token": token,
                "stock_token": settings.stock_credentials.access_token,
                "products": products,
                **({} if erp is None else {"acumatica": acumatica_facts(erp)}),
            }
        )
    else:
        erp_lines = [] if erp is None else ["", *acumatica_announcement(erp)]
        for line in (*announcement(running), *erp_lines, *requests_to_try(running)):
            output.line(line)
    output.out.file.flush()


def requests_to_try(running: RunningSandbox) -> list[str]:
    """Give what the connector needs to know of it, and a few requests for a person."""
    token = running.sandbox.settings.credentials.access_token
    base = f"{running.url}/rest/all/V1"
    curl = f"curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json'"
    price = '{"prices": [{"sku": "AC-1001", "store_id": 0, "price": 12.5}]}'
    fault = '{"mode": "maintenance"}'
    return [
        "",
        "For the connector:",
        f"  CONNECTOR_MAGENTO_URL={running.url} CONNECTOR_MAGENTO_TOKEN={token}",
        "",
        "Some requests to try:",
        f"  {curl} {base}/products/AC-1001",
        f"  {curl} -d '{price}' {base}/products/base-prices",
        f"  curl -X PUT -H 'Content-Type: application/json' -d '{fault}' {running.control_url}/_sandbox/faults",
        "",
        "Ctrl-C stops it.",
    ]
