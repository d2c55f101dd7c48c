"""One answer to "will it pass by itself?", by SQLSTATE and by class."""

from collections.abc import Iterable

import asyncpg
import pytest
import sqlalchemy.exc

from libs.common.messaging.inbox import Transient, Unready
from libs.common.platform.db.errors import is_contention, is_out_of_reach, is_transient
from libs.common.platform.http.failures import database_problem

CONTENTION = ["40000", "40001", "40003", "40P01", "40999", "55006", "55P03"]
AWAY = [
    "08000", "08001", "08003", "08004", "08006", "25006", "25P03", "53000", "53100", "53200", "53300", "57000",
    "57014", "57P01", "57P02", "57P03", "58000", "58030",
]  # fmt: skip
LASTING = [
    "21000", "22001", "22003", "22021", "22P02", "22P05", "23502", "23503", "23505", "23514", "23P01", "25001",
    "25P02", "42501", "42601", "42703", "42P01", "42P18", "54000", "55000", "P0001", "XX000",
]  # fmt: skip

PASSING_ERRORS = [
    Transient("later"), OSError(), ConnectionRefusedError(), TimeoutError(),
    asyncpg.InternalClientError("x"), asyncpg.InterfaceError("connection is closed"),
    asyncpg.InterfaceError("cannot call Connection.fetch(): connection has been released back to the pool"),
    asyncpg.InterfaceError("pool is closing"), asyncpg.InterfaceError("pool is closed"),
    sqlalchemy.exc.TimeoutError("QueuePool limit reached"),
]  # fmt: skip
LASTING_ERRORS = [
    ValueError("x"), KeyError("x"), AssertionError(), Unready("playbook:school:sales", "no playbook"),
    asyncpg.InterfaceError("the server expects 2 arguments for this query, 1 was passed"),
    asyncpg.exceptions.ClientConfigurationError("bad connection string"),
    sqlalchemy.exc.InvalidRequestError("a connection is already open"),
]  # fmt: skip


def said(state: str) -> asyncpg.PostgresError:
    """Return what the driver raises for a server's answer."""
    error: asyncpg.PostgresError = asyncpg.PostgresError.new({"S": "ERROR", "C": state, "M": "x"})
    return error


def wrapped(error: Exception) -> sqlalchemy.exc.DBAPIError:
    """Return the error as SQLAlchemy's asyncpg dialect raises it: in two layers."""
    inner = Exception(str(error))
    inner.__cause__ = error
    return sqlalchemy.exc.DBAPIError("SELECT 1", {}, inner)


def passing(states: Iterable[str]) -> list[tuple[str, bool, bool]]:
    """Return whether states are transient, from one driver and from the other."""
    return [(state, is_transient(said(state)), is_transient(wrapped(said(state)))) for state in states]


def test_a_state_that_passes_is_transient_through_either_driver() -> None:
    states = [*CONTENTION, *AWAY]
    assert passing(states) == [(state, True, True) for state in states]


def test_a_state_that_stays_is_not() -> None:
    assert passing(LASTING) == [(state, False, False) for state in LASTING]


@pytest.mark.parametrize("error", PASSING_ERRORS, ids=repr)
def test_an_error_that_passes_is_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", LASTING_ERRORS, ids=repr)
def test_an_error_that_stays_is_not(error: Exception) -> None:
    assert not is_transient(error)


def test_a_connection_that_sqlalchemy_gave_up_is_transient() -> None:
    assert is_transient(sqlalchemy.exc.DBAPIError("SELECT 1", {}, Exception("x"), connection_invalidated=True))


LOST = [*map(said, ["08006", "53300", "57P01", "57P03"]), OSError(), asyncpg.InterfaceError("pool is closing")]
REFUSED = [*map(said, [*CONTENTION, *LASTING, "53200", "57014"]), asyncpg.InternalClientError("x"), *LASTING_ERRORS]


@pytest.mark.parametrize("error", [*LOST, *map(wrapped, LOST)], ids=repr)
def test_a_database_that_could_not_be_asked_is_out_of_reach(error: Exception) -> None:
    assert is_out_of_reach(error)


@pytest.mark.parametrize("error", [*REFUSED, *map(wrapped, REFUSED)], ids=repr)
def test_a_database_that_refuses_was_reached(error: Exception) -> None:
    assert not is_out_of_reach(error)


def test_another_transaction_in_the_way_is_contention() -> None:
    assert [state for state in CONTENTION if not is_contention(said(state))] == []


@pytest.mark.parametrize("error", [*map(said, AWAY), *PASSING_ERRORS], ids=repr)
def test_a_database_that_is_away_is_no_contention(error: Exception) -> None:
    assert not is_contention(error)


@pytest.mark.parametrize("error", [*map(said, [*CONTENTION, *AWAY]), *PASSING_ERRORS], ids=repr)
def test_http_answers_503_to_all_that_passes(error: Exception) -> None:
    problem = database_problem(error)
    assert problem is not None
    assert problem.status_code == 503


@pytest.mark.parametrize("error", [*map(said, ["23505", "42P01", "XX000"]), *LASTING_ERRORS[:5]], ids=repr)
def test_http_has_no_such_answer_to_what_stays(error: Exception) -> None:
    assert database_problem(error) is None
