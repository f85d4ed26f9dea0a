"""``python -m loadtests.scale_document [RESULTS]``: the figures and the picture of docs/scale.md.

The run they come from is kept beside them as ``docs/scale.json``; a test compares. RESULTS, the
file a new run wrote, takes its place.
"""

import re
import shutil
import sys
from pathlib import Path

from loadtests.measured import Results, Row
from loadtests.scale_picture import drawing
from loadtests.sizing import PLACES, lines, short

DOCS = Path(__file__).parent.parent / "docs"
KEPT, PAGE, PICTURE = DOCS / "scale.json", DOCS / "scale.md", DOCS / "scale.svg"
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main() -> int:
    """Take over a run if one is named, and write the page and the picture anew."""
    if sys.argv[1:]:
        shutil.copyfile(sys.argv[1], KEPT)
    results = Results.read(KEPT)
    PAGE.write_text(written(PAGE.read_text("utf-8"), results), "utf-8")
    PICTURE.write_text(drawing(results), "utf-8")
    return 0


def written(page: str, results: Results) -> str:
    """The page with its blocks of figures filled from a run. Raises ValueError if it lacks one."""
    blocks = {"machine": machine(results), "needs": needs(results)}
    blocks |= {"measured": measured(results), "clients": by_clients(results)}
    for name, text in blocks.items():
        page = _filled(page, name, text)
    return page


def _filled(page: str, name: str, text: str) -> str:
    block = f"<!-- {name} -->\n{text}\n<!-- end -->"
    place = re.compile(rf"<!-- {name} -->\n.*?<!-- end -->", re.S)
    page, found = place.subn(lambda _: block, page)
    if found != 1:
        raise ValueError(f"the page has {found} blocks called {name}")
    return page


def machine(results: Results) -> str:
    """One sentence on where it was measured."""
    m = results.machine
    return (
        f"{m['cores']} cores ({m['processor']}), {m['memory_gb']} GB, Python {m['python']}, "
        f"shared with other work: load {m['load']} before the run."
    )


def needs(results: Results) -> str:
    """The table of places."""
    head = f"| a year's | {' | '.join(place.name for place in PLACES)} | |"
    rows = [f"| {one.what} | {' | '.join(one.values)} | {one.how} |" for one in lines(results)]
    return "\n".join([head, f"| --- |{' ---: |' * len(PLACES)} --- |", *rows])


def measured(results: Results) -> str:
    """Every figure that was measured at several sizes, or once with one client."""
    sizes = sorted({row.ranges for row in results.rows})
    wanted = [row for row in results.rows if not _is_of_clients(row, results)]
    keys = list(dict.fromkeys((row.name, row.engine, row.unit) for row in wanted))
    found = {(row.name, row.engine, row.ranges): row.value for row in wanted}
    head = f"| ranges published | | {' | '.join(f'{size:,}' for size in sizes)} |"
    rows = []
    for name, engine, unit in sorted(keys, key=lambda key: [k[0] for k in keys].index(key[0])):
        values = [found.get((name, engine, size)) for size in sizes]
        cells = ["" if v is None else f"{short(v)} {unit}" for v in values]
        rows.append(f"| {name} | {ENGINES[engine]} | {' | '.join(cells)} |")
    return "\n".join([head, f"| --- | --- |{' ---: |' * len(sizes)}", *rows])


def by_clients(results: Results) -> str:
    """Acts by the number of clients at once."""
    wanted = [row for row in results.rows if _is_of_clients(row, results)]
    clients = sorted({row.clients for row in wanted})
    found = {(row.name, row.engine, row.clients): row for row in wanted}
    head = f"| clients at once | | {' | '.join(map(str, clients))} |"
    rows = []
    for name, engine in sorted({(row.name, row.engine) for row in wanted}):
        cells = [found[name, engine, count] for count in clients]
        told = " | ".join(f"{short(cell.value)} {cell.unit}" for cell in cells)
        rows.append(f"| {name} | {ENGINES[engine]} | {told} |")
    return "\n".join([head, f"| --- | --- |{' ---: |' * len(clients)}", *rows])


def _is_of_clients(row: Row, results: Results) -> bool:
    same = [one for one in results.rows if (one.name, one.engine) == (row.name, row.engine)]
    return len({one.clients for one in same}) > 1


if __name__ == "__main__":
    sys.exit(main())
