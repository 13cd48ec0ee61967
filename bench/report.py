"""What a benchmark says: one JSON line as soon as it is known, and a table at the end."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Result:
    """One figure. ``value`` is the median of ``runs``, in ``unit``.

    ``reference`` was measured in the same run, in the same unit; ``ratio`` is value / reference.
    ``target`` in words; ``ok`` says whether it is met, and None that there is no target.
    """

    name: str
    value: float
    unit: str
    target: str
    ok: bool | None
    reference: float | None = None
    ratio: float | None = None
    runs: list[float] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class NotRun:
    """A figure that could not be measured here, and why."""

    name: str
    reason: str


Line = Result | NotRun


def median(values: Sequence[float]) -> float:
    """Return the median; every figure is one."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share (0 to 1) lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def at_least(
    name: str, runs: Sequence[float], unit: str, reference: Sequence[float], ratio: float
) -> Result:
    """Return a rate that must be at least ``ratio`` times its reference."""
    value, beside = median(runs), median(reference)
    return Result(
        name=name,
        value=_short(value),
        unit=unit,
        reference=_short(beside),
        ratio=_short(value / beside),
        target=f"ratio >= {ratio:g}",
        ok=value / beside >= ratio,
        runs=[_short(run) for run in runs],
    )


def at_most(name: str, runs: Sequence[float], unit: str, most: float, note: str = "") -> Result:
    """Return a time or a size that must stay under a limit."""
    value = median(runs)
    return Result(
        name=name,
        value=_short(value),
        unit=unit,
        target=f"<= {most:g} {unit}",
        ok=value <= most,
        runs=[_short(run) for run in runs],
        note=note,
    )


def emit(line: Line) -> None:
    """Print one line of JSON."""
    if isinstance(line, NotRun):
        print(json.dumps({"name": line.name, "ok": None, "not_run": line.reason}), flush=True)
        return
    told = {name: value for name, value in asdict(line).items() if value not in ("", None)}
    told["ok"] = line.ok
    print(json.dumps(told, ensure_ascii=False), flush=True)


def table(lines: Sequence[Line]) -> str:
    """Return the results in columns, those that miss their target marked."""
    rows = [("name", "value", "unit", "reference", "ratio", "target", "")]
    for line in lines:
        if isinstance(line, NotRun):
            rows.append((line.name, "-", "", "", "", "", f"not run: {line.reason}"))
            continue
        verdict = {True: "ok", False: "MISSED", None: ""}[line.ok]
        if line.note:
            verdict = f"{verdict}  ({line.note})"
        rows.append(
            (
                line.name,
                f"{line.value:g}",
                line.unit,
                "" if line.reference is None else f"{line.reference:g}",
                "" if line.ratio is None else f"{line.ratio:g}",
                line.target,
                verdict,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[6]]
        ).rstrip()
        for row in rows
    )


def _short(value: float) -> float:
    """Return four significant figures: the noise is larger."""
    return float(f"{value:.4g}")
