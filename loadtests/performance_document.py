"""``python -m loadtests.performance_document [RESULTS]``: the figures of docs/performance.md.

The run they come from is kept beside them as ``docs/performance.json``; a test compares. RESULTS,
what a new ``make bench`` wrote, takes its place.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from loadtests.performance_picture import drawing
from loadtests.ratios import MISSED_BECAUSE

DOCS = Path(__file__).parent.parent / "docs"
KEPT, PAGE, PICTURE = (DOCS / f"performance.{kind}" for kind in ("json", "md", "svg"))
Results = dict[str, Any]


def main() -> int:
    """Take over a run if one is named, and write the page and the picture anew."""
    if sys.argv[1:]:
        KEPT.write_text(Path(sys.argv[1]).read_text("utf-8"), "utf-8")
    results = read(KEPT)
    PAGE.write_text(written(PAGE.read_text("utf-8"), results), "utf-8")
    PICTURE.write_text(drawing(results["ratios"]), "utf-8")
    return 0


def read(path: Path) -> Results:
    """A run. Raises ValueError for one of a size that the targets do not speak of."""
    results: Results = json.loads(path.read_text("utf-8"))
    if not results["is_whole"]:
        raise ValueError("a small run tries the bench and measures nothing")
    return results


def written(page: str, results: Results) -> str:
    """The page with its blocks of figures filled from a run. Raises ValueError if it lacks one."""
    blocks = {"machine": machine(results), "ratios": ratios(results), "figures": figures(results)}
    for name, text in blocks.items():
        place = re.compile(rf"<!-- {name} -->\n.*?<!-- end -->", re.S)
        block = f"<!-- {name} -->\n{text}\n<!-- end -->"
        page, found = place.subn(lambda _, block=block: block, page)
        if found != 1:
            raise ValueError(f"the page has {found} blocks called {name}")
    return page


def machine(results: Results) -> str:
    """Where it was measured, in words."""
    m = results["machine"]
    engines = ", ".join(f"{name} {number}" for name, number in m["engines"].items())
    packages = ", ".join(f"{name} {number}" for name, number in m["packages"].items())
    return (
        f"{m['cores']} cores ({m['processor']}), {m['memory_gb']} GB, Python {m['python']}, Linux "
        f"{m['system']}. Pinned: {m['pinned']}. Others used {m['used_by_others']:.0%} of it before "
        f"the run; load {m['load']} before, {m['load_after']} after {m['seconds']} seconds. "
        f"{engines}; {packages}."
    )


def ratios(results: Results) -> str:
    """Every row with its target."""
    head = (
        "| what | median | target | | lowest to highest round |\n| --- | ---: | ---: | --- | ---: |"
    )
    rows = []
    for row in results["ratios"]:
        sign = "≥" if row["bound"] == "at least" else "≤"
        unit = f" {row['unit']}" if row["unit"] else ""
        low, high = row["spread"]
        met = "met" if row["met"] else _missed(row)
        rows.append(
            f"| {row['name']} | {row['value']:,g}{unit} | {sign} {row['target']:g} | {met} "
            f"| {low:,g} to {high:,g} |"
        )
    return "\n".join([head, *rows])


def _missed(row: dict[str, Any]) -> str:
    """With its reason, if its value is not it."""
    reason = row["measured"].get(MISSED_BECAUSE)
    return f"**missed**: {reason}" if reason else "**missed**"


def figures(results: Results) -> str:
    """What the rows come from."""
    lines = []
    for row in results["ratios"]:
        if row["measured"]:
            told = "; ".join(f"{name} {_told(value)}" for name, value in row["measured"].items())
            lines.append(f"- *{row['name']}*: {told}")
    return "\n".join(lines)


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_told(one) for one in value)
    return value if isinstance(value, str) else f"{value:,g}"


if __name__ == "__main__":
    sys.exit(main())
