"""What a run has come to, as a table for people and as evidence for whoever must find out why."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.chaos.run import Outcome

_CASES: Final = 20


def table(outcome: Outcome) -> Iterator[str]:
    """Tell the run in lines."""
    history, findings, plan = outcome.history, outcome.findings, outcome.plan
    confirmed = sum(each == "confirmed" for each in history.publications.values())
    yield f"chaos: RabbitMQ {outcome.broker_version}, seed {plan.seed}, {plan.seconds:g} s"
    for name, value in (
        ("faults", len(history.faults)),
        ("messages published", len(history.publications)),
        ("of these confirmed", confirmed),
        ("requests at the shop", len(history.requests)),
        ("accepted reprocess clicks", history.clicks.total()),
        ("lost", len(findings.lost)),
        ("unfinished", len(findings.unfinished)),
        ("unexpected", len(findings.unexpected)),
        ("over budget", len(findings.over_budget)),
        ("requests beyond the recorded attempts", len(findings.unrecorded)),
        ("attempted after Failed", len(findings.after_failed)),
        ("clicks lost or doubled", len(findings.generations)),
        ("two claims at once", len(findings.overlapping)),
        ("doubled with a known outcome", len(findings.doubled_known)),
        ("outcomes the shop contradicts", len(findings.untrue)),
        ("given up by the broker", len(findings.given_up)),
        ("doubled with unknown outcome (allowed)", len(findings.doubled_unknown)),
        ("late after standing still (allowed)", len(findings.late)),
        ("there, though nobody had confirmed it (allowed)", len(findings.recovered)),
        ("daemons that ended by themselves, started again", len(history.unexpected_exits)),
    ):
        yield f"  {name:<50} {value:>6}"
    yield "  faults by kind:"
    for name, count in sorted(history.faults_by_name().items()):
        yield f"    {name:<48} {count:>6}"
    for rule, cases in findings.broken().items():
        yield f"BROKEN: {rule}"
        yield from (f"    {case}" for case in cases[:_CASES])


def save(outcome: Outcome, home: Path) -> None:
    """Write down what was found and what happened."""
    history = outcome.history
    evidence = {
        "plan": asdict(outcome.plan),
        "findings": asdict(outcome.findings),
        "faults": [asdict(fault) for fault in history.faults],
        "exits": history.unexpected_exits,
        "frozen": history.frozen,
        "requests": [asdict(request) for request in history.requests],
    }
    (home / "evidence.json").write_text(json.dumps(evidence, indent=1, default=_plain))


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
