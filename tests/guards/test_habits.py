"""Habits that keep the service safe: who commits, what is logged, who reads the clock and the environment."""

import ast
import re

from tests.guards.conftest import calls, sources

# module: the calls that begin or end a transaction there. Everything else is inside one already.
TRANSACTIONS = {
    "store/tx.py": {"begin"},
}
# Connections of their own: a look at health, the administrator's work, the server itself.
CONNECTIONS = {
    "store/tx.py",
    "store/health.py",
    "store/inspection.py",
    "store/migrate.py",
    "store/backups.py",
    "store/cluster/server.py",
}
# module: what its log lines may tell besides their constant sentence.
LOGGED = {
    "edge/shell.py": {"request_id", "type(error).__name__", "_where(error)"},
    "store/cluster/server.py": {"home", "self._account.pw_name", "reachable"},
}
STATEMENT = re.compile(
    r"(BEGIN|COMMIT|ROLLBACK|END|START TRANSACTION|SAVEPOINT|RELEASE)"
    r"( (WORK|TRANSACTION|ISOLATION|READ|TO|AND)\b.*| \w+)?;?",
    re.IGNORECASE,
)
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
LOGGERS = {"log", "_log", "logger", "logging"}


def methods(tree: ast.AST, names: set[str]) -> set[str]:
    """Which of these methods are called."""
    return {call.func.attr for call in calls(tree) if isinstance(call.func, ast.Attribute)} & names


def log_calls(tree: ast.AST) -> list[ast.Call]:
    """Every log line."""
    return [
        call
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and ast.unparse(call.func.value).split(".")[-1] in LOGGERS
    ]


def test_only_the_transactions_begin_and_commit() -> None:
    words = {"begin", "commit", "rollback", "begin_nested", "begin_twophase", "two_phase"}
    found = {path: methods(tree, words) for path, tree in sources().items() if methods(tree, words)}
    assert found == TRANSACTIONS


def test_no_statement_begins_or_commits_either() -> None:
    found = [
        (path, node.value)
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.fullmatch(node.value.strip())
    ]
    assert found == [("api/imports.py", "commit")]  # the name of a link


def test_only_the_store_connects_and_only_where_it_is_known() -> None:
    found = {path for path, tree in sources().items() if methods(tree, {"connect", "raw_connection"})}
    assert "store/tx.py" in found
    assert found <= CONNECTIONS


def test_a_log_line_is_a_constant_sentence_and_names_that_hold_no_row() -> None:
    seen = 0
    for path, tree in sources().items():
        for call in log_calls(tree):
            sentence, *rest = call.args
            where = f"{path}:{call.lineno}"
            assert isinstance(sentence, ast.Constant), where
            assert isinstance(sentence.value, str), where
            assert {ast.unparse(part) for part in rest} <= LOGGED.get(path, set()), where
            assert call.keywords == [], where  # no exc_info: a trace shows values
            assert isinstance(call.func, ast.Attribute)
            assert call.func.attr not in {"exception", "log"}, where
            seen += 1
    assert seen > 0


def test_only_a_few_places_log_at_all() -> None:
    assert {path for path, tree in sources().items() if log_calls(tree)} == set(LOGGED)


def test_only_the_edge_and_the_command_line_read_the_clock() -> None:
    clocks = {"now", "utcnow", "today", "time", "time_ns", "monotonic"}
    found = set()
    for path, tree in sources().items():
        for call in calls(tree):
            if isinstance(call.func, ast.Attribute) and call.func.attr in clocks:
                owner = ast.unparse(call.func.value)
                if owner in {"datetime", "date", "time", "datetime.datetime", "dt"}:
                    found.add((path, f"{owner}.{call.func.attr}"))
    assert ("edge/services.py", "datetime.now") in found
    allowed = ("edge/", "cli/")
    assert {each for each in found if not each[0].startswith(allowed) and "monotonic" not in each[1]} == set()
