"""The report of a load test as one HTML file that asks nobody for anything. Pure."""

from collections.abc import Sequence
from html import escape
from typing import Any

from loadtests import load_report_charts
from loadtests.load_report_text import headline

Json = dict[str, Any]
ACT_SECONDS = 1.0  # 99 of 100 acts are what every worker says within this
STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1b1b; --soft: #595959; --rule: #ddd;
  --good: #1a6b34; --bad: #b3261e;
  --c1: #20639b; --c2: #b35900; --c3: #2e7d32; --c4: #8e24aa; --c5: #c2185b; --c6: #00796b;
  --c7: #6d4c41; --c8: #546e7a; --c9: #9e9d24; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #ececec; --soft: #a8a8a8;
  --rule: #3a3d42; --good: #7bd88f; --bad: #ff8a80;
  --c1: #7cb8f0; --c2: #ffb366; --c3: #81c784; --c4: #ce93d8; --c5: #f48fb1; --c6: #4db6ac;
  --c7: #bcaaa4; --c8: #b0bec5; --c9: #dce775; } }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--back); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; font-weight: 600; }
.result { font-size: 1.15rem; font-weight: 600; } .good { color: var(--good); }
.bad { color: var(--bad); } .soft { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
td.words { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }
.charts { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; } svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--soft); } .grid { stroke: var(--rule); fill: none; }
.line { fill: none; stroke-width: 1.8; } .limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.keys { margin: .2rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .35em;
  border-radius: 2px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: 0;
  font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
""" + "".join(
    f".line.c{n} {{ stroke: var(--c{n}); }} circle.c{n}, rect.c{n} {{ fill: var(--c{n}); }} "
    f"i.c{n} {{ background: var(--c{n}); }}\n"
    for n in range(1, 10)
)


def page(found: Json) -> str:
    """The document."""
    parts = [_head(found), _charts(found), _acts(found), _requests(found), _verdicts(found)]
    parts += [_wrong(found), _about(found), _reading(found)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>Load test</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _head(found: Json) -> str:
    tone, total, views = "good" if found["ok"] else "bad", found["total"], found["views"]
    settings = found["settings"]
    counts = (
        f"{total['per_second']:,.0f} requests a second from {settings['users']:,} shoppers and "
        f"retailers, {settings['producers']} producers and the office; "
        f"{settings['ranges']:,} ranges of stamps. Of {views['answered']:,} page views the "
        f"verifier counted {views['counted']:,}."
    )
    return (
        f'<h1>Load test</h1>\n<p class="result {tone}">{escape(headline(found))}</p>\n'
        f"<p>{escape(counts)}</p>"
    )


def _charts(found: Json) -> str:
    line = found["timeline"]
    seconds, draw = line["seconds"], load_report_charts.lines
    looks = {name: line["look_ups"][name] for name in ("p50", "p90", "p99", "max")}
    figures = [
        ("Requests a second by who makes them", draw(seconds, line["roles"], "1/s")),
        ("Time of a public look-up", draw(seconds, looks, "ms")),
        ("Look-ups a second by the verdict expected", draw(seconds, line["verdicts"], "1/s")),
        ("Their times", load_report_charts.spans(_spans(found["verdicts"]), "ms")),
        ("Times of all requests by who makes them", _spans_of_roles(found)),
    ]
    taken = {one["name"]: one["seconds"] for one in found["acts"] if one["seconds"]}
    if taken:
        dots = load_report_charts.dots(taken, "s", ACT_SECONDS)
        figures.append(("From an act to the answer of every worker", dots))
    inside = "\n".join(f"<figure><h3>{escape(h)}</h3>\n{svg}</figure>" for h, svg in figures)
    return f'<h2>Over the run</h2>\n<div class="charts">\n{inside}\n</div>'


def _spans(rows: Sequence[Json]) -> list[tuple[str, float, float, float]]:
    return [(one["name"], one["p50"], one["p90"], one["p99"]) for one in rows if "p99" in one]


def _spans_of_roles(found: Json) -> str:
    return load_report_charts.spans(_spans(found["roles"]), "ms")


TIMES = ("p50", "p90", "p99", "p999", "max")
REQUESTS = (
    "Times in milliseconds. Shed: refused with 503 and Retry-After because of overload, which is "
    "no wrong answer."
)
HEADS = ("count", "failed", "shed", "/s", "p50", "p90", "p99", "p99.9", "max")


def _requests(found: Json) -> str:
    rows = [_cells(one) for one in found["requests"]]
    rows.append(_cells({"name": "all", **found["total"]}))
    return _section("Requests", REQUESTS, ("request", *HEADS), rows)


def _verdicts(found: Json) -> str:
    notes = ", ".join(f"{name} {count:,}" for name, count in sorted(found["notes"].items()))
    told = "Single look-ups by the verdict that the seed demands; any other answer is a failure."
    told += f" Notes seen: {notes}." if notes else ""
    rows = [_cells(one) for one in found["verdicts"]]
    return _section("Verdicts", told, ("verdict", *HEADS), rows)


def _acts(found: Json) -> str:
    rows = []
    for one in found["acts"]:
        times = [f"{one[name]:.3f}" if name in one else "" for name in ("p50", "p90", "p99", "max")]
        rows.append([one["name"], f"{one['count']:,}", *times, str(one["not_seen_before_the_end"])])
    told = (
        "Seconds from the registry's acknowledgement until eight look-ups in a row, each over a "
        f"connection of its own, show the act. The aim: 99 of 100 below {ACT_SECONDS:g} s."
    )
    heads = ("act", "count", "p50", "p90", "p99", "max", "open at the end")
    return _section("From act to answer", told, heads, rows)


def _wrong(found: Json) -> str:
    if not found["wrong"]:
        return '<h2>What was wrong</h2>\n<p class="good">Nothing.</p>'
    rows = [[w["name"], f"{w['count']:,}", w["kind"], w["example"]] for w in found["wrong"]]
    return _section("What was wrong", "", ("where", "count", "what", "example"), rows, words=2)


def _about(found: Json) -> str:
    used = found["processor"]["cores_used"].items()
    told = {
        **{f"machine: {name}": value for name, value in found["machine"].items()},
        "cores used": ", ".join(f"{name} {cores}" for name, cores in used),
        **{f"version: {name}": value for name, value in found["versions"].items()},
        **{name.replace("_", " "): value for name, value in found["settings"].items()},
        **{f"seconds: {name}": f"{value:.1f}" for name, value in found["seconds"].items()},
    }
    rows = "\n".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in told.items())
    return f"<h2>Machine and settings</h2>\n<dl>\n{rows}\n</dl>"


def _reading(found: Json) -> str:
    processor = found["processor"]
    busiest = f"{processor['busiest_locust'] * 100:.0f} %"
    bottleneck = (
        f"The busiest locust process used {busiest} of a core: <strong>locust was the bottleneck"
        "</strong>, so the times above are its own as much as the verifier's."
        if processor["locust_was_the_bottleneck"]
        else f"The busiest locust process used {busiest} of a core."
    )
    return f"""<h2>How to read this</h2>
<p>Every answer was compared with what the seed of the registry demands. Users wait for an answer
before they ask again, so a slow service is asked less: the rate is what these users wanted, not
what the verifier can do. A Python process of locust makes some thousand requests a second at most,
shares the machine with what it measures, and above that is the bottleneck itself. {bottleneck}
What the verifier can do, against nginx and others, is measured by <code>make bench</code>.</p>"""


def _cells(one: Json) -> list[str]:
    times = [f"{one[name]:,.1f}" if name in one else "" for name in TIMES]
    counts = [f"{one[name]:,}" for name in ("count", "failures", "shed")]
    return [one["name"], *counts, f"{one['per_second']:,.1f}", *times]


def _section(
    title: str, told: str, heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 99
) -> str:
    """A heading, a sentence and a table; from column ``words`` on the cells hold text."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "\n".join(_row(cells, words) for cells in rows)
    text = f'<p class="soft">{escape(told)}</p>\n' if told else ""
    return (
        f"<h2>{escape(title)}</h2>\n{text}"
        f'<div class="wide"><table>\n<tr>{top}</tr>\n{body}\n</table></div>'
    )


def _row(cells: Sequence[str], words: int) -> str:
    tags = ["<td>" if place < words else '<td class="words">' for place in range(len(cells))]
    return (
        f"<tr>{''.join(f'{tag}{escape(c)}</td>' for tag, c in zip(tags, cells, strict=True))}</tr>"
    )
