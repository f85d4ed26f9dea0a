"""The compose files, read without starting them: what every container is refused and limited to.

That they work is shown by starting them (`tests/compose/journey.py`).
"""

import base64
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
ALONE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "one-machine.yml").read_text("utf-8"))
ONCE = {"setup", "migrate", "issuer-keys", "verifier-keys"}
ALL = [(name, service) for name, service in COMPOSE["services"].items()]
RUNNING = [(name, service) for name, service in ALL if name not in ONCE]
TEM = ALONE["services"]["tem"]
# As docs/operations.md has it. The engine's own names for what each network joins.
NETWORKS = {
    "public": {"nginx"},
    "edge": {"nginx", "verifier"},
    "edge-db": {"verifier", "verifier-keys", "postgres-edge", "valkey", "migrate"},
    "replication": {"postgres-edge", "postgres-record"},
    "desk": {"office"},
    "counter": {"office", "registry"},
    "press": {"office", "issuer"},
    "record": {"registry", "follower", "postgres-record", "migrate"},
    "mint": {"registry", "follower", "issuer"},
    "issuer-db": {"issuer", "signer", "issuer-keys", "postgres-record"},
    "tally": {"registry", "verifier"},
    "outbox": {"webhooks", "postgres-edge"},
    "egress": {"webhooks"},
}


@pytest.mark.parametrize(("name", "service"), [*ALL, ("tem", TEM)])
def test_every_container_has_as_few_rights_as_can_be(name: str, service: dict[str, Any]) -> None:
    """No root, no capability, no new privilege, nothing to write but volumes and memory."""
    uid, gid = service["user"].split(":")
    assert int(uid) > 0 and int(gid) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "pid" not in service


