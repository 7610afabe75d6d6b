"""Keys for signed URLs come from the environment, and never show."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tidegauge.errors import TidegaugeError
from tidegauge.signing import load_signer
from tidegauge.stack import Signing

SIGNING = Signing(key_pair_id="KTEST", private_key_env="KEY")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kind: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "KEY, which [signing] of the stack file names, is not set"),
        ({"KEY": ""}, "is not set"),
        ({"KEY": "secret words"}, "KEY is not an unencrypted RSA key"),
        (
            {"KEY": pem(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.PKCS8)},
            "KEY is not an unencrypted RSA key",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_being_shown(environ: dict[str, str], words: str) -> None:
    with pytest.raises(TidegaugeError) as refused:
        load_signer(SIGNING, environ)
    told = refused.value.message + refused.value.hint
    assert words in told
    assert not environ.get("KEY") or environ["KEY"] not in told


@pytest.mark.parametrize(
    "kind", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_keys_as_pkcs_1_and_8_sign_and_are_not_part_of_any_text(kind: serialization.PrivateFormat) -> None:
    text = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048), kind)
    signer = load_signer(SIGNING, {"KEY": text})
    query = signer.query("https://d1.cloudfront.net/assets/a.gif", 1_730_500_000)
    names = [part.partition("=")[0] for part in query.split("&")]
    assert names == ["Expires", "Signature", "Key-Pair-Id"]
    assert not set("+/ ") & set(query)
    assert "private_key" not in repr(signer)
