"""A person's whole name parted into first and last name."""

import re

from logicrm.leads.importing.folding import words

_TITLES = words(
    """
    mr mrs ms miss mx dr prof ing dipl sir herr frau m mme mlle monsieur madame sr sra srta senor
    senora sig sig.ra dott dott.ssa dl dna d-na d-l domnul doamna ông bà mag
    """
)
_PARTICLES = words(
    """
    van von der den de del della di da dos du la le ter ten al el bin ibn zu zum zur af
    """
)
_SUFFIXES = words("jr sr ii iii iv phd md mba esq")
_VIETNAMESE = words(
    """
    nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trịnh đoàn mai cao
    tô hà lương nguyen tran pham huynh
    """
)
_BARE = re.compile(r"[.,]+$")


def split(full: str, *, country: str = "") -> tuple[str, str]:
    """Return (first name, last name); a single word is a first name.

    "Doe, John" is turned round; titles are left out; "van", "de" and their like belong to the last
    name. Vietnamese names put the family first: told by a common surname in front of two or more words.
    """
    family, comma, given = full.partition(",")
    if comma and given.strip() and _BARE.sub("", given.strip().lower()) not in _SUFFIXES:
        return _without_titles(given.split()), family.strip()
    parts = [word for word in full.replace(",", " ").split() if word]
    while len(parts) > 1 and _BARE.sub("", parts[0].lower()) in _TITLES:
        parts.pop(0)
    if len(parts) < 2:
        return " ".join(parts), ""
    vietnamese = parts[0].lower() in _VIETNAMESE and (country == "VN" or (not full.isascii() and len(parts) >= 3))
    if vietnamese:
        return " ".join(parts[1:]), parts[0]
    last = len(parts) - 1
    while last > 1 and _BARE.sub("", parts[last].lower()) in _SUFFIXES:
        last -= 1
    while last > 1 and parts[last - 1].lower() in _PARTICLES:
        last -= 1
    return " ".join(parts[:last]), " ".join(parts[last:])


def _without_titles(parts: list[str]) -> str:
    return " ".join(word for word in parts if _BARE.sub("", word.lower()) not in _TITLES)
