"""audit and retention on the command line."""

from collections.abc import Callable
from typing import Any

import psycopg

from tests.cli.conftest import Run

ITS = ("--organisation", "lindesta-kommun")
Ask = Callable[[str], list[tuple[Any, ...]]]


def test_a_sealed_log_verifies_and_a_changed_line_is_told(lagesbild: Run, world: Any) -> None:
    sealed = lagesbild("audit", "seal")
    assert sealed.status == 0
    assert sealed.out.startswith("Sealed: ")
    whole = lagesbild("audit", "verify")
    assert (whole.status, whole.lines[-1]) == (0, "Nothing was removed, changed or inserted.")
    noted = whole.lines[-2].removeprefix("Newest seal: ")
    assert lagesbild("audit", "verify", "--known", noted).status == 0
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("UPDATE audit_lines SET actor = 'x' WHERE id = 1")
        conn.execute("DELETE FROM audit_lines WHERE id = 2")
    broken = lagesbild("audit", "verify")
    assert broken.status == 1
    assert broken.lines[:2] == ["changed   line 1", "removed   line 2"]


def test_many_faults_are_counted_not_listed(lagesbild: Run, world: Any) -> None:
    lagesbild("audit", "seal")
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("INSERT INTO audit_lines (actor, role, action) SELECT 'x', 'x', 'x' FROM generate_series(1, 60)")
    lagesbild("audit", "seal")
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute("DELETE FROM audit_lines WHERE actor = 'x'")
    assert "… and 10 more" in lagesbild("audit", "verify").lines


def test_a_hash_that_is_none_or_unknown_is_told(lagesbild: Run, world: Any) -> None:
    assert lagesbild("audit", "verify", "--known", "x").status == 2
    lagesbild("audit", "seal")
    assert "no longer has the seal" in lagesbild("audit", "verify", "--known", "ab" * 32).out


def test_how_long_the_log_is_kept_is_said_in_the_log(lagesbild: Run, world: Any, ask: Ask) -> None:
    assert lagesbild("audit", "keep", "--months", 36).out == "The audit log is kept for 36 months.\n"
    assert ask("SELECT audit_keep_months FROM deployment") == [(36,)]
    assert ask("SELECT figures FROM audit_lines WHERE action = 'audit.keeping-set'") == [({"months": 36},)]
    assert lagesbild("audit", "keep", "--months", 1).status == 2


def test_rules_are_set_one_by_one_listed_and_taken_away(lagesbild: Run, world: Any) -> None:
    assert lagesbild("retention", "rules", *ITS).out == "No rules: everything is kept.\n"
    lagesbild("retention", "rules", *ITS, "--text", 6, "--position", 24, "--everything", 60)
    said = lagesbild("retention", "rules", *ITS, "--source", "medborgartips", "--text", 3)
    assert [line.split("  ")[0] for line in said.lines] == [
        "every source, every category",
        "medborgartips, every category",
    ]
    assert said.lines[0].endswith("text after 6 months, exact position after 24 months, everything after 60 months")
    assert len(lagesbild("retention", "rules", *ITS, "--source", "medborgartips", "--remove").lines) == 1
    wrong = lagesbild("retention", "rules", *ITS, "--text", 60, "--everything", 6)
    assert (wrong.status, wrong.err.splitlines()[0]) == (2, "The rules cannot be used; nothing was changed.")
    assert lagesbild("retention", "rules", "--organisation", "ingen").status == 2


OLD = (
    "INSERT INTO incidents (organisation_id, source, category, occurred_from, geom, text, state, reported_at,"
    " changed_at, content_hash) SELECT id, 'x', 'SKD', now() - interval '30 months',"
    " ST_SetSRID(ST_MakePoint(15.85, 59.65), 4326),"
    " 'Text.', 'approved', now(), now(), '' FROM organisations WHERE slug = 'lindesta-kommun'"
)


def test_a_purge_wants_a_yes_and_says_what_is_gone(lagesbild: Run, world: Any, ask: Ask) -> None:
    with psycopg.connect(world.conninfo()) as conn:
        conn.execute(OLD)
        conn.execute("INSERT INTO audit_lines (actor, role, action) VALUES ('x', 'x', 'x')")
    assert lagesbild("retention", "preview", *ITS).out == "Nothing is due.\n"
    lagesbild("retention", "rules", *ITS, "--text", 6, "--position", 24)
    asked = lagesbild("retention", "run", *ITS)
    assert asked.status == 1
    assert asked.lines[-2] == "Due now: 1 texts, 1 exact positions, 0 incidents."
    assert "cannot be undone" in asked.lines[-1]
    assert ask("SELECT text FROM incidents") == [("Text.",)]
    done = lagesbild("retention", "run", *ITS, "--yes")
    assert (done.status, done.out) == (0, "Gone for good: 1 texts, 1 exact positions, 0 incidents.\n")
    assert ask("SELECT text FROM incidents") == [(None,)]


def test_exported_hot_spots_are_in_the_log(lagesbild: Run, world: Any, ask: Ask) -> None:
    assert lagesbild("analyse", *ITS, "--json", "--replicates", "19").status == 0
    told = ask("SELECT action, figures ->> 'rows' FROM audit_lines WHERE figures ? 'reading' ORDER BY id")
    assert told == [("hotspots.exported", None), ("read.ended", "0")]
