"""The environment as text: one reader that takes variables by name, parses them and gathers every fault."""

import difflib
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

T = TypeVar("T")

PREFIX: Final = "CONNECTOR_"
FILE_SUFFIX: Final = "_FILE"
FOR_TESTS: Final = f"{PREFIX}TEST_"
"""Names the tests use for themselves; the daemon does not look at them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFault:
    """One variable that was refused: its full *name* and what is wrong, without the value of a secret."""

    name: str
    text: str


class ConfigurationError(Exception):
    """The environment does not configure the connector; `faults` names everything that is wrong at once."""

    def __init__(self, faults: Sequence[ConfigurationFault]) -> None:
        super().__init__("\n".join(f"{fault.name}: {fault.text}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable(Generic[T]):
    """
    One environment variable.

    Attributes:
        name: without the prefix.
        parse: reads the text; raises ValueError saying what was expected.
        meaning: for people, with unit and range.
        default: the text taken when it is not set, None for none.
        required: refused when it is neither set nor has a default.
        secret: may also come as `…_FILE`, and its value is never repeated in a fault.
    """

    name: str
    parse: Callable[[str], T]
    meaning: str
    default: str | None = None
    required: bool = False
    secret: bool = False

    @property
    def full_name(self) -> str:
        """The name in the environment."""
        return PREFIX + self.name


class EnvironmentReader:
    """Reads variables from *environ* and remembers every fault; nothing is raised before `finish`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[ConfigurationFault] = []
        self._warnings: list[str] = []

    @property
    def warnings(self) -> Sequence[str]:
        """What was accepted, and should be looked at all the same."""
        return tuple(self._warnings)

    @property
    def faults(self) -> Sequence[ConfigurationFault]:
        """What was refused so far."""
        return tuple(self._faults)

    def read(self, variable: Variable[T]) -> T | None:
        """Give the parsed value, or None when it is not set or wrong (the fault is remembered)."""
        text = self._text(variable)
        if text is None:
            return None
        try:
            return variable.parse(text)
        except ValueError as error:
            came = "" if variable.secret else f", got {text!r}"
            self.refuse(variable, f"must be {error}{came}")
            return None

    def refuse(self, variable: Variable[T], text: str) -> None:
        """Remember a fault that only the reader's caller can see, such as a rule between two variables."""
        self._faults.append(ConfigurationFault(name=variable.full_name, text=text))

    def refuse_unknown(self, variables: Sequence[Variable[object]]) -> None:
        """Refuse every name under the prefix that is none of *variables*, with the nearest known name."""
        known = {each.full_name for each in variables}
        known |= {each.full_name + FILE_SUFFIX for each in variables if each.secret}
        for name in sorted(self._environ):
            if not name.startswith(PREFIX) or name.startswith(FOR_TESTS) or name in known:
                continue
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            self._faults.append(ConfigurationFault(name=name, text=f"there is no such setting{hint}"))

    def finish(self) -> None:
        """
        Raise what was gathered.

        Raises:
            ConfigurationError: there was at least one fault.
        """
        if self._faults:
            raise ConfigurationError(self._faults)

    def _text(self, variable: Variable[T]) -> str | None:
        name = variable.full_name
        text = self._environ.get(name)
        path = self._environ.get(name + FILE_SUFFIX) if variable.secret else None
        if text is not None and path is not None:
            self.refuse(variable, f"is given twice, here and as {name}{FILE_SUFFIX}: keep one")
            return None
        if path is not None:
            text = self._file(name + FILE_SUFFIX, path)
            if text is None:
                return None
        # An empty variable is what compose files give for "not set".
        if text is None or not text.strip():
            if variable.required and variable.default is None:
                self.refuse(variable, f"is not set: {variable.meaning}")
            return variable.default
        return text.strip()

    def _look_at_mode(self, name: str, path: str) -> None:
        # Below /run container engines and systemd mount secrets, for one service alone, with modes of their own.
        if not path.startswith("/run/") and Path(path).stat().st_mode & stat.S_IROTH:
            self._warnings.append(f"{name}: everybody on this machine may read {path}; chmod 600 it")

    def _file(self, name: str, path: str) -> str | None:
        try:
            text = Path(path).read_text(encoding="utf-8")
            self._look_at_mode(name, path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self._faults.append(ConfigurationFault(name=name, text=f"cannot read {path}: {reason}"))
            return None
        if not text.strip():
            self._faults.append(ConfigurationFault(name=name, text=f"{path} is empty"))
            return None
        return text