@pytest.mark.parametrize(("name", "service"), [*ALL, ("tem", TEM)])
def test_every_container_is_limited(name: str, service: dict[str, Any]) -> None:
    """Memory, processes, logs and temporary files have bounds; an end has time."""
    assert service["mem_limit"] and service["mem_limit"] == service["memswap_limit"]
    assert service["pids_limit"] and service["stop_grace_period"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert all("size=" in mount for mount in service["tmpfs"])


@pytest.mark.parametrize(("name", "service"), [*RUNNING, ("tem", TEM)])
def test_whatever_runs_says_whether_it_is_well(name: str, service: dict[str, Any]) -> None:
    """Each has a health check and starts again after a crash or a restart of the machine."""
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


def test_whatever_runs_once_is_waited_for() -> None:
    """`up --wait` needs each step's end to be somebody's condition, or it never ends well."""
    awaited = {
        other
        for _, service in ALL
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert awaited == ONCE
    assert all(COMPOSE["services"][name]["restart"] == "no" for name in ONCE)


def test_networks_are_the_zones() -> None:
    """Each network joins those that must talk, and no others; setup is in none."""
    found: dict[str, set[str]] = {}
    for name, service in ALL:
        for network in service.get("networks", ()):
            found.setdefault(network, set()).add(name)
    assert found == NETWORKS
    assert COMPOSE["services"]["setup"]["network_mode"] == "none"


def test_only_the_two_doors_lead_out() -> None:
    """Every network but those of the published ports is internal, and these have one member; one
    more is for the container that sends to the Internet, and through it nobody comes in."""
    doors = {name for name, how in COMPOSE["networks"].items() if not how.get("internal")}
    published = {name for name, service in ALL if "ports" in service}
    assert (doors - {"egress"}, published) == ({"public", "desk"}, {"nginx", "office"})
    assert {next(iter(NETWORKS[name])) for name in doors} == published | {"webhooks"}
    ports = [port for _, service in ALL for port in service.get("ports", ())]
    assert all(re.fullmatch(r"\$\{\w+:-127\.0\.0\.1:\d+\}:\d+", port) for port in ports), ports


def test_the_operations_document_has_the_networks() -> None:
    """The table of docs/operations.md lists each network with its members."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for network, members in NETWORKS.items():
        (row,) = re.findall(rf"^\| `{network}` \|(.+)\|$", text, re.M)
        assert {word.strip() for word in row.split("|")[0].split(",")} == members - ONCE, network


def test_no_file_for_deployment_holds_a_secret() -> None:
    """No password stands in an address, a setting or a configuration: they come from files."""
    for path in (ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*")):
        if path.is_file():
            text = path.read_text("utf-8")
            assert not re.search(r"://\w+:[^@\s{}]+@", text), path
            assert not re.search(r"(?m)^(requirepass|masterauth|user) ", text), path
    for name, service in ALL:
        secret = {key for key in service.get("environment", {}) if re.search("PASSW|SECRET", key)}
        assert all(key.endswith("_FILE") for key in secret), name


def test_every_tem_setting_in_the_compose_files_exists() -> None:
    """A misspelt setting would do nothing."""
    from tem.settings import SETTINGS

    for _, service in [*ALL, ("tem", TEM)]:
        given = {name for name in service.get("environment", {}) if name.startswith("TEM_")}
        assert given <= SETTINGS, given - SETTINGS


# What the compose file decides: it says where each container finds the others and its files.
DECIDED = {
    *("TEM_BIND", "TEM_DATA", "TEM_TRUST_FILE"),  # by image and mounts
    *("TEM_ISSUER_DATABASE_URL", "TEM_REGISTRY_DATABASE_URL", "TEM_VERIFIER_DATABASE_URL"),
    *("TEM_PUBLISHED_DATABASE_URL", "TEM_ISSUER_URL", "TEM_VERIFIER_VALKEY_URL"),
    *("TEM_REGISTRY_ISSUER_KEY_FILE", "TEM_VERIFIER_VALKEY_PASSWORD_FILE"),  # made at the start
    *("TEM_VERIFIER_URL", "TEM_REGISTRY_VERIFIER_KEY_FILE"),  # made at the start as well
    "TEM_PACK_KEY_FILE",
    "TEM_ISSUER_HIGH_WATER_FILE",  # one for web app and signer, in the volume of both
    *("TEM_VERIFIER_PROXIES", "TEM_REGISTRY_PROXIES"),  # nginx, and nobody else
    "TEM_VERIFIER_WEBHOOKS",  # by a container of its own, or the one there is
}


@pytest.mark.parametrize("alone", [False, True])
def test_every_documented_setting_can_be_given_in_a_file_env(alone: bool) -> None:
    """What is not decided by the compose file is passed on to each service that reads it."""
    told = set(re.findall(r"^\| `(TEM_\w+)`", (ROOT / "docs/operations.md").read_text(), re.M))
    services = {"tem": TEM} if alone else COMPOSE["services"]
    decided = {name for name in DECIDED if not (alone and name.endswith("_PROXIES"))}
    for name, prefixes in {
        "issuer": ("TEM_ISSUER_", "TEM_ENVIRONMENT", "TEM_PUBLIC_URL"),
        "registry": ("TEM_REGISTRY_",),
        "verifier": ("TEM_VERIFIER_", "TEM_OFFICE_CONTACT", "TEM_PUBLIC_URL"),
    }.items():
        given = services["tem" if alone else name]["environment"]
        passed = {n for n, value in given.items() if value is None or f"${{{n}:-" in value}
        read = {one for one in told if one.startswith(prefixes)}
        assert read - decided == read & passed, name
        told -= read
    assert told <= DECIDED


def test_an_empty_setting_is_not_set() -> None:
    """A line `NAME=` in a file .env leaves the service its default."""
    from tem import settings

    assert settings.whole({"N": ""}, "N", 7, 0, 9) == 7
    assert settings.one_of({"N": ""}, "N", "a", ("a", "b")) == "a"
    assert settings.public_url({"N": ""}, "N", "https://t.vn") == "https://t.vn"


def _setup(folder: Path, volumes: list[str]) -> None:
    for name in volumes:
        (folder / name).mkdir(exist_ok=True)
    spec = importlib.util.spec_from_file_location("setup_step", ROOT / "deploy" / "setup.py")
    assert spec and spec.loader
    step = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(step)
    step.SHIPPED, step.ENGINES = folder / "shipped", _own_group()
    step.main(folder)


def _own_group() -> int:
    import os

    return os.getgid()


def _written(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "shipped" not in path.parts
    }


@pytest.fixture
def volumes(tmp_path: Path) -> list[str]:
    """The names of the volumes of the compose file that the first step fills."""
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for path in (*(ROOT / "deploy" / "postgres").iterdir(), ROOT / "deploy/valkey/valkey.conf"):
        (shipped / path.name).write_bytes(path.read_bytes())
    mounted = COMPOSE["services"]["setup"]["volumes"]
    return [mount.rsplit("/", 1)[1] for mount in mounted]


def test_the_first_step_makes_secrets_once(tmp_path: Path, volumes: list[str]) -> None:
    """A second start changes nothing; a password put aside is made anew wherever it is used."""
    _setup(tmp_path, volumes)
    first = _written(tmp_path)
    _setup(tmp_path, volumes)
    assert _written(tmp_path) == first
    (tmp_path / "accounts" / "tem_issuer").unlink()
    _setup(tmp_path, volumes)
    changed = {name for name, content in _written(tmp_path).items() if content != first[name]}
    assert changed == {"accounts/tem_issuer", "issuer/pgpass"}


def test_no_container_is_given_anothers_secret(tmp_path: Path, volumes: list[str]) -> None:
    """Each volume holds the passwords its container uses, private, and no other."""
    _setup(tmp_path, volumes)
    secrets = {
        path.name: path.read_text()
        for path in (tmp_path / "accounts").iterdir()
        if path.name != "pgpass"
    }
    found = {
        name: {who for who, secret in secrets.items() if secret.encode() in text}
        for name in volumes
        for text in [b"".join(p.read_bytes() for p in (tmp_path / name).iterdir())]
    }
    assert found == {
        "accounts": set(secrets),
        "issuer": {"tem_issuer"},
        "registry": {"tem_registry"},
        "verifier": {"tem_verifier", "valkey"},
        "postgres-record": {"record_superuser"},
        "postgres-edge": {"edge_superuser"},
        "valkey": {"valkey"},
    }
    open_to_all = [p for p in tmp_path.glob("[!s]*/*") if p.stat().st_mode & 0o007]
    assert open_to_all == []


def _pages(to: Path, name: str, url: str) -> subprocess.CompletedProcess[str]:
    """What nginx is told at its start."""
    for part in ("servers", "pages/-"):
        (to / part).mkdir(parents=True, exist_ok=True)
    step, shared = ROOT / "deploy" / "nginx" / "pages.py", ROOT / "services/verifier/tem_verifier"
    given = {"TEM_PUBLIC_URL": url, "TEM_OFFICE_CONTACT": "0239 <3>"}
    return subprocess.run(
        [sys.executable, "-I", step, shared, to, name], env=given, capture_output=True, text=True
    )


def test_pages_of_nginx_have_the_words_of_the_verifiers(tmp_path: Path) -> None:
    """Both languages, the Office's contact, and nothing that must be fetched from elsewhere."""
    assert _pages(tmp_path, "public.tls", "https://tem.example.vn").returncode == 0
    texts = json.loads((ROOT / "services/verifier/tem_verifier/texts.json").read_text("utf-8"))
    said = {404: texts["not_found"], 429: texts["limited"], 503: texts["verdicts"]["UNAVAILABLE"]}
    constants = (tmp_path / "servers" / "site.conf").read_text()
    assert '$public_url { default "https://tem.example.vn"; }' in constants
    for status, words in said.items():
        page = (tmp_path / "pages" / "-" / f"{status}.page").read_text("utf-8")
        assert all(words[lang][part] in page for lang in ("vi", "en") for part in words[lang])
        assert "0239 &lt;3&gt;" in page
        assert not re.search(r'(src|href)="(?!data:)', page) and "url(" not in page
        (css,) = re.findall("<style>(.*?)</style>", page, re.S)
        hashed = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        assert f"style-src 'sha256-{hashed}'" in constants


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("public.plain", 'https://tem.vn"; return 200 "'),
        ("public.plain", "tem.vn"),
        ("public.tls", "http://127.0.0.1:8080"),
    ],
)
def test_nginx_starts_with_no_address_that_is_none(tmp_path: Path, name: str, url: str) -> None:
    """Redirects go to TEM_PUBLIC_URL: it is an address, and with a certificate an https one."""
    done = _pages(tmp_path, name, url)
    assert done.returncode == 1 and "TEM_PUBLIC_URL must be like https" in done.stderr


