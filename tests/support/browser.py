"""A browser that takes pushes: it subscribes, and reads what comes by the letter of RFC 8188 and RFC 8291."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass, field

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.standins.web_push import Pushed


def url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, hashlib.sha256)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand of one block (RFC 5869 §2.3)."""
    return hmac.digest(key, info + b"\x01", hashlib.sha256)[:length]


@dataclass(frozen=True, slots=True)
class Browser:
    """One subscription with its private keys."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen byte key"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, object]:
        """What `PushSubscription.toJSON()` gives."""
        keys = {"p256dh": url64(self.public), "auth": url64(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> bytes:
        """Return the text of a body of one record."""
        salt, (size, length) = body[:16], struct.unpack("!IB", body[16:21])
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = extract(self.auth, self.key.exchange(ec.ECDH(), theirs))
        secret = extract(salt, expand(shared, b"WebPush: info\x00" + self.public + sender, 32))
        key = expand(secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = expand(secret, b"Content-Encoding: nonce\x00", 12)
        text, _, padding = AESGCM(key).decrypt(nonce, record, None).rpartition(b"\x02")
        assert not padding.strip(b"\x00")
        return text

    def shown(self, push: Pushed) -> dict[str, object]:
        """Return what the page's worker is given."""
        found: dict[str, object] = orjson.loads(self.decrypt(push.body))
        return found


def sender(push: Pushed, audience: str) -> tuple[str, str]:
    """Return by whom a push was sent, their key and address, once the signature is verified (RFC 8292)."""
    token, key = (part.strip()[2:] for part in push.headers["authorization"].removeprefix("vapid ").split(","))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw64(key))
    claims = jwt.decode(token, public, algorithms=["ES256"], audience=audience)
    return key, claims["sub"]
