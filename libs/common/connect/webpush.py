"""Web push as values: a text that one browser alone can read (RFC 8291), sent in our name (RFC 8292).

A browser's subscription is the address of its push service and two keys. What lies between us and the browser sees
neither the text nor its true length, and takes it from the holder of our own key alone.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Self

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAX_BODY = 4096  # bytes, encrypted: what every push service takes (RFC 8030 §7.2)
SALT = 16  # bytes
LIFE = 12 * 3600  # seconds of a token: services take 24 hours at most, and clocks differ

_SECRET = 32
_AUTH = 16
_POINT = 65
_LAST = b"\x02"  # the delimiter of the last record, after which there could be padding
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*={0,2}")


@dataclass(frozen=True, slots=True)
class Browser:
    """The keys of a browser's subscription."""

    key: EllipticCurvePublicKey
    auth: bytes

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> Self:
        """Read the keys as browsers give them. Raises ValueError."""
        secret = decoded(auth)
        if len(secret) != _AUTH:
            raise ValueError(f"the secret is not of {_AUTH} bytes")
        return cls(point(p256dh), secret)


class VapidKey:
    """The key that shows push services who sends. The representation shows nothing of it."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._key = key
        #: As browsers subscribe with it.
        self.public = encoded(_raw(key.public_key()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key as it is given to a service: the private number in base64url. Raises ValueError."""
        number = decoded(text.strip())
        if len(number) != _SECRET:
            raise ValueError(f"not base64url of {_SECRET} bytes")
        return cls(derive_private_key(int.from_bytes(number), SECP256R1()))

    def __repr__(self) -> str:
        return f"VapidKey({self.public})"

    def authorization(self, origin: str, subject: str, now: float) -> str:
        """Return the header for a push service; `subject` is whom it may write to, `now` real time."""
        claims = {"aud": origin, "exp": int(now) + LIFE, "sub": subject}
        return f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self.public}"


def new_vapid_key() -> str:
    """Return a fresh key as it is given to a service."""
    number = generate_private_key(SECP256R1()).private_numbers().private_value
    return encoded(number.to_bytes(_SECRET))


def encrypted(text: bytes, browser: Browser, own: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Return the body of a push; `own` and `salt` are random, and of this body alone."""
    ours, theirs = _raw(own.public_key()), _raw(browser.key)
    shared = _derived(own.exchange(ECDH(), browser.key), browser.auth, b"WebPush: info\0" + theirs + ours, 32)
    key = _derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + MAX_BODY.to_bytes(4) + len(ours).to_bytes(1) + ours
    return header + AESGCM(key).encrypt(nonce, text + _LAST, None)


def fresh_key() -> EllipticCurvePrivateKey:
    """Return a key for one body."""
    return generate_private_key(SECP256R1())


def point(text: str) -> EllipticCurvePublicKey:
    """Read a public key: a point of the curve, uncompressed. Raises ValueError."""
    raw = decoded(text)
    if len(raw) != _POINT:
        raise ValueError(f"the key is not of {_POINT} bytes")
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)


def encoded(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url, padded or not. Raises ValueError."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _raw(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
