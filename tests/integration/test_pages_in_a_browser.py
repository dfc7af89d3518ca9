"""
Hostile text on the pages, looked at by a real browser: nothing runs, nobody is called, the text is shown as it is.

Where there is no browser the one test that needs it is skipped; the other looks at the same pages without.
"""

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from daemon.http.dead_letter_documents import escaped
from tests.browser import browsing, find_browser
from tests.fakes.http_client import Client, serving
from tests.fakes.http_stores import TOKEN, World

PAGES = ("/dead-letters", "/dead-letters/1", "/dead-letters/2", "/dead-letters?q=%3Cscript%3Ealert(9)%3C/script%3E")


def hostile(canary: str) -> str:
    """Write everything that runs where text is taken for a page, each part telling *canary* if it does."""
    tell = f"fetch('{canary}/ran');window.ran=1;alert(1)"
    return (
        f'<script>{tell}</script><img src={canary}/image onerror="{tell}"><svg/onload="{tell}">'
        f'</textarea></pre></code></title><iframe src="javascript:{tell}"></iframe><base href={canary}/>'
        f'<link rel=stylesheet href={canary}/style><meta http-equiv=refresh content="0;url={canary}/moved">'
        f'<form action={canary}/form><input autofocus onfocus="{tell}"></form>" onmouseover="{tell}" x=\''
        "{{ 7*7 }}{% raw %}\u202egnp.exe\u2066\x1b[31m"
    )


def world_with(text: str) -> World:
    """Put *text* wherever strangers' text is shown."""
    world = World()
    world.dead_letters.add(1, source=text, body=json.dumps({"data": {text: text}}).encode())
    world.dead_letters.add(2, source=text, body=text.encode())
    for number, story in list(world.dead_letters.stories.items()):
        world.dead_letters.stories[number] = replace(
            story,
            letter=replace(story.letter, key=text, event_id=text, error=text, storeview=text),
            headers={"x-hostile": text},
            attempts=[replace(each, error=text, excerpt=text, request=text) for each in story.attempts],
        )
    return world


@asynccontextmanager
async def canary() -> AsyncIterator[tuple[str, list[str]]]:
    """Listen to whoever a page makes the browser call."""
    calls: list[str] = []

    async def note(request: web.Request) -> web.Response:
        calls.append(request.path_qs)
        page = (
            "<link rel=icon href=data:,><script>window.ran=1;fetch('/ran')</script>"
            if request.path == "/control"
            else ""
        )
        return web.Response(text=page, content_type="text/html", headers={"Access-Control-Allow-Origin": "*"})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", note)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", calls
    finally:
        await runner.cleanup()


async def sign_in(client: Client) -> None:
    origin = {"Origin": f"http://{client.host}:{client.port}"}
    signed_in = await client.post("/login", data={"token": TOKEN}, headers=origin, allow_redirects=False)
    assert signed_in.status == 303


async def test_no_text_of_a_stranger_is_part_of_a_page() -> None:
    text = hostile("http://canary.invalid")

    async with serving(world_with(text), token=None) as client:
        await sign_in(client)
        pages = {path: await (await client.get(path)).text() for path in PAGES}

    for path, page in pages.items():
        for tag in ("script", "img", "svg", "iframe", "base", "meta http-equiv", "link rel=stylesheet href=http"):
            assert f"<{tag}" not in page.lower(), path
        assert not re.search(r"<[^>]*\son\w+=", page), path
        assert not set("\u202e\u2066\x1b") & set(page), path
    assert html.escape(escaped(text), quote=False)[:60] in html.escape(
        html.unescape(pages["/dead-letters/2"]), quote=False
    )


@pytest.mark.skipif(find_browser() is None, reason="there is no chromium on this machine")
async def test_a_browser_runs_nothing_calls_nobody_and_shows_the_text_as_it_is(tmp_path: Path) -> None:
    program = find_browser()
    assert program
    async with canary() as (address, calls):
        text = hostile(address)
        async with serving(world_with(text), token=None) as client, browsing(program, tmp_path) as tab:
            await sign_in(client)
            [cookie] = [each for each in client.session.cookie_jar if each.key.endswith("connector_session")]
            site = f"http://{client.host}:{client.port}"
            await tab.call("Network.setCookie", name=cookie.key, value=cookie.value, url=site)
            # The browser can tell: on a page that takes text for its own, it runs and calls.
            await tab.open(f"{address}/control")
            assert await tab.evaluate("fetch('/asked').then(() => window.ran)") == 1
            assert "/ran" in calls
            calls.clear()
            for path in PAGES:
                await tab.open(site + path)
                shown = await tab.evaluate("document.body.innerText")
                ran = await tab.evaluate("typeof window.ran")
                here = await tab.evaluate("location.origin")
                assert (ran, here) == ("undefined", site), path
                assert tab.dialogs == [], path
                if path == "/dead-letters/2":
                    assert escaped(text) in shown
            assert calls == []
            # Nothing even tried to: the policy of the pages had nothing to forbid.
            assert not [each for each in tab.complaints if "Content Security Policy" in each]
