"""Every operation is called as every role: what the table refuses is refused, and nothing else."""

import re

import pytest

from libs.common.platform.auth.principal import Role
from tests.roles.operations import OPERATIONS, Operation
from tests.roles.world import NOBODY, World

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400), pytest.mark.req("U23", "P.6")]


def nowhere(operation: Operation) -> str:
    """A path of the operation that names nothing, so that no call changes anything."""
    return re.sub(r"\{(\w+)\}", lambda found: NOBODY if found[1].endswith("_id") else "9999", operation.path)


async def refusals(world: World, token: str | None) -> dict[str, str]:
    """Call every operation without a body, on nothing that there is; return the codes of what the role may not do.

    403 `no_operator` is none of them: the role may, but this `sub` has no place in the turn.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    found = {one.name: await world.send(one, nowhere(one), None, headers) for one in OPERATIONS}
    codes = {name: str(answer.json()["code"]) for name, answer in found.items() if answer.is_client_error}
    return {name: code for name, code in codes.items() if code in {"unauthenticated", "forbidden"}}


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_call_what_its_column_says_and_nothing_else(world: World, role: Role) -> None:
    found = await refusals(world, world.stack.issuer.token("caller", [role], ["*"], partner_id=NOBODY))
    assert found == {one.name: "forbidden" for one in OPERATIONS if role not in one.scopes}


@pytest.mark.parametrize("roles", [[], ["owner"], ["Admin"]], ids=["none", "unknown", "misspelt"])
async def test_a_token_of_no_role_of_ours_is_refused_everywhere(world: World, roles: list[str]) -> None:
    found = await refusals(world, world.stack.issuer.token("caller", roles, ["*"]))
    assert found == {one.name: "forbidden" for one in OPERATIONS}


async def test_without_a_token_every_operation_is_refused(world: World) -> None:
    assert await refusals(world, None) == {one.name: "unauthenticated" for one in OPERATIONS}
