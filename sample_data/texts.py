"""Short report texts in Swedish: what was seen, never who, no digits at all."""

import numpy as np

TEXT_SHARE = 0.45

BY_CATEGORY: dict[str, tuple[str, ...]] = {
    "VAL": (
        "Bråk mellan flera personer.",
        "Slagsmål utanför entrén.",
        "Misshandel anmäld, inga vittnen kvar på platsen.",
        "Knuffar och slag efter stängningsdags.",
    ),
    "RAN": (
        "Rån med hot, mobiltelefon tagen.",
        "Personrån vid busshållplatsen.",
        "Försök till rån, ingen skadad.",
    ),
    "HOT": (
        "Hotfullt uppträdande mot förbipasserande.",
        "Ungdomar ofredade resenärer.",
        "Hot i samband med tillsägelse.",
        "Återkommande trakasserier på platsen.",
    ),
    "PERS": (
        "Personal hotad i receptionen.",
        "Aggressivt bemötande mot medarbetare.",
        "Larm utlöst av personal.",
        "Personal tvingades stänga tillfälligt.",
    ),
    "SKJ": ("Kraftig smäll, fönster spräckta.", "Sprängladdning mot port, inga skadade."),
    "BRA": (
        "Brand i soptunna, släckt av förbipasserande.",
        "Anlagd brand i container.",
        "Bränt papper i trapphus.",
        "Eld vid skolgården, släckt innan den spred sig.",
    ),
    "NAR": (
        "Misstänkt handel från parkerad bil.",
        "Korta möten vid bänkarna, täta överlämningar.",
        "Små plastpåsar funna i buskaget.",
        "Misstänkt försäljning bakom byggnaden.",
    ),
    "PAV": (
        "Flera påverkade personer i väntsalen.",
        "Påverkad person sov i entrén.",
        "Öldrickande och hög ljudnivå.",
        "Berusade ungdomar, vakt tillkallad.",
    ),
    "INB": (
        "Inbrott via altandörr.",
        "Fönster uppbrutet på baksidan.",
        "Bostad genomsökt, smycken borta.",
        "Larm utlöst, gärningen avbruten.",
    ),
    "INF": (
        "Källarförråd uppbrutna.",
        "Hänglås klippta på flera förråd.",
        "Verktyg tagna ur bod.",
        "Förråd genomsökt.",
    ),
    "BIL": (
        "Katalysator stulen på parkeringen.",
        "Bilruta krossad, väska tagen.",
        "Navigationsutrustning stulen ur bil.",
        "Släpvagn stulen från uppställningsplatsen.",
    ),
    "BRN": ("Diesel tappad ur lastbil.", "Tanklock uppbrutet.", "Bränsle stulet från entreprenadmaskin."),
    "TIL": (
        "Stöld i butik, varor återlämnade.",
        "Cykel stulen vid stället.",
        "Plånbok stulen i trängseln.",
        "Snatteri av flera ungdomar.",
    ),
    "BED": ("Bedrägeri via telefon.", "Falsk faktura betald.", "Kortuppgifter använda på nätet."),
    "SKD": (
        "Krossade rutor i vindskyddet.",
        "Sönderslagen belysning.",
        "Papperskorgar och bänk förstörda.",
        "Repad port och trasig låscylinder.",
        "Rutor krossade på gavelsidan.",
    ),
    "KLO": (
        "Klotter på fasaden mot gatan.",
        "Nytt klotter i tunneln.",
        "Taggar på elskåp och bänkar.",
        "Klotter över hela gaveln.",
    ),
    "NED": (
        "Glassplitter och skräp på gångvägen.",
        "Dumpade möbler vid återvinningen.",
        "Skräp efter helgen.",
        "Sprutor funna, plockade av personal.",
    ),
    "BUS": (
        "Moped kör runt på torget.",
        "A-traktorer med hög musik sent på kvällen.",
        "Sladdande bilar på parkeringen.",
        "Moped i hög fart på gångvägen.",
    ),
    "TRA": (
        "Hög fart förbi övergångsstället.",
        "Nära olycka vid utfarten.",
        "Bilar kör mot rött.",
        "Felparkerade bilar skymmer sikten.",
    ),
    "OLO": (
        "Bil på gång- och cykelvägen.",
        "Moped genar genom parken.",
        "Elsparkcyklar i hög fart bland gående.",
    ),
    "SAM": (
        "Stökig samling, hög ljudnivå.",
        "Större grupp ungdomar utan vuxna.",
        "Samling vid entrén, boende vågar inte gå ut.",
        "Gäng som skrämmer förbipasserande.",
    ),
    "SKO": (
        "Bråk på skolgården under rasten.",
        "Obehöriga inne i skolbyggnaden.",
        "Brandlarm utlöst utan brand.",
        "Störningar i korridoren, lektion avbruten.",
        "Smällare på skolgården.",
    ),
    "OTR": (
        "Trasig belysning längs gångvägen.",
        "Mörkt och skymd sikt av buskar.",
        "Boende undviker platsen kvällstid.",
        "Flera lampor släckta vid trappan.",
    ),
    "ARR": ("Marknadsdag på torget.", "Konsert i parken.", "Hemmamatch med många besökare."),
    "OVR": ("Övergiven cykel i slänten.", "Trasigt staket.", "Okänd lukt i trapphuset."),
}


def draw(rng: np.random.Generator, category: str) -> str:
    """A text for some reports, empty for the others."""
    choices = BY_CATEGORY[category]
    picked = choices[int(rng.integers(len(choices)))]
    return picked if rng.random() < TEXT_SHARE else ""
