"""A key pair for CloudFront signed URLs, made anew for each local stack."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048  # the only size that CloudFront takes


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """The private half signs in the API, the public half verifies at the edge."""

    key_pair_id: str
    private_pem: str = field(repr=False)
    public_der_base64: str


def make_signing_key() -> SigningKey:
    """A fresh RSA key with an id in the form of CloudFront's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return SigningKey(
        key_pair_id=f"K{secrets.token_hex(7).upper()[:13]}",
        private_pem=pem.decode(),
        public_der_base64=base64.b64encode(der).decode(),
    )
