"""The sync that a path names, and whether it may run."""

from dataclasses import dataclass

from aiohttp import web

from daemon.http.keys import DEPENDENCIES
from daemon.http.problems import Problem
from daemon.settings.document.connector import ConnectorSettings
from daemon.sync.named_syncs import NamedSync, may_not_run, named_syncs
from daemon.sync.websites import anywhere
from queues.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSync:
    """
    A sync, or one kind of its records.

    Attributes:
        name: of its runs: the sync's, or the event type where one kind was chosen.
        sync: with the kinds that were chosen.
    """

    name: str
    sync: NamedSync


def syncs_of(request: web.Request) -> list[NamedSync]:
    """List all syncs with what this instance carries of each."""
    return list(named_syncs([each.event_type for each in request.app[DEPENDENCIES].definitions]))


async def settings_in_force(request: web.Request) -> ConnectorSettings:
    """Read the settings of the whole instance."""
    return anywhere((await request.app[DEPENDENCIES].documents.current()).document)


def chosen_sync(request: web.Request) -> ChosenSync:
    """
    Read the `{sync}` of the path: a sync, `product`, or one kind of records, `pricing` or `to_magento.pricing`.

    Raises:
        NotFound: it is neither.
    """
    name = request.match_info["sync"]
    syncs = syncs_of(request)
    for sync in syncs:
        if name == sync.name:
            return ChosenSync(name=sync.name, sync=sync)
    for sync in syncs:
        for kind in sync.kinds:
            if name in {kind, kind.partition(".")[2]}:
                return ChosenSync(name=kind, sync=NamedSync(name=sync.name, kinds=(kind,)))
    raise NotFound("sync", name[:200])


async def require_runnable(request: web.Request, chosen: ChosenSync, *, individual: bool = False) -> None:
    """
    See that the settings let *chosen* run.

    Raises:
        Problem: 409 with the setting that stands against it.
    """
    refused = may_not_run(chosen.sync, await settings_in_force(request), individual=individual)
    if refused is not None and refused.is_refused:
        raise Problem(409, refused.code, refused.text, members={"setting": refused.setting or None})
