"""A headless browser, spoken to over its debugging protocol: what it shows, what it runs, whom it calls."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import aiohttp

PATIENCE_SECONDS: Final = 120.0
_LISTENING: Final = re.compile(r"DevTools listening on (ws://\S+)")


def find_browser() -> str | None:
    """Give the program, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    """
    One page of the browser.

    Attributes:
        dialogs: texts of every `alert`, `confirm` and `prompt` that was opened.
        complaints: what the browser wrote on its console.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session_id: str) -> None:
        self._socket = socket
        self._session_id = session_id
        self._numbers = count(1_000)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name="browser")
        self.dialogs: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask the browser, and give its answer."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json(
            {"id": number, "method": method, "params": parameters, "sessionId": self._session_id}
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            result: dict[str, Any] = await answer
        return result

    async def open(self, url: str) -> None:
        """Load *url* and everything it asks for."""
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._loaded.wait()

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the expression gives
        """Run an expression of ours in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return answer["result"].get("value")

    async def close(self) -> None:
        """Listen no longer."""
        self._reading.cancel()
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        async for message in self._socket:
            said = message.json()
            if said.get("id") in self._answers:
                self._answers.pop(said["id"]).set_result(said.get("result", {}))
            match said.get("method"):
                case "Page.loadEventFired":
                    self._loaded.set()
                case "Page.javascriptDialogOpening":
                    self.dialogs.append(said["params"]["message"])
                    # Open, it would hold up the page, and the test with it.
                    await self._socket.send_json(
                        {
                            "id": 0,
                            "method": "Page.handleJavaScriptDialog",
                            "params": {"accept": True},
                            "sessionId": self._session_id,
                        }
                    )
                case "Log.entryAdded":
                    self.complaints.append(said["params"]["entry"]["text"])
                case _:
                    pass


@asynccontextmanager
async def browsing(program: str, home: Path) -> AsyncIterator[Tab]:
    """Have a browser with nothing in it, its profile in *home*, for as long as the block lasts."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        f"--user-data-dir={home}",
        "--remote-debugging-port=0",
        *sandbox,
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(await _address(process)) as socket:
            tab = await _attach(socket)
            yield tab
            await tab.close()
    finally:
        process.kill()
        # What it still says has to be read, or it could not end.
        await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    if process.stderr is None:
        raise ValueError("the browser was started without a pipe")
    said = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for line in process.stderr:
            said.append(line.decode(errors="replace"))
            if found := _LISTENING.search(said[-1]):
                return found[1]
    raise RuntimeError(f"the browser ended at its start:\n{''.join(said)}")


async def _attach(socket: aiohttp.ClientWebSocketResponse) -> Tab:
    target = (await _ask(socket, 1, "Target.createTarget", url="about:blank"))["targetId"]
    session_id = (await _ask(socket, 2, "Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
    tab = Tab(socket, session_id)
    for domain in ("Page", "Log", "Runtime", "Network"):
        await tab.call(f"{domain}.enable")
    return tab


async def _ask(
    socket: aiohttp.ClientWebSocketResponse, number: int, method: str, **parameters: object
) -> dict[str, Any]:
    await socket.send_json({"id": number, "method": method, "params": parameters})
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (said := await socket.receive_json()).get("id") != number:
            pass
    result: dict[str, Any] = said["result"]
    return result
