"""The fault switches of the sandbox store."""

import pytest

from daemon.sandbox.faults import MODES, Fault, FaultBoard, FaultError, Mode, instead_of_an_answer, read_fault
from daemon.sandbox.magento.errors import Refusal

PRICES = "/rest/all/V1/products/base-prices"
STOCK = "/rest/all/V1/inventory/source-items"


def test_a_switch_with_a_path_leaves_other_paths_alone() -> None:
    board = FaultBoard()
    board.switch_on(Fault(mode="error_500", path="base-prices"))

    assert list(board.take(PRICES)) == ["error_500"]
    assert board.take(STOCK) == {}


def test_a_counted_switch_goes_off_by_itself() -> None:
    board = FaultBoard()
    board.switch_on(Fault(mode="error_500", count=2, path="base-prices"))

    assert [bool(board.take(path)) for path in (PRICES, STOCK, PRICES, PRICES)] == [True, False, True, False]
    assert board.active() == []


def test_several_switches_may_be_on_and_the_same_one_is_replaced() -> None:
    board = FaultBoard()
    board.switch_on(Fault(mode="slow", seconds=1))
    board.switch_on(Fault(mode="slow", seconds=2))
    board.switch_on(Fault(mode="reset_after"))

    assert [(entry["mode"], entry["seconds"]) for entry in board.active()] == [("slow", 2), ("reset_after", None)]


def test_switching_off_by_mode_keeps_the_others() -> None:
    board = FaultBoard()
    board.switch_on(Fault(mode="slow", seconds=1))
    board.switch_on(Fault(mode="down"))

    board.switch_off("slow")

    assert [entry["mode"] for entry in board.active()] == ["down"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "mode"),
        ({"mode": "sleepy"}, "mode"),
        ({"mode": "slow"}, "seconds"),
        ({"mode": "down", "count": 0}, "count"),
        ({"mode": "down", "count": "3"}, "count"),
        ({"mode": "down", "count": True}, "count"),
        ({"mode": "partial", "every": 0}, "every"),
        ({"mode": "partial", "form": "size"}, "form"),
        ({"mode": "down", "colour": "red"}, "colour"),
        (["down"], "object"),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused_with_its_member(given: object, named: str) -> None:
    with pytest.raises(FaultError, match=named):
        read_fault(given)


def test_every_mode_can_be_read() -> None:
    assert [read_fault({"mode": mode, "seconds": 1}).mode for mode in MODES] == list(MODES)


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("maintenance", 503),
        ("bad_gateway", 502),
        ("rate_limited", 429),
        ("error_500", 500),
        ("unauthorised", 401),
        ("not_found", 404),
        ("deadlock", 400),
    ],
)
def test_a_switch_answers_in_the_shops_place(mode: Mode, status: int) -> None:
    answer = instead_of_an_answer({mode: Fault(mode=mode)}, PRICES)

    assert answer is not None
    assert getattr(answer[0], "status", None) == status


def test_a_rate_limit_says_when_to_come_back() -> None:
    answer = instead_of_an_answer({"rate_limited": Fault(mode="rate_limited", retry_after=30)}, PRICES)

    assert answer is not None
    fault, headers = answer
    assert isinstance(fault, Refusal)
    assert fault.body() == {"message": "Too Many Requests", "trace": None}
    assert headers == {"Retry-After": "30"}


@pytest.mark.parametrize(
    ("path", "message"), [(PRICES, "Could not save Prices."), (STOCK, "Could not save Source Item")]
)
def test_a_deadlock_speaks_the_words_of_the_call(path: str, message: str) -> None:
    answer = instead_of_an_answer({"deadlock": Fault(mode="deadlock")}, path)

    assert answer is not None
    assert isinstance(answer[0], Refusal)
    assert answer[0].message == message


def test_a_rejected_sku_is_refused_in_any_letter_case_until_accepted() -> None:
    board = FaultBoard()
    board.reject("AC-1013", "Not today.")

    assert board.price_row(0, "ac-1013") == {"message": "Not today.", "parameters": ["ac-1013"]}
    assert board.price_row(0, "AC-1014") is None
    refusal = board.record("AC-1013")
    assert refusal is not None
    assert refusal.message == "Not today."

    board.accept("AC-1013")

    assert board.price_row(0, "AC-1013") is None
    assert board.record("AC-1013") is None


def test_a_partial_failure_hits_every_so_many_th_row_and_names_no_sku() -> None:
    board = FaultBoard()
    with board.partial(Fault(mode="partial", every=3)):
        refused = [board.price_row(position, f"AC-{position}") for position in range(7)]

    assert [position for position, row in enumerate(refused) if row is not None] == [2, 5]
    assert refused[2] == {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": ["Price", "x"]}
    assert board.price_row(2, "AC-2") is None
