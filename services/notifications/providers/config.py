"""Kinds of fields that configurations of providers share."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr


def _header_safe(key: SecretStr) -> SecretStr:
    if not all("!" <= c <= "~" for c in key.get_secret_value()):
        raise ValueError("printable ASCII without spaces")
    return key


#: A secret that a form can carry.
Secret = Annotated[SecretStr, Field(min_length=1, max_length=200)]
#: A secret that a header or a form can carry.
Key = Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_header_safe)]
