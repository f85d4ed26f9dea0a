"""A certificate for a trial in an office's network, signed by an authority that is then forgotten.

The one module outside the issuer that may import ``cryptography``: for X.509 alone, never for a
stamp, and for the command ``tem up --tls`` alone. docs/adr/0028-tls-for-a-trial.md
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tem.doors import is_address
from tem.installation import write_private
from tem.tls import TlsFiles

# Browsers refuse certificates of more than 398 days; a phone's clock may be behind by one.
LASTS, EARLIER = timedelta(days=397), timedelta(days=1)
RENEWED = timedelta(days=30)  # before its end, at a start
LOCAL = ("localhost", "127.0.0.1")
KEY_CERT_SIGN, DIGITAL_SIGNATURE = "key_cert_sign", "digital_signature"
_USAGES = (
    *(DIGITAL_SIGNATURE, "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", KEY_CERT_SIGN, "crl_sign", "encipher_only", "decipher_only"),
)


def certify(files: TlsFiles, hosts: Sequence[str], machine: str, now: datetime) -> bool:
    """See that there is a certificate for ``hosts`` and loopback with 30 days left at least.

    True if a new one was made, with a new authority: phones that knew the old one must install
    it. It names ``machine`` too, whose change makes no new one: containers have another each time.
    """
    wanted = {*LOCAL, *hosts}
    if _holds(files, wanted, now):
        return False
    _make(files, sorted({*wanted, machine}), (*hosts, machine)[0], now)
    return True


def _holds(files: TlsFiles, wanted: set[str], now: datetime) -> bool:
    """Whether what is there fits together and serves; whatever cannot be read does not."""
    try:
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = load_pem_private_key(files.key.read_bytes(), None)
        found.verify_directly_issued_by(authority)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return (
        key.public_key() == found.public_key()
        and wanted <= {str(name.value) for name in names}
        and found.not_valid_before_utc <= now <= found.not_valid_after_utc - RENEWED
    )


def _make(files: TlsFiles, names: Sequence[str], called: str, now: datetime) -> None:
    """The authority's key is gone when this ends: nobody can sign anything more with it."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    # Every start anew makes an authority of another name, so that phones tell them apart.
    issuer = _name(f"Tem trial {called[:30]} {now:%Y-%m-%d %H%M%S}")
    authority = (
        _begun(issuer, issuer, authority_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(KEY_CERT_SIGN), critical=True)
        .add_extension(_identifier(authority_key), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _begun(_name(called[:60]), issuer, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(DIGITAL_SIGNATURE), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)
        .add_extension(_identifier(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False
        )
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(files.key, secret)
    write_private(files.certificate, certificate.public_bytes(Encoding.PEM))
    write_private(files.authority, authority.public_bytes(Encoding.PEM))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + LASTS)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage == allowed for usage in _USAGES})


def _identifier(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _general(name: str) -> x509.GeneralName:
    if is_address(name):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)
