"""`catch_up`: how what a push did not tell is found all the same (contracts: Acumatica, sections 12 and 13)."""

from dataclasses import dataclass
from typing import Final

from daemon.settings.document.groups import setting
from daemon.settings.document.kinds import Integer
from daemon.settings.document.times import CronLine

NEVER: Final = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """
    Looks for changes beside the pushes, for every sync that is enabled.

    Attributes:
        every_minutes: from one look for changes to the next, for syncs without Auto Cron; 0: never.
        comparison: a cron line; every record is looked at then, for some changes move no stamp; `never`.
    """

    every_minutes: int = setting(Integer(0, 1440), 15)
    comparison: str = setting(CronLine(nothing=NEVER), "0 3 * * *")
