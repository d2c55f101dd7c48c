"""Every operation that shows customers' data on what there is: a row of the audit log names them."""

from collections import defaultdict

import pytest

from tests.roles.operations import OPERATIONS, Operation
from tests.roles.world import World, named

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400), pytest.mark.req("P.7")]


def service_of(operation: Operation) -> str:
    return operation.path.split("/")[1]


async def test_every_read_of_personal_data_is_in_the_log_of_its_service(world: World) -> None:
    reads = [one for one in OPERATIONS if one.said.get("x-audited") and one.method == "GET"]
    done: dict[str, set[str]] = defaultdict(set)
    for one in reads:
        answer = await world.call(one, "admin", sub="auditor", query=world.query(one))
        if answer.has_redirect_location or (answer.is_success and (not one.is_list or answer.json()["items"])):
            done[service_of(one)].add(one.name)
    logs = {service: await world.call(named(f"list_{service}_audit"), "admin") for service in done}
    found = {service: {row["operation"] for row in log.json()["items"] if row["caller"] == "auditor"}
             for service, log in logs.items()}  # fmt: skip
    assert (found, sum(map(len, done.values())) > 12) == (done, True)
