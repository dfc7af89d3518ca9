"""Scopes: what a website or store view says differently; the most specific one wins (R59, R72, D26)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.groups import paths_for_websites
from daemon.settings.document.kinds import Choice, Text, is_list
from queues.errors import InvalidSettings, SettingFault

ScopeKind: TypeAlias = Literal["website", "store_view"]

SCOPES: Final = "scopes"
"""The member of the document that holds them."""
_CODE: Final = Text(
    pattern="[a-z][a-z0-9_]{0,31}", expected="a code of the shop: a-z, 0-9 and _, at most 32 characters"
)
_MEMBERS: Final = ("code", "kind", "website", "branch", "overrides")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSettings:
    """
    One website or store view.

    Attributes:
        website: of a store view: the website it belongs to.
        branch: of a website: the branch of the ERP it stands for.
        overrides: what it says differently, as a part of the document.
    """

    code: str
    kind: ScopeKind
    website: str | None = None
    branch: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsDocument:
    """
    The whole document.

    Attributes:
        default: what holds where no scope says otherwise (Default Config).
        scopes: websites and store views, in the order told.
        resolved: what holds in each scope, by its code.
    """

    default: ConnectorSettings = field(default_factory=ConnectorSettings)
    scopes: tuple[ScopeSettings, ...] = ()
    resolved: Mapping[str, ConnectorSettings] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def from_document(cls, document: object) -> Self:
        """
        Read the JSON form: the groups of `ConnectorSettings` and `scopes`; what is left out takes its default.

        Raises:
            InvalidSettings: naming every field at fault, those of the scopes included.
        """
        if not isinstance(document, Mapping):
            raise InvalidSettings([SettingFault(field="", expected="an object of settings", value=document)])
        faults: list[SettingFault] = []
        told = {name: value for name, value in document.items() if name != SCOPES}
        default = _read(told, "", faults)
        scopes = _read_scopes(document.get(SCOPES, []), faults)
        resolved = {} if default is None else _resolve(default, scopes, faults)
        if faults or default is None:
            raise InvalidSettings(faults)
        return cls(default=default, scopes=tuple(scopes), resolved=MappingProxyType(resolved))

    def to_document(self) -> dict[str, Any]:
        """Give the JSON form, every setting told."""
        return {
            **self.default.to_document(),
            SCOPES: [{name: _plain(getattr(scope, name)) for name in _MEMBERS} for scope in self.scopes],
        }

    def of(self, scope: str | None) -> ConnectorSettings:
        """Give what holds in the website or store view *scope*; for None and unknown ones the default."""
        return self.default if scope is None else self.resolved.get(scope, self.default)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _read(document: object, path: str, faults: list[SettingFault]) -> ConnectorSettings | None:
    try:
        return ConnectorSettings.from_document(document, path=path)
    except InvalidSettings as error:
        faults += error.faults
        return None


def _read_scopes(value: object, faults: list[SettingFault]) -> list[ScopeSettings]:
    if not is_list(value):
        faults.append(SettingFault(field=SCOPES, expected="a list of scopes", value=value))
        return []
    scopes: list[ScopeSettings] = []
    for place, each in enumerate(value):
        scope = _read_scope(each, f"{SCOPES}[{place}]", faults)
        if scope is not None:
            if any(other.code == scope.code for other in scopes):
                faults.append(
                    SettingFault(field=f"{SCOPES}[{place}].code", expected="a code that no other has", value=scope.code)
                )
            scopes.append(scope)
    websites = {scope.code for scope in scopes if scope.kind == "website"}
    for place, scope in enumerate(scopes):
        if scope.kind == "store_view" and scope.website not in websites:
            faults.append(
                SettingFault(
                    field=f"{SCOPES}[{place}].website", expected="the code of a website in scopes", value=scope.website
                )
            )
    return scopes


def _read_scope(value: object, path: str, faults: list[SettingFault]) -> ScopeSettings | None:
    if not isinstance(value, Mapping):
        faults.append(SettingFault(field=path, expected="an object", value=value))
        return None
    before = len(faults)
    faults += [
        SettingFault(field=f"{path}.{name}", expected=f"one of {', '.join(_MEMBERS)}", value=member)
        for name, member in value.items()
        if name not in _MEMBERS
    ]
    code = _CODE.read(value.get("code"), f"{path}.code", faults)
    kind = Choice(("website", "store_view")).read(value.get("kind"), f"{path}.kind", faults)
    website, branch = value.get("website"), Text(optional=True).read(value.get("branch"), f"{path}.branch", faults)
    if kind == "website" and website is not None:
        faults.append(SettingFault(field=f"{path}.website", expected="null: this is a website", value=website))
    if kind == "store_view" and branch is not None:
        faults.append(SettingFault(field=f"{path}.branch", expected="null: the branch is the website's", value=branch))
    overrides = value.get("overrides", {})
    if isinstance(overrides, Mapping):
        faults += _misplaced(overrides, f"{path}.overrides")
    else:
        faults.append(SettingFault(field=f"{path}.overrides", expected="an object of settings", value=overrides))
    if len(faults) > before:
        return None
    return ScopeSettings(code=code, kind=kind, website=website, branch=branch, overrides=overrides)


def _misplaced(overrides: Mapping[str, Any], path: str) -> Iterator[SettingFault]:
    """Find what only the whole instance can say."""
    allowed = tuple(paths_for_websites(ConnectorSettings))
    for place, value in _leaves(overrides):
        if not any(place == each or place.startswith(f"{each}.") for each in allowed):
            yield SettingFault(field=f"{path}.{place}", expected="told for the whole instance only", value=value)


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for name, each in value.items():
        place = f"{path}.{name}" if path else str(name)
        if isinstance(each, Mapping) and each:
            yield from _leaves(each, place)
        else:
            yield place, each


def _resolve(
    default: ConnectorSettings, scopes: Sequence[ScopeSettings], faults: list[SettingFault]
) -> dict[str, ConnectorSettings]:
    told = default.to_document()
    documents = {scope.code: laid_over(told, scope.overrides) for scope in scopes if scope.kind == "website"}
    for scope in scopes:
        if scope.kind == "store_view":
            documents[scope.code] = laid_over(documents.get(scope.website or "", told), scope.overrides)
    resolved = {}
    for place, scope in enumerate(scopes):
        settings = _read(documents[scope.code], f"{SCOPES}[{place}].overrides", faults)
        if settings is not None:
            resolved[scope.code] = settings
    return resolved


def differing(document: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Give the part of *document* that differs from *default*: what nobody changed follows later releases."""
    parts: dict[str, Any] = {}
    for name, value in document.items():
        under = default.get(name)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            part = differing(value, under)
            if part:
                parts[name] = part
        elif value != under:
            parts[name] = value
    return parts


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay *above* over *below*: objects member by member, everything else as a whole."""
    together = dict(below)
    for name, value in above.items():
        under = together.get(name)
        together[name] = laid_over(under, value) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return together
