"""`$filter`: the OData v3 conditions of the contract API, compiled to a function over rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from daemon.sandbox.acumatica.contract import Contract, Form
from daemon.sandbox.acumatica.errors import ServerFault
from daemon.sandbox.acumatica.rows import Row, Value, read_moment

Condition: TypeAlias = Callable[[Row], bool]
_Reader: TypeAlias = Callable[[Row], Value]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<typed>(?:datetimeoffset|datetime|date|guid)'(?:[^']|'')*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>-?\d+(?:\.\d+)?[mMdDfFlL]?)
    | (?P<name>[A-Za-z_][\w./]*)
    | (?P<mark>[(),=])
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "substringof": lambda first, second: first in second,
    "startswith": lambda first, second: first.startswith(second),
    "endswith": lambda first, second: first.endswith(second),
}


def compile_filter(contract: Contract, form: Form, text: str) -> Condition:
    """
    Compile a condition; texts are compared as the database does, whatever their letter case.

    Raises:
        ServerFault: 500, it cannot be read, or names a field that the form has not.
    """
    parser = _Parser(contract, form, _tokens(text))
    condition = parser.alternatives()
    parser.expect_end()
    return condition


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise _unreadable(f"Syntax error at position {place}.")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return tokens


def _unreadable(reason: str) -> ServerFault:
    return ServerFault(reason, kind="Microsoft.Data.OData.ODataException")


class _Parser:
    def __init__(self, contract: Contract, form: Form, tokens: list[_Token]) -> None:
        self._contract, self._form, self._tokens, self._place = contract, form, tokens, 0

    def alternatives(self) -> Condition:
        first = self._all_of()
        while self._word("or"):
            first = _either(first, self._all_of())
        return first

    def expect_end(self) -> None:
        if self._place < len(self._tokens):
            raise _unreadable(f"Unexpected '{self._tokens[self._place].text}'.")

    def _all_of(self) -> Condition:
        first = self._single()
        while self._word("and"):
            first = _both(first, self._single())
        return first

    def _single(self) -> Condition:
        if self._word("not"):
            inner = self._single()
            return lambda row: not inner(row)
        if self._mark("("):
            inner = self.alternatives()
            self._need(")")
            return inner
        token = self._peek()
        if token.kind == "name" and token.text in _FUNCTIONS:
            return self._function()
        left = self._operand()
        operator = self._next()
        if operator.text not in _COMPARISONS:
            raise _unreadable(f"An operator was expected, not '{operator.text}'.")
        wanted = self._peek()
        if token.kind == "name" and operator.text == "eq" and wanted.kind == "text":
            self._operand()
            return _OneOf(token.text, left, {_comparable(_unquoted(wanted.text))})
        return _compared(left, _COMPARISONS[operator.text], self._operand(), is_unequal=operator.text == "ne")

    def _function(self) -> Condition:
        test = _FUNCTIONS[self._next().text]
        self._need("(")
        first = self._operand()
        self._need(",")
        second = self._operand()
        self._need(")")
        if self._word("eq"):
            wanted = self._operand()
            return lambda row: test(_lowered(first(row)), _lowered(second(row))) == bool(wanted(row))
        return lambda row: test(_lowered(first(row)), _lowered(second(row)))

    def _operand(self) -> _Reader:
        token = self._next()
        match token.kind:
            case "text":
                text = _unquoted(token.text)
                return lambda _: text
            case "number":
                number = Decimal(token.text.rstrip("mMdDfFlL"))
                return lambda _: number
            case "typed":
                value = _typed(token.text)
                return lambda _: value
            case "name":
                return self._named(token.text)
            case _:
                raise _unreadable(f"A field or value was expected, not '{token.text}'.")

    def _named(self, name: str) -> _Reader:
        words: dict[str, Value] = {"true": True, "false": False, "null": None}
        if name in words:
            word = words[name]
            return lambda _: word
        if name.startswith("cf."):
            return self._custom()
        form, path = self._form, name.split("/")
        for step in path[:-1]:
            part = form.parts.get(step)
            if part is None:
                raise _unreadable(f"Could not find a property named '{step}' on type '{form.name}'.")
            form = self._contract.forms[part.form]
        if path[-1] not in form.fields:
            raise _unreadable(f"Could not find a property named '{path[-1]}' on type '{form.name}'.")
        return _reader(path)

    def _custom(self) -> _Reader:
        self._need("(")
        self._next()
        self._need("=")
        view, _, name = self._next().text.strip("'").partition(".")
        self._need(")")

        def read(row: Row) -> Value:
            member = row.custom.get(view, {}).get(name)
            value = member.get("value") if isinstance(member, dict) else None
            return value if isinstance(value, str | bool | int | Decimal) else None

        return read

    def _peek(self) -> _Token:
        if self._place >= len(self._tokens):
            raise _unreadable("The condition ends too early.")
        return self._tokens[self._place]

    def _next(self) -> _Token:
        token = self._peek()
        self._place += 1
        return token

    def _word(self, word: str) -> bool:
        is_there = self._place < len(self._tokens) and self._tokens[self._place] == _Token("name", word)
        self._place += is_there
        return is_there

    def _mark(self, mark: str) -> bool:
        is_there = self._place < len(self._tokens) and self._tokens[self._place] == _Token("mark", mark)
        self._place += is_there
        return is_there

    def _need(self, mark: str) -> None:
        if not self._mark(mark):
            raise _unreadable(f"'{mark}' was expected.")


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _typed(text: str) -> Value:
    kind, _, quoted = text.partition("'")
    inner = quoted[:-1]
    if kind == "guid":
        return inner
    try:
        return read_moment(inner)
    except ValueError as error:
        raise _unreadable(f"'{inner}' is no date.") from error


def _reader(path: list[str]) -> _Reader:
    if len(path) == 1:
        name = path[0]
        return lambda row: row.values.get(name)

    def read(row: Row) -> Value:
        here: Row | None = row
        for step in path[:-1]:
            here = None if here is None else here.one(step)
        return None if here is None else here.values.get(path[-1])

    return read


def _lowered(value: Value) -> str:
    return "" if value is None else str(value).rstrip().casefold()


def _comparable(value: Value) -> Any:  # noqa: ANN401 - a value of any kind, made fit for comparison with its like
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.rstrip().casefold()
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


def _compared(left: _Reader, operator: Callable[[Any, Any], bool], right: _Reader, *, is_unequal: bool) -> Condition:
    def holds(row: Row) -> bool:
        first, second = _comparable(left(row)), _comparable(right(row))
        if first is None or second is None:
            return (first is not second) if is_unequal else (first is None and second is None and operator(0, 0))
        if type(first) is not type(second):
            first, second = str(first), str(second)
        return operator(first, second)

    return holds


def _both(first: Condition, second: Condition) -> Condition:
    return lambda row: first(row) and second(row)


def _either(first: Condition, second: Condition) -> Condition:
    if isinstance(first, _OneOf) and isinstance(second, _OneOf) and first.field == second.field:
        return first.or_one_of(second)
    return lambda row: first(row) or second(row)


class _OneOf:
    """A field is one of some texts: keys are asked for by the hundred, and each row is looked at once for all."""

    def __init__(self, field: str, read: _Reader, wanted: set[str]) -> None:
        self.field = field
        self._read = read
        self.wanted = wanted

    def or_one_of(self, other: "_OneOf") -> "_OneOf":
        """Allow the texts of *other* as well; the condition belongs to the parser that is building it."""
        self.wanted |= other.wanted
        return self

    def __call__(self, row: Row) -> bool:
        value = _comparable(self._read(row))
        return value is not None and (value if isinstance(value, str) else str(value)) in self.wanted
