"""The words of the audit log in the reader's language: actions, roles, scopes, figures."""

from app.core.audit import AuditAction
from app.core.permissions import Role
from app.web.i18n import gettext


def action_name(action: str) -> str:
    """What was done, in the reader's language; an action unknown by now is told by its word."""
    names = {
        AuditAction.AREAS_LOADED: gettext("Läste in områden"),
        AuditAction.CATEGORIES_LOADED: gettext("Läste in händelsetyper"),
        AuditAction.SOURCES_LOADED: gettext("Läste in källor"),
        AuditAction.SHARING_CHANGED: gettext("Ändrade delningsregler"),
        AuditAction.SIGNED_IN: gettext("Loggade in"),
        AuditAction.SIGNED_OUT: gettext("Loggade ut"),
        AuditAction.TOKEN_ISSUED: gettext("Gav ut en åtkomstnyckel"),
        AuditAction.TOKEN_REVOKED: gettext("Återkallade en åtkomstnyckel"),
        AuditAction.ACCOUNT_ADDED: gettext("Lade upp ett konto"),
        AuditAction.ACCOUNT_CLOSED: gettext("Stängde ett konto"),
        AuditAction.ORGANISATION_ADDED: gettext("Lade upp en organisation"),
        AuditAction.INCIDENT_REPORTED: gettext("Rapporterade en händelse"),
        AuditAction.INCIDENTS_REPORTED: gettext("Rapporterade händelser"),
        AuditAction.INCIDENT_CORRECTED: gettext("Rättade en händelse"),
        AuditAction.INCIDENT_WITHDRAWN: gettext("Återtog en händelse"),
        AuditAction.ANALYSIS_REQUESTED: gettext("Beställde en analys"),
        AuditAction.ANALYSIS_STARTED: gettext("Började räkna en analys"),
        AuditAction.ANALYSIS_FINISHED: gettext("Räknade klart en analys"),
        AuditAction.ANALYSIS_FAILED: gettext("Analysen misslyckades"),
        AuditAction.ANALYSIS_CANCELLED: gettext("Avbröt en analys"),
        AuditAction.ANALYSIS_ADOPTED: gettext("Antog en analys"),
        AuditAction.ADOPTION_TAKEN_BACK: gettext("Tog tillbaka ett antagande"),
        AuditAction.SHARING_ENDED: gettext("Avslutade en delningsregel"),
        AuditAction.CATCHMENTS_MADE: gettext("Gjorde avrundningsområden"),
        AuditAction.JOINT_PICTURE_MADE: gettext("Gjorde en gemensam lägesbild"),
        AuditAction.SIGN_IN_REFUSED: gettext("Nekades inloggning"),
        AuditAction.ACCOUNT_CHANGED: gettext("Ändrade ett konto"),
        AuditAction.PASSWORD_SET: gettext("Bestämde ett lösenord"),
        AuditAction.IMPORT_REQUESTED: gettext("Lämnade in en fil"),
        AuditAction.IMPORT_CHECKED: gettext("Provläste en fil"),
        AuditAction.IMPORT_CHANGED: gettext("Ändrade hur en fil läses"),
        AuditAction.IMPORT_COMMITTED: gettext("Släppte in en fil"),
        AuditAction.IMPORT_STORED: gettext("Lagrade rader ur en fil"),
        AuditAction.IMPORT_FINISHED: gettext("Läste in hela filen"),
        AuditAction.IMPORT_FAILED: gettext("Inläsningen misslyckades"),
        AuditAction.IMPORT_REFUSED: gettext("Avvisade en fil"),
        AuditAction.IMPORT_CANCELLED: gettext("Avbröt en inläsning"),
        AuditAction.IMPORT_UNDONE: gettext("Återkallade en inläsning"),
        AuditAction.IMPORT_ROWS_WITHDRAWN: gettext("Tog tillbaka rader ur en fil"),
        AuditAction.UPLOAD_READ: gettext("Läste en inlämnad fil"),
        AuditAction.UPLOAD_DELETED: gettext("Raderade en inlämnad fil"),
        AuditAction.PLACES_LOADED: gettext("Läste in platsregistret"),
        AuditAction.CRIME_CODES_CHANGED: gettext("Ändrade en brottskod"),
        AuditAction.LINKS_PROPOSED: gettext("Föreslog kopplingar mellan rapporter"),
        AuditAction.LINK_DECIDED: gettext("Avgjorde en koppling mellan rapporter"),
        AuditAction.INCIDENTS_READ: gettext("Läste händelser med exakt plats"),
        AuditAction.INCIDENT_READ: gettext("Läste en händelse med exakt plats"),
        AuditAction.HOTSPOTS_EXPORTED: gettext("Hämtade platser som fil"),
        AuditAction.AUDIT_READ: gettext("Läste granskningsloggen"),
        AuditAction.AUDIT_EXPORTED: gettext("Hämtade granskningsloggen som fil"),
        AuditAction.PRIVACY_READ: gettext("Hämtade underlag till konsekvensbedömning"),
        AuditAction.READ_ENDED: gettext("Läsningen slutade"),
        AuditAction.AUDIT_SEALED: gettext("Förseglade loggen"),
        AuditAction.AUDIT_KEEPING_SET: gettext("Bestämde hur länge loggen sparas"),
        AuditAction.RETENTION_RULES_SET: gettext("Bestämde regler för gallring"),
        AuditAction.RETENTION_CARRIED_OUT: gettext("Gallrade"),
    }
    return names.get(AuditAction(action), action) if action in set(AuditAction) else action


