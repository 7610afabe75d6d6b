"""CloudFront signed URLs with a canned policy.

Amazon CloudFront Developer Guide, "Create a signed URL using a canned policy": the policy is one statement
of URL and expiry without white space, signed with RSA PKCS #1 v1.5 over SHA-1, and its signature base64
with +, =, / replaced by -, _, ~.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tidegauge.errors import TidegaugeError
from tidegauge.stack import Signing

_URL_SAFE = bytes.maketrans(b"+=/", b"-_~")
_PADDING = PKCS1v15()
_HASH = SHA1()  # noqa: S303  # CloudFront checks signed URLs with no other hash by default


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSigner:
    """Signs URLs with the private key of a key pair that the distribution trusts."""

    key_pair_id: str
    private_key: RSAPrivateKey = field(repr=False)

    def query(self, url: str, expires_unix_s: int) -> str:
        """The parameters to add to `url` (its own query included), good until `expires_unix_s`."""
        policy = json.dumps(
            {
                "Statement": [
                    {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": expires_unix_s}}}
                ]
            },
            separators=(",", ":"),
        )
        signature = base64.b64encode(self.private_key.sign(policy.encode(), _PADDING, _HASH))
        text = signature.translate(_URL_SAFE).decode()
        return f"Expires={expires_unix_s}&Signature={text}&Key-Pair-Id={self.key_pair_id}"


def load_signer(signing: Signing, environ: Mapping[str, str]) -> UrlSigner:
    """The signer of a stack file's `[signing]`; nothing of the key is repeated in errors (exit 2)."""
    name = signing.private_key_env
    pem = environ.get(name, "")
    if not pem:
        raise TidegaugeError(
            f"{name}, which [signing] of the stack file names, is not set",
            f"put the text of the PEM file into {name}",
        )
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise TidegaugeError(
            f"{name} is not an unencrypted RSA key as PEM text", "export the key as PKCS #1 or #8"
        )
    return UrlSigner(key_pair_id=signing.key_pair_id, private_key=key)
