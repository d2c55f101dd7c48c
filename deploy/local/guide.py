"""The text printed once the stack is up: five commands that work as printed, in this order."""

import json
import shlex

from deploy.demo.desk import DemoDesk

_TEXT = """
Dozvon is up at {origin}   (data and logs: {home})
  APIs     {origin}/intake/docs  /tasks/docs  /assignment/docs  /notifications/docs
  desk     demo: sources landing and school, playbooks callback and school, operators {operators}
  all      {origin}/dev/info

1. A landing page posts an order (a phone that ends in 404404 is not on WhatsApp and gets an SMS):
{landing}

2. Its timeline, two seconds later:
{landing_timeline}

3. GetCourse calls with an order (worked between its 20th and 35th minute):
{school}

4. Twenty minutes later:
{clock}

5. Its timeline, again two seconds later:
{school_timeline}

Ctrl-C drains and stops everything; the data stay."""


def guide(origin: str, home: str, desk: DemoDesk) -> str:
    """Return the text to print."""
    order = {
        "external_id": "order-1",
        "name": "Anna",
        "phone": "8 900 000-00-01",
        "product": "CR-1",
        "price": "1990",
    }
    school = {
        "deal_id": "700100",
        "number": "1042",
        "status": "new",
        "cost_value": "12000",
        "positions": "Course Start",
        "payment_link": "https://school.example/pay/700100",
        "email": "boris@example.com",
        "phone": "+7 900 000-00-02",
        "first_name": "Boris",
        "token": desk.school_token,
    }
    fields = " ".join(f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in school.items())
    auth = f"-H 'Authorization: Bearer {desk.token}'"
    return _TEXT.format(
        origin=origin,
        home=home,
        operators=", ".join(desk.operators),
        landing=f"curl -s {desk.landing_url} -H 'X-Source-Token: {desk.landing_token}' "
        f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(order))}",
        landing_timeline=f"sleep 2; curl -s '{origin}/tasks/v1/timeline?source=landing&external_id=order-1' {auth}",
        school=f"curl -s -G {desk.school_url} {fields}",
        clock=f"curl -s {origin}/dev/clock -H 'Content-Type: application/json' -d '{{\"advance\": \"PT20M\"}}'",
        school_timeline=f"sleep 2; curl -s '{origin}/tasks/v1/timeline?source=school&external_id=700100' {auth}",
    )
