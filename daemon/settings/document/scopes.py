"""Scopes: what a website or store view says differently; the most specific one wins (R59, R72, D26)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Self, TypeAlias

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.kinds import Choice, Text, is_list
from daemon.settings.document.scope_rules import SaidInScope, faults_of_website, misplaced
from queues.errors import InvalidSettings, SettingFault

ScopeKind: TypeAlias = Literal["website", "store_view"]

SCOPES: Final = "scopes"
"""The member of the document that holds them."""
_CODE: Final = Text(
    pattern="[a-z][a-z0-9_]{0,31}", expected="a code of the shop: a-z, 0-9 and _, at most 32 characters"
)
_OVERRIDE: Final = re.compile(r"scopes\[(?P<place>\d+)\]\.overrides\.(?P<path>[a-z_.]+)(\[.*)?")
_MEMBERS: Final = ("code", "kind", "website", "branch", "overrides")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSettings:
    """
    One website or store view.

    A store view says nothing differently: through the first of a website its own prices are written.

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

    @classmethod
    def from_stored(cls, document: Mapping[str, Any]) -> tuple[Self, tuple[str, ...]]:
        """
        Read what was stored; what an earlier release took in a scope and nobody ever obeyed is left out there.

        Returns:
            The document, and the paths that were left out.

        Raises:
            InvalidSettings: naming every field at fault.
        """
        left_out: list[str] = []
        told: Mapping[str, Any] = document
        while True:
            try:
                return cls.from_document(told), tuple(left_out)
            except InvalidSettings as error:
                fields = list(dict.fromkeys(fault.field for fault in error.faults))
                told, gone = without_overrides(told, fields)
                if not gone or len(gone) < len(fields):
                    raise
                left_out += gone

    def websites(self) -> Iterator[tuple[ScopeSettings, ConnectorSettings]]:
        """Give the websites with what holds in each, in the order told."""
        return ((scope, self.of(scope.code)) for scope in self.scopes if scope.kind == "website")

    def view_of(self, website: str) -> str | None:
        """Give the code of the store view through which prices of *website* alone are written; None: it has none."""
        return next((scope.code for scope in self.scopes if scope.website == website), None)

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
        faults += misplaced(overrides, f"{path}.overrides", is_website=kind == "website")
    else:
        faults.append(SettingFault(field=f"{path}.overrides", expected="an object of settings", value=overrides))
    if len(faults) > before:
        return None
    return ScopeSettings(code=code, kind=kind, website=website, branch=branch, overrides=overrides)


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
        if settings is None:
            continue
        resolved[scope.code] = settings
        if scope.kind == "website":
            said = SaidInScope(
                overrides=scope.overrides,
                path=f"{SCOPES}[{place}].overrides",
                has_branch=bool((scope.branch or "").strip()),
                has_view=any(other.website == scope.code for other in scopes),
            )
            faults += faults_of_website(said, settings, default)
    return resolved


def without_overrides(document: Mapping[str, Any], fields: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Leave out what *fields* name in overrides, `scopes[0].overrides.orders.type`; tell which of them were there."""
    scopes = [dict(each) if isinstance(each, Mapping) else each for each in document.get(SCOPES, ())]
    gone: list[str] = []
    for field_path in fields:
        found = _OVERRIDE.fullmatch(field_path)
        place = -1 if found is None else int(found["place"])
        if found is None or place >= len(scopes) or not isinstance(scopes[place], dict):
            continue
        overrides = scopes[place].get("overrides")
        if isinstance(overrides, Mapping):
            less = _without(overrides, found["path"].split("."))
            if less != overrides:
                scopes[place]["overrides"] = less
                gone.append(field_path)
    return {**document, SCOPES: scopes}, gone


def _without(group: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    first, *rest = path
    if not rest or not isinstance(group.get(first), Mapping):
        return {name: value for name, value in group.items() if name != first}
    below = _without(group[first], rest)
    return {name: below if name == first else value for name, value in group.items() if name != first or below}


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
