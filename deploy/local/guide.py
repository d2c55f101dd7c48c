"""The first commands: printed once the stack is up, the same that README shows and a test runs."""

import shlex
from collections.abc import Mapping

from deploy.demo.desk import DemoDesk
from deploy.standins.wazzup.accounts import DEMO_KEY

VARIABLES = "demo.sh"  # in the stack's home
_TEXT = """
Dozvon is up at {origin}   (data and logs: {home})
  APIs     {origin}/docs, all four as one document
  desks    demo: sources landing and school, playbooks callback and school, operators {operators}
           school: an online school on GetCourse (deploy/demo/school.yaml); its whole day, played by the clock:
           .venv/bin/python -m deploy.demo.day school --origin {origin}
  all      {origin}/dev/info
  guides   docs/guides: connect GetCourse, Tilda or a page of your own, set up a desk, build a screen

Try it, in another terminal:

{commands}

Ctrl-C drains and stops everything; the data stay."""
# Comments have neither quotes nor brackets: zsh reads them as commands when they are pasted.
_COMMANDS = """\
. {home}/demo.sh    # addresses and tokens of the demo desk
N=$(date +%s)    # a number that no order has had

# 1. A landing page posts an order; a phone that ends in 404404 would not be on WhatsApp and get an SMS
curl -s $LANDING -H "X-Source-Token: $LANDING_TOKEN" -H "$JSON" \\
  -d '{{"external_id": "order-'$N'", "name": "Анна", "phone": "8 900 000-00-01",
       "product": "Крем", "price": "1990"}}'

# 2. Two seconds later, its timeline: whose turn it is, and what was written to Anna
sleep 2; curl -s "$ORIGIN/tasks/v1/timeline?source=landing&external_id=order-$N" -H "$ADMIN"

# 3. Whose turn it is asks for the next task and has it; the first turn of all is that of Maria
WHO=$(whose order-$N)
curl -s -X POST $ORIGIN/tasks/v1/next -H "$WHO"

# 4. Anna answers in WhatsApp, which a stand-in plays
curl -s $WAZZUP/_inbound -H "$JSON" \\
  -d '{{"key": "{key}", "chat_id": "79000000001", "name": "Анна", "text": "А можно завтра?"}}'

# 5. Two seconds later, the feed of who works it has it, and a task to answer within five minutes
sleep 2; curl -s "$ORIGIN/notifications/v1/feed?limit=2" -H "$WHO"

# 6. They have called, and end the call's task with its outcome
TASK=$(curl -s "$ORIGIN/tasks/v1/tasks?state=active&type=call_back&order_number=order-$N" -H "$WHO")
curl -s $ORIGIN/tasks/v1/tasks/$(field id "$TASK")/outcome -H "$WHO" -H "$JSON" \\
  -H "If-Match: \\"$(field version "$TASK")\\"" \\
  -d '{{"outcome": "reached", "comment": "Привезём завтра", "call_made": true}}'"""
# What the command `dozvon` takes from its environment.
_COMMAND = "export DOZVON_ORIGIN=$ORIGIN DOZVON_TOKEN=${ADMIN#*Bearer }\n"
_FUNCTIONS = """
# field NAME JSON: the first member of this name.
field() { printf %s "$2" | grep -o "\\"$1\\": *[^,}]*" | head -n 1 | cut -d: -f2- | tr -d '" '; }

# token SUB ROLE DESK: a token, as an issuer would give it to an operator who has logged in.
token() {
  field access_token "$(curl -s $ORIGIN/dev/token -H "$JSON" \\
    -d "{\\"sub\\": \\"$1\\", \\"roles\\": [\\"$2\\"], \\"desks\\": [\\"$3\\"]}")"
}

# whose ORDER: a header with the token of the operator who has the demo desk's task of an order, by its external id.
whose() {
  task=$(curl -s "$ORIGIN/tasks/v1/tasks?state=active&order_number=$1" -H "$ADMIN")
  operator=$(curl -s $ORIGIN/assignment/v1/operators/$(field operator_id "$task") -H "$ADMIN")
  echo "Authorization: Bearer $(token $(field subject "$operator") operator demo)"
}
"""


def commands(home: str) -> str:
    """Return the first commands for a POSIX shell; `home` is the folder of the stack."""
    return _COMMANDS.format(home=home, key=DEMO_KEY)


def variables(origin: str, standins: str, desk: DemoDesk) -> str:
    """Return what the commands take from `demo.sh`; `standins` is where providers are played."""
    operators = {sub.upper(): _bearer(token) for sub, token in desk.operators.items()}
    return _assigned({
        "ORIGIN": origin,
        "JSON": "Content-Type: application/json",
        "LANDING": desk.landing_url,
        "LANDING_TOKEN": desk.landing_token,
        "SCHOOL": desk.school_url,
        "SCHOOL_TOKEN": desk.school_token,
        "WAZZUP": f"{standins}/wazzup",
        "ADMIN": _bearer(desk.token),
        **operators,
    }) + _COMMAND + _FUNCTIONS  # fmt: skip


def guide(origin: str, home: str, desk: DemoDesk) -> str:
    """Return the text to print."""
    operators = ", ".join(desk.operators)
    return _TEXT.format(origin=origin, home=home, operators=operators, commands=commands(home))


def _assigned(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"
