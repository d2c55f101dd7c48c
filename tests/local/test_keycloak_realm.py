"""The guide's realm for Keycloak: the tokens that its mappers make are tokens as we read them.

Keycloak itself does not run here. `claims_of` does what its documentation says of the mappers that the realm has
(Server Administration Guide, *OIDC token and SAML assertion mappings*), and refuses any other.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from deploy.local.jars import CHECKOUT
from libs.common.platform.auth.jwks import KeySet
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.auth.principal import Principal, Role
from libs.common.testkit.issuer import InlineKeys

REALM = json.loads((CHECKOUT / "docs" / "guides" / "keycloak-realm.json").read_text())
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
ISSUER = "https://id.example.com/realms/dozvon"
#: Roles that Keycloak gives all users of a realm besides.
USUAL_ROLES = ["default-roles-dozvon", "offline_access", "uma_authorization"]

Claims = dict[str, Any]


def claims_of(client: Claims, roles: Sequence[str], attributes: Mapping[str, Sequence[str]]) -> Claims:
    """Return an access token's claims as the client's mappers make them."""
    claims: Claims = {"iss": ISSUER, "aud": ["account"], "exp": datetime.now(UTC) + timedelta(minutes=5)}
    for mapper in client["protocolMappers"]:
        config = mapper["config"]
        assert config["access.token.claim"] == "true"
        match mapper["protocolMapper"]:
            case "oidc-sub-mapper":
                claims["sub"] = "7c1f1a52-9a0e-4f0c-8a51-0d3f0d6a7b11"
            case "oidc-audience-mapper":
                claims["aud"].append(config["included.custom.audience"])
            case "oidc-usermodel-realm-role-mapper":
                claims[config["claim.name"]] = [*USUAL_ROLES, *roles]
            case "oidc-usermodel-attribute-mapper":
                if given := attributes.get(config["user.attribute"]):
                    several = config["multivalued"] == "true"
                    claims[config["claim.name"]] = list(given) if several else given[0]
            case other:
                raise ValueError(other)
    return claims


async def read(claims: Claims) -> Principal:
    """Return what we read of a token by RS256; beside its key one for encryption is published, as by Keycloak."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    keys = [{**public, "kid": "enc", "use": "enc"}, {**public, "kid": "sig", "use": "sig", "alg": "RS256"}]
    verifier = JwtVerifier(
        KeySet(InlineKeys(json.dumps({"keys": keys}).encode())), issuer=ISSUER, audience="dozvon"
    )
    return await verifier.verify(jwt.encode(claims, key, algorithm="RS256", headers={"kid": "sig"}))


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_token_of_each_client_names_person_roles_and_desks(client: str) -> None:
    caller = await read(claims_of(CLIENTS[client], ["operator"], {"desks": ["clinic", "flowers"]}))
    assert (caller.sub, caller.roles) == ("7c1f1a52-9a0e-4f0c-8a51-0d3f0d6a7b11", frozenset({Role.OPERATOR}))
    assert (caller.desks, caller.partner_id) == (frozenset({"clinic", "flowers"}), None)


async def test_a_partners_token_names_the_partner() -> None:
    caller = await read(claims_of(CLIENTS["dozvon-screen"], ["partner"], {"partner_id": ["p-1"]}))
    assert (caller.partner_id, caller.desks) == ("p-1", frozenset())


def test_the_realm_has_all_our_roles_and_no_others() -> None:
    assert {role["name"] for role in REALM["roles"]["realm"]} == {role.value for role in Role}


def test_only_administrators_see_and_edit_who_is_of_which_desk() -> None:
    [component] = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    profile = json.loads(component["config"]["kc.user.profile.config"][0])
    ours = {each["name"]: each for each in profile["attributes"] if each["name"] in ("desks", "partner_id")}
    assert {name: each["multivalued"] for name, each in ours.items()} == {"desks": True, "partner_id": False}
    assert all(each["permissions"] == {"view": ["admin"], "edit": ["admin"]} for each in ours.values())
    # What the profile does not name is dropped, as long as this is not set.
    assert "unmanagedAttributePolicy" not in profile


def test_screens_log_in_by_code_with_pkce_and_programs_by_their_secret() -> None:
    screen, command = CLIENTS["dozvon-screen"], CLIENTS["dozvon-command"]
    assert (screen["publicClient"], screen["attributes"]["pkce.code.challenge.method"]) == (True, "S256")
    assert (command["publicClient"], command["serviceAccountsEnabled"], command.get("secret")) == (
        False,
        True,
        None,
    )
    assert not any(
        client["directAccessGrantsEnabled"] or client["implicitFlowEnabled"] for client in CLIENTS.values()
    )
    assert all(client["fullScopeAllowed"] for client in CLIENTS.values()), "roles would be left out of tokens"


def test_the_realm_does_not_take_the_place_of_what_keycloak_has_itself() -> None:
    assert "clientScopes" not in REALM
    assert "${" not in json.dumps(REALM)  # an import takes it for the name of a variable
