"""Reprocess Failed Messages: find them, choose them, look at them, and send them again or discard them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, get_args
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict

from daemon.http.acting import id_in_path
from daemon.http.bulk import carry_out
from daemon.http.cursors import cursor, fetch
from daemon.http.dead_letters import FILTER, STATES
from daemon.http.fields import checked, identifier, one_of, read_parameters, text
from daemon.http.keys import DEPENDENCIES
from daemon.http.pages.forms import act_of_form, read_form
from daemon.http.pages.rendering import render
from daemon.http.problems import invalid
from daemon.http.routes import Route
from daemon.http.showing import for_reader, payload_for_reader
from daemon.http.story import tell_story
from queues.postgres.bulk_orders import BulkOrder, Choice
from queues.postgres.letters import DeadLetterFilter
from queues.verdicts import ErrorClass

PATH: Final = "/dead-letters"
PAGE: Final = 50
_ACTS: Final = ("process", "discard", "process_all")


async def show_list(request: web.Request) -> web.Response:
    """Show the messages that match, those that are Failed unless asked otherwise."""
    further = {"cursor": cursor, "notice": one_of("processed", "discarded"), "done": text, "left": text, "check": text}
    given = read_parameters(request, {**FILTER, "state": one_of(*STATES, "all"), **further})
    about = {name: given.pop(name, None) for name in further}
    shown = {"state": given.pop("state", "failed"), **given}
    page = await fetch(request.app[DEPENDENCIES].dead_letters.list(_wanted(shown), limit=PAGE, cursor=about["cursor"]))
    return render(
        request,
        "failed_messages.html",
        page=replace(page, items=for_reader(request, page.items)),
        shown={
            **dict.fromkeys(FILTER, ""),
            **{name: request.query.get(name, "") for name in FILTER},
            "state": shown["state"],
        },
        states=STATES,
        queues=[each.name for each in request.app[DEPENDENCIES].definitions],
        error_classes=get_args(ErrorClass),
        all_checked=about["check"] == "all",
        notice=_notice(about),
        is_later_page=about["cursor"] is not None,
        here=_address(request, check=None, notice=None, done=None, left=None),
        check_all=_address(request, check="all", notice=None, done=None, left=None),
        first_page=_address(request, cursor=None, notice=None, done=None, left=None, check=None),
        next_page=_address(request, cursor=page.next_cursor, notice=None, done=None, left=None, check=None),
    )


async def show_message(request: web.Request) -> web.Response:
    """Show one message with its whole story."""
    letter_id = id_in_path(request)
    notice = read_parameters(request, {"notice": one_of("processed", "discarded")}).get("notice")
    found = await request.app[DEPENDENCIES].dead_letters.show(letter_id)
    story = for_reader(request, found)
    acts = for_reader(request, await request.app[DEPENDENCIES].journal.acts("dead_letter", str(letter_id)))
    return render(
        request,
        "message.html",
        letter=story.letter,
        told=tell_story(story, acts),
        attempts=story.attempts,
        headers=story.headers,
        payload=payload_for_reader(request, found),
        notice=_notice({"notice": notice, "done": "1", "left": "0"}),
    )


async def confirm(request: web.Request) -> web.Response:
    """Ask once more, naming what is going to happen to how many."""
    form = await read_form(request)
    act, wanted = _chosen_act(form), _filter_of(form)
    ids = _ids(form)
    until, count = wanted.get("until", ""), len(ids)
    if act == "process_all":
        counted = await request.app[DEPENDENCIES].dead_letters.count(Choice(wanted=_wanted(wanted)))
        if not counted.count:
            raise invalid("selection", "is empty: nothing matches the filter", code="missing")
        # What fails while the question is read was not asked about.
        until, count = until or counted.as_of.isoformat(), counted.count
    elif not ids:
        raise invalid("selection", "is empty: tick the messages first", code="missing")
    carried = {**wanted, "until": until} if act == "process_all" else wanted
    return render(
        request, "confirm.html", act=act, ids=ids, count=count, wanted=wanted, carried=carried, back=_back(wanted)
    )


async def act_on_many(request: web.Request) -> web.Response:
    """Do what was confirmed, then show the list again with what came of it."""
    form = await read_form(request)
    wanted, act = _filter_of(form), act_of_form(request, form)
    ids = _ids(form)
    match _chosen_act(form):
        case "process_all":
            choice = Choice(wanted=_wanted(wanted))
            order = BulkOrder(action="reprocess", choice=choice, act=act, expected_count=_count(form))
        case "process":
            order = BulkOrder(action="reprocess", choice=Choice(ids=tuple(ids)), act=act)
        case _:
            order = BulkOrder(action="discard", choice=Choice(ids=tuple(ids)), act=act)
    if order.choice.ids is not None and not ids:
        raise invalid("selection", "is empty: tick the messages first", code="missing")
    result = await carry_out(request, order)
    notice = "processed" if order.action == "reprocess" else "discarded"
    told = {"notice": notice, "done": result.done, "left": (len(ids) or result.matched) - result.done}
    shown = {name: value for name, value in wanted.items() if name != "until" or form.get("keep_until")}
    return web.Response(status=303, headers={"Location": f"{PATH}?{urlencode({**shown, **told})}"})


async def act_on_one(request: web.Request) -> web.Response:
    """Send one message again, or discard it, from its own page."""
    form = await read_form(request)
    letter_id, act = id_in_path(request), act_of_form(request, form)
    dead_letters = request.app[DEPENDENCIES].dead_letters
    if _chosen_act(form) == "discard":
        await dead_letters.discard(letter_id, act)
        return web.Response(status=303, headers={"Location": f"{PATH}/{letter_id}?notice=discarded"})
    await dead_letters.reprocess(letter_id, act)
    return web.Response(status=303, headers={"Location": f"{PATH}/{letter_id}?notice=processed"})


def _chosen_act(form: MultiDict[str]) -> str:
    act = form.get("act", "")
    if act not in _ACTS:
        raise invalid("act", f"must be one of {', '.join(_ACTS)}")
    return act


def _ids(form: MultiDict[str]) -> list[int]:
    try:
        return list(dict.fromkeys(identifier(each) for each in form.getall("id", [])))
    except ValueError as error:
        raise invalid("id", f"must be {error}") from error


def _count(form: MultiDict[str]) -> int:
    text = form.get("expected_count", "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise invalid("expected_count", "must be the number that was asked about")
    return int(text)


def _filter_of(form: MultiDict[str]) -> dict[str, str]:
    """Give the filter a form carries along, as texts, after looking at it."""
    given = {name: form[name] for name in FILTER if form.get(name)}
    checked(given, {**FILTER, "state": one_of(*STATES, "all")}, what="filter")
    return given


def _wanted(shown: Mapping[str, Any]) -> DeadLetterFilter:
    values = checked({name: value for name, value in shown.items() if isinstance(value, str)}, _CHECKS, what="filter")
    values |= {name: value for name, value in shown.items() if not isinstance(value, str)}
    return DeadLetterFilter(**{name: value for name, value in values.items() if value != "all"})


_CHECKS: Final = {**FILTER, "state": one_of(*STATES, "all")}


def _notice(about: Mapping[str, str | None]) -> str:
    done, left = about["done"] or "", about["left"] or ""
    if not (about["notice"] and done.isdecimal() and left.isdecimal()):
        return ""
    count = f"{int(done)} message{'s' * (int(done) != 1)}"
    rest = f" {int(left)} had changed meanwhile and stayed as they are." if int(left) else ""
    if about["notice"] == "discarded":
        return f"{count} discarded.{rest}"
    return f"{count} put back to be sent with the next check.{rest}"


def _address(request: web.Request, **changes: str | None) -> str:
    query = {name: value for name, value in {**request.query, **changes}.items() if value}
    return f"{PATH}?{urlencode(query)}" if query else PATH


def _back(wanted: Mapping[str, str]) -> str:
    return f"{PATH}?{urlencode(wanted)}" if wanted else PATH


ROUTES: Final = (
    Route(method="GET", path=PATH, handler=show_list, access="read", operation=None),
    Route(method="POST", path=f"{PATH}/confirm", handler=confirm, access="operate", operation=None),
    Route(
        method="POST",
        path=f"{PATH}/act",
        handler=act_on_many,
        access="operate",
        act="dead_letters.change",
        operation=None,
    ),
    Route(method="GET", path=f"{PATH}/{{id}}", handler=show_message, access="read", operation=None),
    Route(
        method="POST",
        path=f"{PATH}/{{id}}",
        handler=act_on_one,
        access="operate",
        act="dead_letter.change",
        operation=None,
    ),
)
