"""The list of attacks is as long as promised, and every one is a test with a name of its own."""

import ast
from pathlib import Path

HERE = Path(__file__).resolve().parent


def test_there_are_at_least_forty_attacks() -> None:
    attacks = [
        (file.name, node.name)
        for file in sorted(HERE.glob("test_*.py"))
        if file.name != Path(__file__).name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert len({name for _, name in attacks}) == len(attacks) >= 40
