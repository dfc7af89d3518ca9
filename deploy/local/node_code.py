"""
Give the private node only the Erlang applications it runs.

A node looks for every module in every directory of its code path. RabbitMQ's own packages put some sixty plugin
directories there; leaving out those that are not needed halves the time a node takes to start.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

MAIN_APPLICATION = "rabbit"

_LISTS = re.compile(r"\{\s*(?:included_|optional_)?applications\s*,\s*\[(.*?)\]\s*\}", re.DOTALL)


def slim_code(script: Path, home: Path) -> Path | None:
    """
    Build a RabbitMQ home of links in *home* with the node's own applications only.

    Args:
        script: the `rabbitmq-server` script.
        home: directory to (re)build.

    Returns:
        The directory for RABBITMQ_SCRIPTS_DIR, or None where RabbitMQ is not laid out as its packages do: then it is
        to be started as it is.
    """
    installed = script.resolve().parent.parent
    available = {application.name.split("-")[0]: application for application in (installed / "plugins").glob("*-*")}
    needed = needed_applications({name: _description(name, place) for name, place in available.items()})
    if needed is None:
        return None
    shutil.rmtree(home, ignore_errors=True)
    (home / "plugins").mkdir(parents=True)
    for name in needed:
        (home / "plugins" / available[name].name).symlink_to(available[name])
    for name in ("sbin", "escript"):
        (home / name).symlink_to(installed / name)
    return home / "sbin"


def needed_applications(descriptions: Mapping[str, str | None]) -> frozenset[str] | None:
    """
    Return the names that the application `rabbit` needs, itself included, out of *descriptions*.

    Args:
        descriptions: the text of each application's `.app` file; None if it has none that can be read.

    Returns:
        None if one of them cannot be read: better slow than wrong.
    """
    needed: set[str] = set()
    waiting = [MAIN_APPLICATION]
    while waiting:
        name = waiting.pop()
        if name in needed or (name not in descriptions and name != MAIN_APPLICATION):
            continue  # the others are Erlang's own
        description = descriptions.get(name)
        if description is None:
            return None
        needed.add(name)
        for names in _LISTS.findall(re.sub(r"%[^\n]*", "", description)):
            waiting.extend(each.strip(" \t\r\n'") for each in names.split(","))
    return frozenset(needed)


def _description(name: str, place: Path) -> str | None:
    file = place / "ebin" / f"{name}.app"
    return file.read_text() if file.is_file() else None
