"""Tables in the code are whole: errors and their statuses, states and their moves, jobs and their tasks."""

import ast
import importlib
import inspect
import pkgutil
from enum import Enum
from http import HTTPStatus
from types import ModuleType

import app
from app.core.errors import LagesbildError
from app.edge.problems import STATUS
from app.jobs.worker import build_worker
from app.settings import Settings
from app.store import jobs
from app.store.engine import make_engine
from app.store.tx import Database
from tests.guards.conftest import calls, sources


def modules() -> list[ModuleType]:
    """Every module of the application, imported."""
    names = [m.name for m in pkgutil.walk_packages(app.__path__, "app.") if not m.name.endswith("__main__")]
    assert len(names) > 50
    return [importlib.import_module(name) for name in names]


def subclasses(kind: type[LagesbildError]) -> set[type[LagesbildError]]:
    """All kinds of it, at any depth."""
    return {each for below in kind.__subclasses__() for each in {below, *subclasses(below)}}


def test_every_error_has_a_status() -> None:
    modules()
    ours = {kind for kind in subclasses(LagesbildError) if kind.__module__.startswith("app.")}
    assert len(ours) >= 10
    assert set(STATUS) == ours
    assert all(status >= HTTPStatus.BAD_REQUEST for status in STATUS.values())


def test_every_state_has_a_row_of_moves() -> None:
    tables = 0
    for module in modules():
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and issubclass(kind, Enum) and name in {"State", "Status"}:
                assert set(module.TRANSITIONS) == set(kind), module.__name__
                tables += 1
    assert tables > 0


def test_every_deferred_job_has_a_task(settings: Settings) -> None:
    engine = make_engine(str(settings.database_url))
    tasks = build_worker(settings, Database(engine)).tasks
    engine.dispose()
    assert len(jobs.DEFERRED) > 0
    assert set(jobs.DEFERRED) <= set(tasks)


def test_every_job_that_is_deferred_stands_in_the_list() -> None:
    names = [
        ast.unparse(call.args[1])
        for path, tree in sources().items()
        if path != "store/jobs.py"
        for call in calls(tree)
        if ast.unparse(call.func) == "jobs.defer"
    ]
    assert len(names) > 0
    listed = {f"jobs.{name}" for name, value in vars(jobs).items() if name.isupper() and value in jobs.DEFERRED}
    assert set(names) == listed
