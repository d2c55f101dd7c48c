"""Web push: the vector of RFC 8291, and what is no key."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from libs.common.connect.webpush import Browser, VapidKey, decoded, encoded, encrypted, new_vapid_key

# RFC 8291, appendix A.
TEXT = b"When I grow up, I want to be a watermelon"
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
OWN = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_text_is_encrypted_as_the_standard_shows() -> None:
    own = derive_private_key(int.from_bytes(decoded(OWN)), SECP256R1())
    assert encoded(encrypted(TEXT, Browser.parse(P256DH, AUTH), own, decoded(SALT))) == BODY


@pytest.mark.parametrize(
    ("p256dh", "auth"), [("AAAA", AUTH), (P256DH, "AAAA"), ("B" + "A" * 86, AUTH), ("ж", AUTH)]
)
def test_what_no_browser_gives_is_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Browser.parse(p256dh, auth)


def test_a_key_shows_its_public_half_alone() -> None:
    text = new_vapid_key()
    key: Any = VapidKey.parse(f"{text}\n")
    assert (len(decoded(key.public)), text in repr(key)) == (65, False)
    with pytest.raises(ValueError, match="32 bytes"):
        VapidKey.parse("AAAA")
