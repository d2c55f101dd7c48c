"""The problem types that every service shares: code, status, title. Each has a page in docs/problems."""

from dataclasses import dataclass

from libs.common.platform.http.language import Text


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A stable kind of problem: `code` is for programs and never translated, `title` for people."""

    status: int
    code: str
    title: Text


_ALL = (
    ProblemType(400, "malformed_request", Text("Запрос не читается", "The request cannot be read")),
    ProblemType(400, "malformed_json", Text("Тело запроса не JSON", "The body is not JSON")),
    ProblemType(400, "invalid_cursor", Text("Курсор не годится", "The cursor is not usable")),
    ProblemType(401, "unauthenticated", Text("Нужен токен", "A token is required")),
    ProblemType(401, "invalid_token", Text("Токен не принят", "The token is not accepted")),
    ProblemType(401, "invalid_ticket", Text("Билет потока не принят", "The ticket of a stream is not accepted")),
    ProblemType(401, "sender_unverified", Text("Отправитель не подтверждён", "The sender is not verified")),
    ProblemType(403, "forbidden", Text("Нет права", "Not allowed")),
    ProblemType(404, "not_found", Text("Не найдено", "Not found")),
    ProblemType(405, "method_not_allowed", Text("Метод не поддерживается", "Method not allowed")),
    ProblemType(406, "not_acceptable", Text("Такого представления нет", "Not acceptable")),
    ProblemType(409, "conflict", Text("Противоречит состоянию", "In conflict with the state")),
    ProblemType(409, "already_exists", Text("Уже существует", "Already exists")),
    ProblemType(409, "request_in_progress", Text("Этот запрос ещё выполняется", "The request is in progress")),
    ProblemType(409, "answer_lost", Text("Выполнено, но ответ утерян", "Done, but the answer was lost")),
    ProblemType(409, "wrong_state", Text("Состояние этого не допускает", "The state does not allow this")),
    ProblemType(412, "stale_version", Text("Версия устарела", "The version is stale")),
    ProblemType(413, "body_too_large", Text("Тело запроса слишком велико", "The body is too large")),
    ProblemType(415, "unsupported_media_type", Text("Такой тип тела не принимается", "Unsupported media type")),
    ProblemType(422, "validation_failed", Text("Данные не прошли проверку", "The data did not pass validation")),
    ProblemType(422, "unstorable_text", Text("Текст нельзя сохранить", "The text cannot be stored")),
    ProblemType(422, "unstorable_value", Text("Значение нельзя сохранить", "A value cannot be stored")),
    ProblemType(422, "event_refused", Text("Событие не применить", "The event cannot be applied")),
    ProblemType(422, "idempotency_key_reused", Text("Ключ уже использован", "The key was already used")),
    ProblemType(428, "version_required", Text("Нужна версия", "A version is required")),
    ProblemType(429, "too_many_requests", Text("Слишком много запросов", "Too many requests")),
    ProblemType(500, "internal_error", Text("Внутренняя ошибка", "Internal error")),
    ProblemType(503, "unavailable", Text("Временно недоступно", "Temporarily unavailable")),
    ProblemType(503, "not_ready", Text("Служба не готова", "The service is not ready")),
)

CATALOGUE = {kind.code: kind for kind in _ALL}

# A bare status of the framework stands for the first type with that status.
BY_STATUS = {kind.status: kind for kind in reversed(_ALL)}


def type_of(status: int, code: str) -> ProblemType:
    """Return the catalogued type, or one made of the status' own title for a service's code."""
    known = CATALOGUE.get(code)
    if known is not None and known.status == status:
        return known
    general = BY_STATUS.get(status) or BY_STATUS[500 if status >= 500 else 400]
    return ProblemType(status, code, general.title)
