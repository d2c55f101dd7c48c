"""Who sees what at intake: administrators the sources of the desks of their token."""

import pytest

from tests.intake.api import Api, new_source

pytestmark = [pytest.mark.req("U23", "P.6")]


async def test_an_administrator_has_the_sources_of_their_desks_alone(api: Api) -> None:
    made = await api.ok("POST", "/sources", new_source("landing") | {"auth": "token"})
    path, mine, theirs = f"/sources/{made['id']}", ["demo"], ["other"]
    body = {"desk": "demo", "code": "second", "format": "landing", "playbook": "callback", "zone": "Europe/Moscow"}
    calls = [("POST", "/sources", body), ("GET", path, None), ("PATCH", path, {"rate_per_second": 7})]
    calls += [("GET", f"{path}/doctor", None), ("POST", f"{path}/rotate", {})]
    headers = {"if-match": '"1"'}
    refused = [(await api.call(*call, desks=theirs, headers=headers)).status_code for call in calls]
    done = [(await api.call(*call, desks=mine, headers=headers)).status_code for call in calls]
    assert (refused, done) == ([404] * 5, [201, 200, 200, 200, 200])
    assert (await api.call("GET", "/sources", desks=theirs)).json()["items"] == []
