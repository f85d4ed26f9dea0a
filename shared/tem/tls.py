"""TLS of one installation: where its certificate lies, and what its own clients believe."""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from tem.installation import Installation


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files of ``tem up --tls``; all are their owner's alone, the authority's is no secret."""

    folder: Path

    @classmethod
    def of(cls, installation: Installation) -> "TlsFiles":
        """Where an installation has them, made or yet to be made."""
        return cls(installation.data / "tls")

    @property
    def authority(self) -> Path:
        """The certificate that phones install, in PEM; nobody has its key."""
        return self.folder / "ca.crt"

    @property
    def certificate(self) -> Path:
        """The services' certificate, in PEM."""
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        """Its private key, in PEM."""
        return self.folder / "server.key"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, as phones show it: ``AB:CD:…``."""
        der = ssl.PEM_cert_to_DER_cert(self.authority.read_text("ascii"))
        return hashlib.sha256(der).digest().hex(":").upper()


def client_context(authority: Path | None) -> ssl.SSLContext:
    """What a client on this machine asks the installation's own services with: it believes what
    the system believes, and the installation's own authority if it has one."""
    context = ssl.create_default_context()
    if authority is not None and authority.exists():
        context.load_verify_locations(authority)
    return context
