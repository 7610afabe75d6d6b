"""CloudFront signed URLs with a canned policy.

The policy is the one statement that CloudFront rebuilds from URL and Expires; signed with RSA PKCS #1 v1.5
over SHA-1, and base64 with +, =, / replaced by -, _, ~ (Amazon CloudFront Developer Guide, "Create a signed
URL using a canned policy"). About 0.25 ms a URL with a 2048-bit key, so nothing is cached.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra_under_test.app.media_keys import is_public
from infra_under_test.errors import StackError

_URL_SAFE = bytes.maketrans(b"+=/", b"-_~")
_PADDING = PKCS1v15()
_HASH = SHA1()  # noqa: S303  CloudFront accepts no other hash for signed URLs


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSigner:
    """Makes absolute edge URLs, signed where the edge asks for it."""

    cdn_url: str
    key_pair_id: str
    private_key: RSAPrivateKey
    ttl_s: int
    clock: Callable[[], float] = time.time

    def url(self, path: str) -> str:
        """The URL of an edge path (with its leading slash), valid for `ttl_s` from now."""
        url = self.cdn_url + path
        if is_public(path):
            return url
        expires = int(self.clock()) + self.ttl_s
        policy = (
            f'{{"Statement":[{{"Resource":"{url}",'
            f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
        )
        signature = self.private_key.sign(policy.encode(), _PADDING, _HASH)
        text = base64.b64encode(signature).translate(_URL_SAFE).decode()
        return f"{url}?Expires={expires}&Signature={text}&Key-Pair-Id={self.key_pair_id}"


def load_signing_key(pem: str) -> RSAPrivateKey:
    """The RSA key of a PEM text; raises StackError without repeating any of it."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise StackError(
            "SIGNING_PRIVATE_KEY is not a private key in PEM", "set it to an unencrypted RSA key as PEM text"
        ) from error
    if not isinstance(key, RSAPrivateKey):
        raise StackError(
            "SIGNING_PRIVATE_KEY is not an RSA key",
            "set it to an RSA key of 2048 bits, the kind that signs here",
        )
    return key
