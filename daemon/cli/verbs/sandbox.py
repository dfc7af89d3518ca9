"""`am-connector sandbox`: a simulated Magento store, and Acumatica beside it, to try the connector with."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.errors import UsageError
from daemon.cli.options import JsonOption, examples
from daemon.cli.output import Output


def add_to(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "sandbox",
        short_help="Start a simulated Magento store.",
        epilog=examples(
            "am-connector sandbox",
            "am-connector sandbox --port 8090 --catalogue products.csv --real-times",
            "am-connector sandbox --acumatica-port 8091",
        ),
    )(sandbox)


def sandbox(  # noqa: PLR0913 - one parameter for each option
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8090,
    control_port: Annotated[
        int | None,
        typer.Option("--control-port", min=0, max=65535, help="A port for the switches that no fault closes."),
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option("--catalogue", metavar="FILE", help="Products, CSV or JSON; otherwise invented ones.")
    ] = None,
    products: Annotated[int, typer.Option("--products", min=0, max=1_000_000, help="How many to invent.")] = 2000,
    token: Annotated[
        str | None, typer.Option("--token", help="The bearer token it accepts. It protects nothing.")
    ] = None,
    real_times: Annotated[
        bool, typer.Option("--real-times", help="Take as long as a real shop did when it was recorded.")
    ] = False,
    no_validate: Annotated[
        bool, typer.Option("--no-validate", help="Do not check requests against Magento's contract (faster).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="COUNT", min=1, help="Records a bulk request may have.")
    ] = None,
    acumatica_port: Annotated[
        int | None,
        typer.Option("--acumatica-port", min=0, max=65535, help="Start a simulated Acumatica there, too."),
    ] = None,
    acumatica_items: Annotated[
        int, typer.Option("--acumatica-items", min=0, max=1_000_000, help="Stock items it holds.")
    ] = 2000,
    as_json: JsonOption = False,
) -> None:
    """
    Start a simulated Magento store, for trying and for tests; never for production.

    It keeps products, prices and stock in memory, answers as Magento 2.4.7 does, and has fault switches over HTTP.
    With --acumatica-port a simulated Acumatica runs beside it.
    """
    output = Output.standard(is_json=as_json)
    rows = None
    if catalogue is not None:
        try:
            rows = catalogue.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {catalogue}: {error.strerror}") from error
    # Imported only here: no other verb needs the store.
    from daemon.cli.sandbox_server import SandboxPlan, run_sandbox  # noqa: PLC0415 - as the comment above says

    plan = SandboxPlan(
        host=host,
        port=port,
        control_port=control_port,
        catalogue=rows,
        products=products,
        token=token,
        real_times=real_times,
        validate=not no_validate,
        limit=limit,
        acumatica_port=acumatica_port,
        acumatica_items=acumatica_items,
    )
    asyncio.run(run_sandbox(plan, output))
