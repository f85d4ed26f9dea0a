"""What a run of measurements found: rows that can be printed, kept and drawn."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``ranges`` is the size of the registry it was measured on, ``clients`` how many
    asked at once; ``engine`` is the one that held the published tables, or none."""

    name: str
    value: float
    unit: str
    ranges: int
    engine: str = ""
    clients: int = 1


@dataclass(frozen=True, slots=True)
class Results:
    """All figures of a run and the machine they are from."""

    machine: dict[str, Any]
    rows: tuple[Row, ...]

    def value(self, name: str, ranges: int | None = None, **more: Any) -> float:
        """One figure, of the largest registry unless its size is said. Raises KeyError."""
        wanted = {"ranges": self.largest if ranges is None else ranges, **more}
        for row in self.rows:
            if row.name == name and all(getattr(row, k) == v for k, v in wanted.items()):
                return row.value
        raise KeyError(f"{name} {wanted}")

    def best(self, name: str, engine: str) -> float:
        """The highest of a figure that was measured with several numbers of clients."""
        return max(row.value for row in self.rows if (row.name, row.engine) == (name, engine))

    @property
    def smallest(self) -> int:
        """Ranges of the smallest registry measured."""
        return min(row.ranges for row in self.rows)

    @property
    def largest(self) -> int:
        """Ranges of the largest registry measured."""
        return max(row.ranges for row in self.rows)

    def write(self, path: Path) -> None:
        """Keep the run as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"machine": self.machine, "rows": [asdict(row) for row in self.rows]}
        path.write_text(json.dumps(kept, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Results":
        """What :meth:`write` wrote."""
        kept = json.loads(path.read_text())
        return cls(kept["machine"], tuple(Row(**row) for row in kept["rows"]))


def machine() -> dict[str, Any]:
    """This machine, and how busy it was when the run began."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = Path("/proc/meminfo").read_text().split()[1]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": models[0] if models else platform.machine(),
        "memory_gb": round(int(memory) / 1e6),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def table(rows: Iterable[Row]) -> str:
    """The rows as aligned text."""
    return "\n".join(
        f"{row.value:>14,.4g} {row.unit:<12} {row.ranges:>9,} ranges  {row.engine:<10} "
        f"{row.clients:>2} client(s)  {row.name}"
        for row in rows
    )
