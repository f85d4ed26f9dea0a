"""Metrics of a service whose processes are several, in Prometheus' format.

With ``PROMETHEUS_MULTIPROC_DIR`` set, each process keeps its own numbers in files of that folder
and ``/metrics`` of any web worker adds them up. One folder belongs to one service: the signer's
and the follower's numbers are shown by the issuer and the registry. Files bear the process' name
and number: containers that share a folder count their processes from 1 each.
"""

import contextlib
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    values,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
COMMAND = "command"  # whoever is none of the processes that run for long
# A look-up takes some 0.1 ms, an act some ms, an order of millions some seconds.
BUCKETS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_process = COMMAND


def _among() -> int:
    """Which processes numbers are unique among: containers that share a folder are told apart."""
    return Path("/proc/self/ns/pid").stat().st_ino


def _identifier(pid: int | None = None) -> str:
    return f"{_process}-{_among()}-{pid or os.getpid()}"


if FOLDER in os.environ:  # before the first metric is made
    values.ValueClass = values.MultiProcessValue(_identifier)  # type: ignore[no-untyped-call]

REQUESTS = Counter("tem_http_requests", "Answers given", ["service", "method", "status"])
SECONDS = Histogram(
    "tem_http_seconds", "Time to answer, in seconds", ["service", "route_class"], buckets=BUCKETS
)
BUILD = Gauge(
    "tem_build_info",
    "1 for each version that runs",
    ["process", "version", "python"],
    multiprocess_mode="livemax",
)
DATABASE_FAILURES = Counter(
    "tem_database_failures", "Requests that ended with temporarily_unavailable", ["service"]
)


def begin(process: str) -> None:
    """Name this process in its metrics, and forget what died under the same name.

    To be called once, by the one process of that name (a web service: its master).
    """
    _name(process)
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    for dead in (process, COMMAND):
        for path in Path(folder).glob(f"*_{dead}-*.db"):
            path.unlink(missing_ok=True)


def of_worker(process: str) -> None:
    """Name a process that is one of several of that name: it forgets nothing."""
    _name(process)
    BUILD.labels(process, version("tem"), platform.python_version()).set(1)


def alone(process: str) -> None:
    """Name this process, the only one of its name."""
    begin(process)
    of_worker(process)


def forget_worker(pid: int) -> None:
    """A worker has died: what it counted stays counted, what it showed counts no longer."""
    if FOLDER in os.environ:
        multiprocess.mark_process_dead(_identifier(pid))  # type: ignore[no-untyped-call]


def _name(process: str) -> None:
    global _process
    _process = process


def route_class(method: str, rule: str | None) -> str:
    """The kind of call, for the histogram: few words, whatever strangers ask for."""
    if rule is None:
        return "unknown"
    if rule in ("/livez", "/readyz", "/metrics"):
        return "health"
    if rule.startswith(("/s/", "/01/")) and not rule.endswith("/report"):
        return "look_up"
    if rule == "/v1/verifications":
        return "bulk"
    if rule.startswith(("/assets/", "/static/")):
        return "asset"
    if not rule.startswith("/v1/"):
        return "page"
    return "read" if method in ("GET", "HEAD", "OPTIONS") else "act"


def counted_method(method: str) -> str:
    """A method as a label: what strangers invent must not make series without end."""
    return method if method in ("GET", "HEAD", "POST", "PATCH", "OPTIONS") else "other"


def exposition() -> bytes:
    """All numbers of this service as text: of all its processes if they share a folder."""
    folder = os.environ.get(FOLDER)
    if folder is None:  # a single process: the default registry has everything
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    registry.register(Processes(Path(folder)))
    return generate_latest(registry)


class Processes(Collector):
    """What the kernel says of the living processes of a service, added up by name.

    A process lives as long as the file of its living gauges is there. What runs in another
    container than the worker asked cannot be seen: its number is somebody else's here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Count, processor time, memory and open files by process name."""
        total: dict[str, list[float]] = {}
        for name, pid in self._living():
            with contextlib.suppress(OSError, ValueError, IndexError):  # ended this moment
                kernel = (1.0, *_kernel(pid))
                total[name] = [
                    a + b for a, b in zip(total.get(name, [0.0] * 4), kernel, strict=True)
                ]
        running = GaugeMetricFamily("tem_processes", "That run", labels=["process"])
        cpu = CounterMetricFamily("tem_process_cpu_seconds", "Time used", labels=["process"])
        memory = GaugeMetricFamily("tem_process_resident_bytes", "Memory", labels=["process"])
        files = GaugeMetricFamily("tem_process_open_files", "Open files", labels=["process"])
        for name, found in sorted(total.items()):
            running.add_metric([name], found[0])
            cpu.add_metric([name], found[1])
            memory.add_metric([name], found[2])
            files.add_metric([name], found[3])
        return [running, cpu, memory, files]

    def _living(self) -> Iterator[tuple[str, int]]:
        for path in self._folder.glob("gauge_livemax_*-*.db"):
            rest, _, pid = path.stem.removeprefix("gauge_livemax_").rpartition("-")
            name, _, among = rest.rpartition("-")
            if name != COMMAND and among == str(_among()) and pid.isdigit():
                yield name, int(pid)


def _kernel(pid: int) -> tuple[float, float, float]:
    """Processor seconds, resident bytes, open files. proc(5): fields 14, 15 and 24 of stat."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(after_name[11]) + int(after_name[12])
    resident = int(after_name[21]) * os.sysconf("SC_PAGE_SIZE")
    files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
    return ticks / os.sysconf("SC_CLK_TCK"), float(resident), float(files)