def test_certificates_that_cannot_be_read_end_the_start(tmp_path: Path) -> None:
    """Half a pair is never taken for none, which would leave TLS off unnoticed."""
    start = (ROOT / "deploy/nginx/start.sh").read_text().replace("/tmp", str(tmp_path))
    start = start.replace("/tls", str(tmp_path / "tls"))
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "privkey.pem").symlink_to("gone")
    done = subprocess.run(["sh", "-c", start, "sh", "public"], capture_output=True, text=True)
    assert done.returncode == 1 and "TLS cannot start" in done.stderr


@pytest.mark.parametrize(("path", "status"), [("/readyz", 1), ("/livez", 0)])
def test_the_probe_tells_200_from_anything_else(path: str, status: int) -> None:
    """A container is well if the path answers 200, and no other answer will do."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Half(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/livez" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Half) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        probe = [sys.executable, "-IS", str(ROOT / "deploy" / "healthy.py")]
        done = subprocess.run([*probe, str(server.server_port), path], capture_output=True)
        server.shutdown()
        thread.join()
    assert done.returncode == status


def test_the_offices_door_passes_every_page_and_nothing_else() -> None:
    """What a browser asks of the registry goes through at its port alone; health stays inside."""
    from tests.registry.signed_in import _app

    nginx = ROOT / "deploy" / "nginx"
    (pattern,) = re.findall(r'location ~ "(.+)" \{', (nginx / "office.pages").read_text())
    for rule in _app()[0].url_map.iter_rules():
        inside = rule.rule in ("/livez", "/readyz", "/metrics")
        of_the_api = rule.rule == "/openapi.json" or rule.rule.startswith("/v1/")
        passes = re.search(pattern, re.sub("<[^>]*>", "x", rule.rule)) is not None
        assert passes is not (inside or of_the_api), rule.rule
    for name in ("plain", "tls"):
        servers = (nginx / f"office.{name}.conf").read_text()
        assert re.findall(r"service (\w+):\d+; include /etc/tem/office.pages", servers) == [
            "registry"
        ]