def role_name(role: str) -> str:
    """A role in the reader's language."""
    names = {
        Role.REPORTER: gettext("rapportör"),
        Role.EXTERNAL_REPORTER: gettext("extern rapportör"),
        Role.COORDINATOR: gettext("samordnare"),
        Role.POLICE: gettext("polis"),
        Role.ANALYST: gettext("analytiker"),
        Role.LEADERSHIP: gettext("ledning"),
        Role.MAP_CLIENT: gettext("kartklient"),
        Role.AUDITOR: gettext("granskare"),
        Role.ADMIN: gettext("systemförvaltare"),
    }
    return names[Role(role)] if role in set(Role) else role


def scope_words(scope: str) -> str:
    """A scope as `core.permissions` writes it in short, in the reader's language."""
    names = {
        "incidents": gettext("händelser"),
        "coarse": gettext("händelser med grov plats"),
        "shared": gettext("delade händelser"),
        "at most snapped": gettext("högst avrundad plats"),
        "at most area": gettext("högst område"),
        "hot spots": gettext("platser"),
        "writes": gettext("skriver"),
        "own reports only": gettext("bara egna rapporter"),
        "administers": gettext("sköter konton"),
        "audits": gettext("granskar"),
        "nothing": gettext("ingenting"),
    }
    told = []
    for part in filter(None, scope.split(", ")):
        words, _, number = part.rpartition(" ")
        told.append(f"{names.get(words, words)} {number}" if number.isdecimal() else names.get(part, part))
    return ", ".join(told)


def figure_name(name: str) -> str:
    """What a figure counts or a filter narrows, in the reader's language; rare ones by their word."""
    names = {
        "rows": gettext("rader"),
        "whole": gettext("till slut"),
        "lines": gettext("rader"),
        "created": gettext("nya"),
        "repeated": gettext("upprepade"),
        "refused": gettext("nekade"),
        "read": gettext("lästa"),
        "good": gettext("godkända"),
        "bad": gettext("felaktiga"),
        "held": gettext("innehållna"),
        "waiting": gettext("väntande"),
        "doubled": gettext("dubbletter"),
        "updated": gettext("ändrade"),
        "bytes": gettext("byte"),
        "source": gettext("källa"),
        "texts": gettext("fritexter"),
        "positions": gettext("exakta platser"),
        "incidents": gettext("händelser"),
        "since": gettext("från"),
        "until": gettext("till"),
        "categories": gettext("händelsetyper"),
        "sources": gettext("källor"),
        "states": gettext("tillstånd"),
        "area": gettext("område"),
        "bbox": gettext("kartutsnitt"),
        "account": gettext("konto"),
        "organisation": gettext("organisation"),
        "organisations": gettext("organisationer"),
        "role": gettext("roll"),
        "fields": gettext("fält"),
        "rules": gettext("regler"),
        "months": gettext("månader"),
        "by_actor": gettext("ett visst konto"),
        "by_action": gettext("en viss åtgärd"),
        "by_organisation": gettext("en viss organisation"),
    }
    return names.get(name, name)
