"""All contenders in rounds, one drain at a time; the medians count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.measuring import Contender, Kind, Laboratory, Measurement

_ENGINE: Final = "bench.contenders.engine"
_FLOOR: Final = "bench.contenders.floor"

FLOORS: Final[dict[Kind, Contender]] = {
    "single": Contender(name="floor: plain aio-pika consumer", module=_FLOOR, kind="single", in_flight=16),
    "batch": Contender(name="floor: plain aio-pika consumer", module=_FLOOR, kind="batch", in_flight=1),
}
RIVALS: Final[dict[Kind, Contender]] = {
    "single": Contender(name="FastStream", module="bench.contenders.faststream_app", kind="single", in_flight=16),
    "batch": Contender(
        name="Celery with celery-batches",
        module="bench.contenders.celery_app",
        kind="batch",
        in_flight=2,
        is_celery=True,
    ),
}
ENGINES: Final[dict[Kind, Contender]] = {
    "single": Contender(name="**am-connector**", module=_ENGINE, kind="single", in_flight=16),
    "batch": Contender(name="**am-connector**", module=_ENGINE, kind="batch", in_flight=1),
}
OTHERS: Final = (
    Contender(name="the floor, tuned", module=_FLOOR, kind="single", in_flight=16, tuned=True),
    Contender(
        name="FastStream, tuned", module="bench.contenders.faststream_app", kind="single", in_flight=16, tuned=True
    ),
    Contender(name="the floor, tuned", module=_FLOOR, kind="batch", in_flight=1, tuned=True),
    Contender(name="am-connector", module=_ENGINE, kind="batch", in_flight=4),
)
CONTENDERS: Final = (
    *(each["single"] for each in (FLOORS, RIVALS, ENGINES)),
    *(each["batch"] for each in (FLOORS, RIVALS, ENGINES)),
    *OTHERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The medians of all rounds of one contender; *spread* is from the slowest to the fastest, records a second."""

    contender: Contender
    records: int
    seconds: float
    per_second: float
    spread: tuple[float, float]
    cpu_per_thousand: float
    all_cpu_per_thousand: float
    peak_mib: float


def measure_rounds(
    laboratory: Laboratory,
    contenders: Sequence[Contender],
    *,
    records: int,
    rounds: int,
    note: Callable[[str], None],
) -> dict[Contender, Result]:
    """
    Let every contender drain *records*, *rounds* times, each round all of them one after the other.

    Args:
        laboratory: where.
        contenders: who.
        records: waiting at the start of every drain.
        rounds: 1 or more.
        note: told of every drain.
    """
    measured: dict[Contender, list[Measurement]] = {contender: [] for contender in contenders}
    for number in range(1, rounds + 1):
        for contender in contenders:
            one = laboratory.measure(contender, records)
            measured[contender].append(one)
            who = f"{contender.name.strip('*')}, {contender.kind}, {contender.in_flight} in flight"
            speed, cpu = one.records / one.seconds, one.cpu_seconds / one.records * 1000
            note(f"round {number}/{rounds}: {who}: {speed:,.0f} records/s, {cpu:.2f} CPU s per 1,000")
    return {contender: _result(contender, measurements) for contender, measurements in measured.items()}


def _result(contender: Contender, measurements: Sequence[Measurement]) -> Result:
    speeds = [each.records / each.seconds for each in measurements]
    return Result(
        contender=contender,
        records=measurements[0].records,
        seconds=median(each.seconds for each in measurements),
        per_second=median(speeds),
        spread=(min(speeds), max(speeds)),
        cpu_per_thousand=median(each.cpu_seconds / each.records * 1000 for each in measurements),
        all_cpu_per_thousand=median(each.all_cpu_seconds / each.records * 1000 for each in measurements),
        peak_mib=max(each.peak_mib for each in measurements),
    )
