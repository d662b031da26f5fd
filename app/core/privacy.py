"""What is processed, for impact assessments: one entry for each table of the database. A guard knows both lists.

`kept` says how long where nothing else is set; the rules of retention stand beside it in the report.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """One kind of data: what it is, what for, and how long it is kept."""

    what: str
    why: str
    kept: str
    is_personal: bool = False  # may tell of a person, directly or by place and time


_FOREVER: Final = "As long as the deployment."
_WITH_INCIDENT: Final = "As long as the incident: rules of retention."

PROCESSED: Final[dict[str, Processing]] = {
    "incidents": Processing(
        what="Category, time, place, uncertainty, source and its reference, free text, who reported.",
        why="Mapping where and when crime and disorder gather, so that measures can be decided (2023:196).",
        kept="By the rules of retention: text, exact position, everything.",
        is_personal=True,
    ),
    "incident_versions": Processing(
        what="What an incident was before each correction.",
        why="Being able to show what was corrected and by whom.",
        kept=_WITH_INCIDENT,
        is_personal=True,
    ),
    "idempotency_keys": Processing(
        what="A hash of a request, and which incidents it made.",
        why="The same request twice makes no doubles.",
        kept="30 days, or until its incidents are purged.",
    ),
    "analysis_runs": Processing(
        what="Parameters and figures of analyses.",
        why="A result can be traced to what was asked.",
        kept="Adopted ones as long as the deployment; others go with exact positions.",
    ),
    "run_hotspots": Processing(
        what="Outline and counts of places where incidents gather.",
        why="The list that meetings decide by.",
        kept="Figures as long as their run; outlines become whole squares when exact positions go.",
    ),
    "adoptions": Processing(what="Which run everybody sees, since when.", why="History of decisions.", kept=_FOREVER),
    "accounts": Processing(
        what="Names of functions, their role and organisation.",
        why="Access by need, and knowing who did what.",
        kept="Closed, not removed: the audit log names them.",
        is_personal=True,
    ),
    "tokens": Processing(
        what="Hashes of secrets, when they end and were last used.", why="Signing in.", kept=_FOREVER, is_personal=True
    ),
    "sessions": Processing(
        what="Hashes of session secrets.", why="Staying signed in.", kept="Until signing out.", is_personal=True
    ),
    "audit_lines": Processing(
        what="Who did or read what, when, from which address, with which scope; never a row's content.",
        why="Showing that access was right; finding access that was not.",
        kept="So many months as the deployment decides.",
        is_personal=True,
    ),
    "audit_seals": Processing(what="Hashes of audit lines.", why="Noticing changes in the log.", kept=_FOREVER),
    "retention_rules": Processing(what="What goes when.", why="Storage limitation.", kept=_FOREVER),
    "sharing_rules": Processing(
        what="Who gives what to whom, for which purpose, until when.", why="Purpose limitation.", kept=_FOREVER
    ),
    "hotspot_steps": Processing(
        what="What became of each hot spot at each adoption, and where its middle lay.",
        why="Following places over time.",
        kept="As long as the adoption; the middle becomes a whole square when exact positions go.",
    ),
    "catchments": Processing(what="Parts of a municipality of at least k addresses.", why="Precision.", kept=_FOREVER),
    "incident_places": Processing(
        what="The catchment and area of each incident.", why="Coarse readers.", kept=_WITH_INCIDENT, is_personal=True
    ),
    "joint_runs": Processing(what="When a joint picture was made.", why="Common work.", kept=_FOREVER),
    "joint_hotspots": Processing(what="Whole catchments, rounded counts.", why="Common work.", kept=_FOREVER),
    "identities": Processing(
        what="A person's name at the identity provider.", why="Signing in.", kept="As the account.", is_personal=True
    ),
    "passwords": Processing(
        what="User names and argon2id hashes.", why="Signing in.", kept="As the account.", is_personal=True
    ),
    "turns": Processing(what="Keyed hashes of who asked when.", why="Limits of pace.", kept="Until the turn is over."),
    "imports": Processing(
        what="Files that were imported: name, source, how they were read, how many rows, by whom.",
        why="Being able to show where incidents came from, and to take an import back.",
        kept=_FOREVER,
        is_personal=True,
    ),
    "import_uploads": Processing(
        what="Whose file it is, and some of its rows as they would go in; the file itself lies beside the database.",
        why="Looking before rows go in, and mending those that did not.",
        kept="A week after the import has ended, a month undecided; less when its incidents are purged.",
        is_personal=True,
    ),
    "import_rows": Processing(
        what="Which row of a file made which incident.", why="Taking an import back.", kept=_WITH_INCIDENT
    ),
    "import_problems": Processing(
        what="What is wrong with which row, in words of ours.", why="Mending files.", kept=_FOREVER
    ),
    "import_profiles": Processing(
        what="Which column of a source's files says what.", why="Reading its next file alike.", kept=_FOREVER
    ),
    "places": Processing(what="Names of places and where they lie.", why="Finding named places.", kept=_FOREVER),
    "crime_codes": Processing(what="Which category a crime code is.", why="Reading police files.", kept=_FOREVER),
    "area_figures": Processing(
        what="How many incidents an area had in a time.", why="Statistics without places.", kept=_FOREVER
    ),
    "incident_links": Processing(
        what="Which two reports may tell of one incident, and who decided.",
        why="Counting an incident once.",
        kept=_WITH_INCIDENT,
        is_personal=True,
    ),
    "organisations": Processing(what="The controllers.", why="Every incident has one controller.", kept=_FOREVER),
    "areas": Processing(what="Municipalities, local police areas, districts.", why="Where one works.", kept=_FOREVER),
    "sources": Processing(what="Where reports come from.", why="How far they are trusted.", kept=_FOREVER),
    "categories": Processing(what="Kinds of incidents.", why="Counting alike.", kept=_FOREVER),
    "category_weights": Processing(what="An organisation's own weights.", why="Ranking.", kept=_FOREVER),
    "collection_counters": Processing(what="How many rows there are.", why="Quick answers.", kept=_FOREVER),
    "deployment": Processing(what="Settings fixed at installation.", why="Running.", kept=_FOREVER),
}
