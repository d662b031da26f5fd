"""Whether a profile can be used on a file at all."""

from collections.abc import Sequence

from app.core.errors import FieldProblem, InvalidError
from app.core.imports.profile import Field, Kind, Profile


def check_fits(columns: Sequence[str], profile: Profile, *, is_located: bool) -> None:
    """Every column must be there, and every needed field. is_located: the profile says where things are.

    Raises InvalidError.
    """
    fields = profile.columns
    named = dict.fromkeys(name for names in fields.values() for name in names)
    problems = [_problem("", "unknown-column", f"The file has no column {n}.") for n in named if n not in columns]
    if not {Field.OCCURRED_FROM, Field.YEAR, Field.TITLE} & set(fields):
        problems.append(_missing("occurred_from", "tells when it happened"))
    elif Field.OCCURRED_FROM not in fields:
        if Field.YEAR in fields and Field.MONTH not in fields:
            problems.append(_missing("month", "tells the month"))
        if Field.TITLE in fields and Field.PUBLISHED not in fields and Field.YEAR not in fields:
            problems.append(_missing("published", "tells when the title was published"))
    if profile.kind is Kind.FIGURES:
        problems += [
            _missing(field, f"tells the {field}") for field in (Field.AREA, Field.COUNT) if field not in fields
        ]
    else:
        if not ({Field.CATEGORY, Field.CRIME_CODE} & set(fields) or profile.default_category):
            problems.append(_missing("category", "tells the category"))
        if not is_located:
            problems.append(_missing("position", "tells the position"))
    if problems:
        raise InvalidError("The mapping profile does not fit the file.", tuple(problems))


def _problem(field: str, code: str, message: str) -> FieldProblem:
    return FieldProblem(f"columns.{field}" if field else "columns", code, message)


def _missing(field: str, what: str) -> FieldProblem:
    return _problem(field, "missing", f"Say which column {what}.")
