"""
What ends a verb with one clear line on stderr instead of a traceback.

    CommandError
    ├── UsageError       the command line or the configuration is wrong
    ├── NotReachable     somebody who is needed does not answer
    │   └── AnswerLost   it was asked, and whether it did it is not known
    └── ApiProblem       the daemon answered with a problem document
"""

from collections.abc import Mapping
from typing import Any

from daemon.cli.exit_codes import FAILED, NOT_REACHABLE, USAGE


class CommandError(Exception):
    """The verb failed; *text* is for people, `exit_code` for scripts."""

    exit_code = FAILED


class UsageError(CommandError):
    """What was typed or configured cannot be done."""

    exit_code = USAGE


class NotReachable(CommandError):
    """Daemon, broker, database or target does not answer."""

    exit_code = NOT_REACHABLE


class AnswerLost(NotReachable):
    """The daemon got the call, or part of it, and its answer did not come."""


class ApiProblem(CommandError):
    """
    The daemon said no.

    Args:
        text: for people, with the request id.
        status: the HTTP status.
        document: the problem document, `code` and `detail` among its members.
        exit_code: what scripts are told.
    """

    def __init__(self, text: str, *, status: int, document: Mapping[str, Any], exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.status = status
        self.document = document
        self.exit_code = exit_code

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.document.get("code", ""))
