"""Groups of settings: dataclasses whose fields know their kind; read as a whole, every fault told at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, cast

from daemon.settings.document.kinds import LONGEST_LIST, Kind, is_list
from queues.errors import SettingFault

T = TypeVar("T")

Scope: TypeAlias = Literal["instance", "website"]
"""Where a setting may be told: for the whole instance only, or for a website as well."""


class Settings(Protocol):
    """A dataclass of settings."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def setting(kind: Kind, default: T, *, scope: Scope = "instance") -> T:
    """Make a field of *kind*; *scope* tells whether websites may say it differently."""
    # What `dataclasses.field` gives is seen by the class decorator only.
    told: T = field(default=default, metadata={"kind": kind, "scope": scope})
    return told


def needed(kind: Kind) -> Any:  # noqa: ANN401 - the field's type stands at the field
    """Make a field of a row that must be told."""
    return field(metadata={"kind": kind, "scope": "instance"})


def group(settings_class: Callable[[], T], *, scope: Scope = "instance") -> T:
    """Make a field that is a group of its own, by default with the defaults of its class."""
    metadata = {"kind": GroupKind(cast("type[Any]", settings_class)), "scope": scope}
    told: T = field(default_factory=settings_class, metadata=metadata)
    return told


def grouped(value: T, *, scope: Scope = "instance") -> T:
    """Make a field that is a group of its own, by default *value* (frozen)."""
    told: T = field(default=value, metadata={"kind": GroupKind(type(value), value), "scope": scope})
    return told


def kind_of(each: Field[Any]) -> Kind:
    """Give the kind of a field."""
    return cast("Kind", each.metadata["kind"])


def read_group(
    settings_class: type[T], document: object, path: str, faults: list[SettingFault], *, base: T | None = None
) -> T | None:
    """
    Read *document*; what it leaves out takes its default.

    Args:
        settings_class: a dataclass made of `setting`, `needed`, `group`.
        document: the JSON value.
        path: where it stands, empty for the whole.
        faults: grows by every fault found.
        base: gives the defaults instead of the class.

    Returns:
        None when there was a fault.
    """
    before = len(faults)
    if not isinstance(document, Mapping):
        faults.append(SettingFault(field=path, expected="an object", value=document))
        return None
    known = {each.name: each for each in fields(cast("Any", settings_class))}
    values: dict[str, Any] = {}
    for name, value in document.items():
        place = f"{path}.{name}" if path else str(name)
        if name in known:
            values[name] = kind_of(known[name]).read(value, place, faults)
        else:
            expected = f"one of the known settings ({', '.join(sorted(known))})"
            faults.append(SettingFault(field=place, expected=expected, value=value))
    for name, each in known.items():
        if name in values:
            continue
        if base is not None:
            values[name] = getattr(base, name)
        elif each.default is MISSING and each.default_factory is MISSING:
            faults.append(SettingFault(field=f"{path}.{name}", expected="told", value=None))
    return settings_class(**values) if len(faults) == before else None


def write_group(settings: object) -> dict[str, Any]:
    """Give the JSON form of a group, every field told."""
    return {each.name: kind_of(each).write(getattr(settings, each.name)) for each in fields(cast("Any", settings))}


def group_schema(settings_class: type[Any]) -> dict[str, Any]:
    """Describe a group as JSON Schema."""
    members = fields(settings_class)
    required = [each.name for each in members if each.default is MISSING and each.default_factory is MISSING]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: kind_of(each).schema() for each in members},
        **({"required": required} if required else {}),
    }


def paths_for_websites(settings_class: type[Any], path: str = "") -> Iterator[str]:
    """Name the settings that websites may say differently: a path covers everything below it."""
    for each in fields(settings_class):
        place = f"{path}.{each.name}" if path else each.name
        kind = kind_of(each)
        if each.metadata["scope"] == "website":
            yield place
        elif isinstance(kind, GroupKind):
            yield from paths_for_websites(kind.settings_class, place)


@dataclass(frozen=True, slots=True)
class GroupKind:
    """A group inside a group; *base* gives the defaults where they are not those of the class."""

    settings_class: type[Any]
    base: Any = None

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        return read_group(self.settings_class, value, path, faults, base=self.base)

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return write_group(value)

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return group_schema(self.settings_class)


@dataclass(frozen=True, slots=True)
class Rows:
    """
    A table.

    Attributes:
        row: the dataclass of one row.
        unique: column groups; each combination of values may occur once, None counting as told nothing.
    """

    row: type[Any]
    unique: tuple[tuple[str, ...], ...] = ()

    def read(self, value: object, path: str, faults: list[SettingFault]) -> Any:  # noqa: ANN401 - see Kind
        """Read it."""
        if not is_list(value) or len(value) > LONGEST_LIST:
            faults.append(SettingFault(field=path, expected=f"a list of at most {LONGEST_LIST} rows", value=value))
            return ()
        rows = [read_group(self.row, each, f"{path}[{place}]", faults) for place, each in enumerate(value)]
        for columns in self.unique:
            seen: dict[tuple[object, ...], int] = {}
            for place, row in enumerate(rows):
                key = tuple(getattr(row, column, None) for column in columns)
                if key[0] is None:
                    continue
                if key in seen:
                    expected = f"different from {path}[{seen[key]}]"
                    faults.append(
                        SettingFault(field=f"{path}[{place}].{'+'.join(columns)}", expected=expected, value=_told(key))
                    )
                seen.setdefault(key, place)
        return tuple(rows)

    def write(self, value: Any) -> object:  # noqa: ANN401 - see Kind
        """Give it."""
        return [write_group(each) for each in value]

    def schema(self) -> dict[str, Any]:
        """Describe it."""
        return {"type": "array", "items": group_schema(self.row), "maxItems": LONGEST_LIST}


def _told(key: tuple[object, ...]) -> object:
    return key[0] if len(key) == 1 else list(key)
