"""Lines that tell the person at the terminal what is going on."""

import sys
import threading
import time

_LOCK = threading.Lock()


def say(text: str) -> None:
    """Print one line at once; threads do not mix their lines."""
    with _LOCK:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def note(text: str) -> None:
    """Print one indented line: a detail of what was said last."""
    say(f"    {text}")


class Stopwatch:
    """Measures how long something took, for progress lines."""

    def __init__(self) -> None:
        """Start at once."""
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since construction."""
        return time.monotonic() - self._started
