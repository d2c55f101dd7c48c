"""The first commands: printed once the stack is up, the same that README shows and a test runs."""

import shlex
from collections.abc import Mapping

from deploy.demo.desk import DemoDesk, SchoolDesk
from deploy.standins.wazzup.accounts import SCHOOL_KEY

VARIABLES = "demo.sh"  # in the stack's home
_TEXT = """
Dozvon is up at {origin}   (data and logs: {home})
  APIs     {origin}/docs, all four as one document
  desks    school: an online school on GetCourse (deploy/demo/school.yaml); its whole day, played by the clock:
           .venv/bin/python -m deploy.demo.day school --origin {origin}
           demo: sources landing and school, playbooks callback and school, operators {operators}
  all      {origin}/dev/info
  guides   docs/guides: connect GetCourse, Tilda or a page of your own, set up a desk, build a screen

Try it, in another terminal:

{commands}

Ctrl-C drains and stops everything; the data stay."""
# Comments have neither quotes nor brackets: zsh reads them as commands when they are pasted.
_COMMANDS = """\
. {home}/demo.sh    # addresses and tokens
N=$(date +%s)    # a number that no order has had, and the end of a phone

# 1. GetCourse tells the webhook of the school that Vera has ordered
curl -s -G $GETCOURSE -d token=$GETCOURSE_TOKEN -d id=$N -d number=$N -d phone=7903${{N#???}} \\
  --data-urlencode 'first_name=Вера' --data-urlencode 'positions=Курс «Голос»' -d cost_money=12000 \\
  --data-urlencode 'status=Новый' -d payment_link=https://school.example.com/pay/$N

# 2. Anna is at work. After twenty minutes Vera has not paid: whose turn it is asks for the next task and has it
curl -s -X POST $ORIGIN/assignment/v1/check-in -H "Authorization: Bearer $(token anna operator school)"
curl -s $ORIGIN/dev/clock -H "$JSON" -d '{{"advance": "PT20M"}}'; sleep 2
WHO=$(whose $N school)
curl -s -X POST $ORIGIN/tasks/v1/next -H "$WHO"

# 3. They have called. Her card is refused, so she is written the words for that, with her link
TASK=$(curl -s "$ORIGIN/tasks/v1/tasks?state=active&type=process_order&order_number=$N" -H "$WHO")
curl -s $ORIGIN/tasks/v1/tasks/$(field id "$TASK")/outcome -H "$WHO" -H "$JSON" \\
  -H "If-Match: \\"$(field version "$TASK")\\"" \\
  -d '{{"outcome": "link_sent", "comment": "Карта не проходит", "call_made": true,
       "fields": {{"situation": "card_refused"}}}}'

# 4. Vera answers in WhatsApp, which a stand-in plays: a task of five minutes for who called her
curl -s $WAZZUP/_inbound -H "$JSON" \\
  -d '{{"key": "{key}", "chat_id": "7903'${{N#???}}'", "name": "Вера", "text": "А можно завтра?"}}'
sleep 2; curl -s "$ORIGIN/tasks/v1/tasks?state=active&type=answer&order_number=$N" -H "$WHO"

# 5. The numbers of the day, of the school and of each person: taken into work, paid, calls
DAY=$(field day "$(curl -s "$ORIGIN/tasks/v1/reports/mine?desk=school" -H "$WHO")")
curl -s "$ORIGIN/tasks/v1/reports/conversion?desk=school&day_from=$DAY&day_to=$DAY" -H "$ADMIN"

# 6. All that happened to the order, each step with its cause
curl -s "$ORIGIN/tasks/v1/timeline?source=getcourse&external_id=$N" -H "$ADMIN\""""
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

# whose NUMBER DESK: a header with the token of the operator who has the desk's task of an order.
whose() {
  task=$(curl -s "$ORIGIN/tasks/v1/tasks?state=active&desk=$2&order_number=$1" -H "$ADMIN")
  operator=$(curl -s $ORIGIN/assignment/v1/operators/$(field operator_id "$task") -H "$ADMIN")
  echo "Authorization: Bearer $(token $(field subject "$operator") operator $2)"
}
"""


def commands(home: str) -> str:
    """Return the first commands for a POSIX shell; `home` is the folder of the stack."""
    return _COMMANDS.format(home=home, key=SCHOOL_KEY)


def variables(origin: str, standins: str, desk: DemoDesk, school: SchoolDesk) -> str:
    """Return what the commands take from `demo.sh`; `standins` is where providers are played."""
    operators = {sub.upper(): _bearer(token) for sub, token in desk.operators.items()}
    return _assigned({
        "ORIGIN": origin,
        "JSON": "Content-Type: application/json",
        "GETCOURSE": school.url,
        "GETCOURSE_TOKEN": school.token,
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
