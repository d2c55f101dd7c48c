"""Texts of reasons in both languages."""

from libs.common.domain.eligibility import Refusal
from libs.common.platform.http.language import Text
from services.assignment.pools.rules import Choice

CHOICES: dict[Choice, Text] = {
    Choice.LEAST_VIRTUAL_TIME: Text("его очередь", "it was their turn"),
    Choice.PREFERRED_OWNER: Text("ведёт этого клиента", "responsible for this customer"),
    Choice.DEPUTY_OF_OWNER: Text("замещает ответственного", "deputises for who is responsible"),
    Choice.DRAINED_AT_CHECK_IN: Text("работа ждала начала смены", "the work waited for a check-in"),
    Choice.DRAINED_OPERATOR_CHANGED: Text(
        "работа ждала, пока изменятся настройки оператора", "the work waited for a change of an operator"
    ),
    Choice.DRAINED_WORK_FINISHED: Text(
        "работа ждала, пока кто-то освободится", "the work waited until somebody was free"
    ),
    Choice.NOBODY_ELIGIBLE: Text("некому отдать, работа ждёт", "nobody can take it, the work waits"),
}

REFUSALS: dict[Refusal, Text] = {
    Refusal.INACTIVE: Text("отключён", "deactivated"),
    Refusal.NOT_ON_SHIFT: Text("не на смене", "not on shift"),
    Refusal.AWAY: Text("отошёл", "away"),
    Refusal.PAUSED: Text("на паузе", "paused"),
    Refusal.WRONG_ROLE: Text("другая роль", "has another role"),
    Refusal.WRONG_DESK: Text("другой отдел", "works for another desk"),
    Refusal.NOT_IN_POOL: Text("не в этом пуле", "not in the pool"),
    Refusal.PRODUCT_UNKNOWN: Text("не знает продукт", "does not know the product"),
    Refusal.AT_CAPACITY: Text("предел открытых задач", "has as many open tasks as allowed"),
    Refusal.GAVE_IT_BACK: Text("вернул эту задачу", "gave this task back"),
    Refusal.NOT_ASKED: Text("задача предложена другим", "others were named for it"),
    Refusal.AT_SHARE: Text("ещё не взял свою долю", "has yet to take their share"),
    Refusal.ABSENT: Text("в плановом отсутствии", "on a planned absence"),
    Refusal.AFTER_CALL: Text("заканчивает предыдущий звонок", "writes up a call"),
}
