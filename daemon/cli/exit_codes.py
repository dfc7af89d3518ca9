"""The exit codes of `am-connector` (DESIGN.md, section 8)."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
"""It was tried and did not succeed, or not for all."""
USAGE: Final = 2
"""The command line or the configuration is wrong; nothing was done."""
NOT_REACHABLE: Final = 3
"""The daemon, the broker, the database or a target does not answer."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells count it: 128 and SIGINT."""
BROKEN_PIPE: Final = 141
"""Whoever read the output stopped reading, as shells count it: 128 and SIGPIPE."""
