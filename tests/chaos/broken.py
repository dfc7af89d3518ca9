"""
The daemon with a deliberate fault: `broken.py "no lease" run …` is `am-connector run …` with lines of it changed.

Each fault is a change of the real source, made while it is imported. A checker that stays green proves nothing.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

from typing_extensions import override

Change = tuple[str, str]
"""What stands in the source, exactly once, and what stands there instead."""

FAULTS: Final[Mapping[str, Mapping[str, Sequence[Change]]]] = {
    "acknowledge before settle": {
        "queues.worker.settling": [
            (
                "            await self._settle(group)\n",
                "            await self._acknowledge(group.tags)\n            await self._settle(group)\n",
            )
        ],
    },
    "count after": {
        # An attempt that was cut off is not counted: the next one has its number, whoever finds what was left behind.
        "queues.postgres.claiming": [
            (
                "set attempts = l.attempts + 1, state = 'trying'",
                "set attempts = case l.state when 'trying' then l.attempts else l.attempts + 1 end, state = 'trying'",
            ),
            (
                "where l.state = 'trying' and l.lease_until < now() and l.attempts < cast(:retry_count as int)\n",
                "where false and l.attempts < cast(:retry_count as int)\n",
            ),
        ],
        "queues.postgres.custody": [
            ("        where attempts > 0\n", "        where false\n"),
            ("set state = 'waiting', owner = null", "set state = 'waiting', attempts = l.attempts - 1, owner = null"),
        ],
    },
    "no lease": {
        # Nobody minds who runs the queue, and no claim holds.
        "queues.postgres.schedule": [("if row.lease_until is not None and row.lease_until > now:", "if False:")],
        "queues.postgres.claiming": [
            ("now() + cast(:lease as interval), now()", "now() - cast(:lease as interval), now()")
        ],
        "queues.postgres.custody": [
            ("set lease_until = now() + cast(:lease as interval)", "set lease_until = now() - cast(:lease as interval)")
        ],
    },
    "requeue": {
        # What a check did not try waits for nobody: the ledger forgets it, and the broker has it back.
        "queues.postgres.keeping": [
            (
                '_TAKE_BACK = text(f"""\n',
                (
                    '_TAKE_BACK = text(f"""\n    with forgotten as (delete from ledger l using {BODIES}\n'
                    "    where l.message_id = copy.message_id and l.generation = copy.generation\n"
                    "      and l.owner = cast(:run as uuid) and l.body is null)\n"
                ),
            ),
            (
                "and l.state = 'trying' and l.owner = cast(:run as uuid)\n",
                "and l.state = 'trying' and l.owner = cast(:run as uuid) and l.body is not null\n",
            ),
        ],
        "queues.worker.check": [
            ("and (claimed or each.tag is not None)\n", "and claimed\n"),
            ("                self._settler.add_settled(each.tags)\n", "                pass\n"),
        ],
    },
    "silent resend": {
        "daemon.magento.session": [("middlewares=(send_once,),", "middlewares=(),")],
    },
}


class _Changed(SourceFileLoader):
    """Compiles a module with some of its text replaced; nothing compiled is kept, and nothing kept is used."""

    changes: Sequence[Change] = ()

    @override
    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        for old, new in self.changes:
            if source.count(old) != 1:
                raise ImportError(f"{fullname}: expected once, found {source.count(old)} times: {old!r}")
            source = source.replace(old, new)
        return compile(source, path, "exec", dont_inherit=True)


class _Finder:
    """Finds the modules to be changed before anybody else does."""

    def __init__(self, changes: Mapping[str, Sequence[Change]]) -> None:
        self._changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        changes = self._changes.get(fullname)
        spec = None if changes is None else PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or changes is None:
            return None
        loader = _Changed(fullname, spec.origin)
        loader.changes = changes
        spec.loader = loader
        return spec


def main() -> int:
    """Run the connector's command with the fault named first."""
    sys.meta_path.insert(0, _Finder(FAULTS[sys.argv[1]]))
    sys.argv = ["am-connector", *sys.argv[2:]]
    # Imported only now: as everything is, with the changes.
    from daemon.cli import main as am_connector  # noqa: PLC0415 - as said above

    return am_connector()


if __name__ == "__main__":
    sys.exit(main())
