"""Who can reach whom: every running container tries every other, by name and by address."""

import ipaddress
import json
import socket

from containers import Containers

PORTS = {
    "postgres-record": 5432,
    "postgres-edge": 5432,
    "valkey": 6379,
    "issuer": 8101,
    "registry": 8102,
    "verifier": 8103,
    "nginx": 8080,
    "office": 8102,
}
# From -> what it must reach. Everything else must be out of its reach.
REACHES = {
    "nginx": {"verifier"},
    "office": {"registry", "issuer"},
    "verifier": {"postgres-edge", "valkey"},
    "webhooks": {"postgres-edge"},
    "registry": {"postgres-record", "issuer", "verifier"},
    "follower": {"postgres-record", "issuer"},
    "issuer": {"postgres-record"},
    "signer": {"postgres-record"},
    "postgres-edge": {"postgres-record"},
    "postgres-record": set[str](),
    "valkey": set[str](),
}
# Neighbours in a network, though neither has a reason to call the other that way round.
NEIGHBOURS = {
    ("verifier", "nginx"),
    ("registry", "office"),
    ("issuer", "office"),
    ("signer", "issuer"),
    ("postgres-record", "issuer"),
    ("postgres-record", "postgres-edge"),
    ("postgres-edge", "verifier"),
    ("postgres-edge", "valkey"),
    ("valkey", "verifier"),
    ("valkey", "postgres-edge"),
}
INTERNET = ("1.1.1.1", 443)
SENDS = "webhooks"  # alone may reach it
# What the verifiers' account must be refused at its own server, tried from a verifier.
ACCOUNT = """
import psycopg
server = "postgresql://tem_verifier@postgres-edge/"
def refused(database, *statements):
    with psycopg.connect(server + database, autocommit=True) as connection:
        for statement in statements:
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
            raise SystemExit("allowed: " + statement)
psycopg.connect(server + "tem_published").execute("SELECT change FROM published.published_state")
refused(
    "tem_published",
    "DELETE FROM published.published_state",
    "CREATE TABLE published.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "SELECT subconninfo FROM pg_subscription",
    "SELECT * FROM pg_authid",
)
refused("tem_verifier", "DELETE FROM audit_entry", "CREATE TABLE mine (a int)")
for database in ("postgres", "template1"):
    try:
        psycopg.connect(server + database)
    except psycopg.OperationalError:
        continue
    raise SystemExit("reached: " + database)
"""


def check_zones(containers: Containers) -> None:
    """Fails at the first way that is open and should not be, or the other way round."""
    containers.exec("verifier", "python", "-c", ACCOUNT)
    inside = {service: containers.of(service)[0] for service in REACHES}
    ways = [
        (target, (address, port))
        for target, port in PORTS.items()
        for address in (target, *containers.addresses(inside[target]))
    ]
    for source, container in inside.items():
        opened = _open(containers, container, [way for _, way in ways] + [INTERNET])
        for target in PORTS:
            found = opened & {way for name, way in ways if name == target}
            if target != source and (source, target) not in NEIGHBOURS:
                expected = target in REACHES[source]
                assert bool(found) == expected, f"{source} -> {target}: {found or 'closed'}"
        assert source == SENDS or INTERNET not in opened, f"{source} reaches the Internet"
        may = 'touch /tried || [ $(id -u) = 0 ] || grep -q "^CapEff:.*[1-9a-f]" /proc/self/status'
        assert not containers.works(container, "sh", "-c", may), f"{source} has rights it must not"


def reached_machine(containers: Containers) -> list[str]:
    """The services whose containers open a connection to the machine itself, at a gateway.

    Networks do not keep them from it, a rule of the machine's firewall does.
    """
    with socket.create_server(("0.0.0.0", 0)) as service:
        port = service.getsockname()[1]
        return [
            source
            for source in REACHES
            for container in containers.of(source)[:1]
            if _open(
                containers,
                container,
                [(_gateway(containers, name), port) for name in containers.networks(container)],
            )
        ]


def _gateway(containers: Containers, network: str) -> str:
    """The machine's own address in a network."""
    told = json.loads(containers.docker("network", "inspect", network))
    how = told[0]["IPAM"]["Config"][0]
    return how.get("Gateway") or str(ipaddress.ip_network(how["Subnet"])[1])


def _open(
    containers: Containers, container: str, tries: list[tuple[str, int]]
) -> set[tuple[str, int]]:
    """Those of some addresses that take a connection; all are tried at once."""
    lines = [
        f"(timeout 3 bash -c 'exec 3<>/dev/tcp/{host}/{port}' 2>/dev/null && echo {n}) &"
        for n, (host, port) in enumerate(tries)
    ]
    told = containers.docker("exec", container, "bash", "-c", "\n".join([*lines, "wait"]))
    return {tries[int(n)] for n in told.split()}
