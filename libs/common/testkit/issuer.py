"""A token issuer for tests and demo stacks: one EC key, its JWKS, and tokens signed by it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from libs.common.platform.auth.jwks import KeySet
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.auth.principal import ALL_DESKS
from libs.common.platform.files import write_whole

ISSUER = "https://dozvon.local"
AUDIENCE = "dozvon"
_EVERYWHERE = frozenset({"admin", "service"})


class InlineKeys:
    """A JWKS document at hand; see `libs.common.platform.auth.jwks.KeySource`."""

    def __init__(self, document: bytes) -> None:
        self._document = document

    async def read(self) -> bytes:
        return self._document


class TokenIssuer:
    """Signs ES256 tokens as an OIDC provider would. Never part of a production stack."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, kid: str = "local-1") -> None:
        self._key = key
        self._kid = kid

    @classmethod
    def generate(cls, kid: str = "local-1") -> Self:
        return cls(ec.generate_private_key(ec.SECP256R1()), kid)

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Load the key kept in `folder`, or make it, with its public set beside as `jwks.json`.

        Raises ValueError when the file holds no such key.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path, public = folder / "issuer.pem", folder / "jwks.json"
        if not path.exists():
            write_whole(path, cls.generate().private_pem(), 0o600)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} is not an EC key")  # noqa: TRY004 - of the file, not of an argument
        issuer = cls(key)
        if not public.exists():
            write_whole(public, json.dumps(issuer.jwks()))
        return issuer

    def private_pem(self) -> bytes:
        """Return the key as unencrypted PKCS #8."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """Return the public key set (RFC 7517)."""
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": "ES256"}]}

    def verifier(self) -> JwtVerifier:
        """Return a verifier of this issuer's tokens."""
        keys = KeySet(InlineKeys(json.dumps(self.jwks()).encode()))
        return JwtVerifier(keys, issuer=ISSUER, audience=AUDIENCE)

    def token(
        self,
        sub: str,
        roles: Sequence[str],
        desks: Sequence[str] | None = None,
        *,
        lifetime: timedelta = timedelta(days=1),
        **claims: object,
    ) -> str:
        """Sign a token for `sub`; `claims` replace or add to the usual ones.

        `desks` unless given: all for administrators and services, none for others.
        """
        if desks is None:
            desks = () if _EVERYWHERE.isdisjoint(roles) else (ALL_DESKS,)
        now = datetime.now(UTC)
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "iat": now,
            "exp": now + lifetime,
            "roles": list(roles),
            "desks": list(desks),
            **claims,
        }
        return jwt.encode(payload, self._key, algorithm="ES256", headers={"kid": self._kid})
