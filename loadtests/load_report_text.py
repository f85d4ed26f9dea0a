"""The result of a load test in words, for a terminal. Pure."""

from typing import Any

Json = dict[str, Any]


def text(found: Json) -> str:
    """The report in some lines, for a terminal."""
    head = f"{'':34} {'count':>9} {'failed':>7} {'shed':>6} {'/s':>8}"
    head += f" {'p50':>8} {'p99':>8} {'max':>8} ms"
    lines = [
        head,
        *(_words(one) for one in [*found["requests"], {"name": "all", **found["total"]}]),
    ]
    for act in found["acts"]:
        if act["count"]:
            lines.append(
                f"{act['name']} to answer: {act['count']} acts, p50 {act['p50']:.3f} s, "
                f"p99 {act['p99']:.3f} s, longest {act['max']:.3f} s"
            )
    views_ = found["views"]
    lines.append(f"page views: {views_['answered']:,} answered, {views_['counted']:,} counted")
    used = ", ".join(f"{name} {used}" for name, used in found["processor"]["cores_used"].items())
    lines.append(f"cores used: {used}")
    lines += [
        f"WRONG {w['count']} × {w['name']}: {w['kind']}: {w['example']}" for w in found["wrong"]
    ]
    return "\n".join([*lines, headline(found)])


def _words(one: Json) -> str:
    times = " ".join(f"{one.get(name, 0):8.1f}" for name in ("p50", "p99", "max"))
    counts = f"{one['count']:9,} {one['failures']:7,} {one['shed']:6,} {one['per_second']:8.1f}"
    return f"{one['name']:34} {counts} {times}"


def headline(found: Json) -> str:
    """The result in a sentence."""
    total, faults = found["total"], sum(one["count"] for one in found["wrong"])
    count, shed = total["count"], total["shed"]
    refused = f" {shed:,} were refused because of overload." if shed else ""
    if found["cut_short"]:
        return f"Cut short: {count:,} answers, {faults:,} of them wrong.{refused}"
    if faults:
        return f"{faults:,} things were wrong among {count:,} answers.{refused}"
    if found["overloaded"]:
        return f"Too much for this machine: of {count:,} requests {shed:,} were refused."
    right = f"All {count - shed:,} answers were right.{refused}"
    return right if count else "Nothing was measured."
