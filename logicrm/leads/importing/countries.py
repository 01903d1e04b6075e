"""Countries by name in our languages, by code, or by what people call them."""

from functools import cache

from babel import Locale
from babel.core import get_global

from logicrm.leads.importing.folding import fold

_NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}
_LANGUAGES = ("en", "ro", "vi", "de", "fr", "es", "it", "pl", "hu", "bg", "nl")
# What people write besides the official names; folded.
_CALLED = """
    GB: uk, england, scotland, wales, northern ireland, great britain, anglia, marea britanie
    GB: grossbritannien, grande bretagne, anh quoc
    US: us, u s, u s a, usa, america, united states of america, sua, etats unis d amerique, hoa ky
    US: statele unite ale americii, vereinigte staaten von amerika
    NL: holland, olanda, the netherlands
    CZ: czech republic, cehia, tschechische republik, ceska republika, cesko
    VN: viet nam, vn
    KR: south korea, korea, republic of korea
    RU: russian federation
    MD: moldova, republic of moldova, republica moldova
    MK: macedonia
    TR: turkey, turkei
    HK: hong kong
    MO: macau
    TW: taiwan
    AE: u a e, uae
    CI: ivory coast
    SZ: swaziland
    MM: burma
    CN: china, p r china, prc
    BR: brasil
    ES: espana
    AT: osterreich, oesterreich
    CH: schweiz, suisse, svizzera
    GR: hellas
    IE: eire, ireland republic of
    RO: romania
    DE: deutschland, brd
    RS: srbija
    HR: hrvatska
    SK: slovensko
    HU: magyarorszag
    PL: polska
    SE: sverige
    NO: norge
    DK: danmark
    FI: suomi
"""


@cache
def _names() -> dict[str, str]:
    """Return folded name or code → ISO 3166 alpha-2. Loaded at the first use: 11 languages, 2,500 names."""
    known = {str(code) for code in Locale("en").territories}
    codes = {code for code in known if len(code) == 2 and code.isalpha()} - _NO_COUNTRIES
    names: dict[str, str] = {code.lower(): code for code in codes}
    aliases: dict[str, list[str]] = get_global("territory_aliases")  # type: ignore[assignment]
    for old, new in aliases.items():
        if old.isalpha() and len(old) in (2, 3) and len(new) == 1 and new[0] in codes:
            names.setdefault(old.lower(), new[0])
    for language in _LANGUAGES:
        territories = Locale(language).territories
        for code in codes:
            if code in territories:
                names.setdefault(fold(str(territories[code])), code)
    for line in _CALLED.strip().splitlines():
        code, _, called = line.strip().partition(": ")
        names.update(dict.fromkeys(called.split(", "), code))
    return names


@cache
def _alpha2(text: str) -> str | None:
    return _names().get(fold(text))


def alpha2(text: str) -> str | None:
    """Return the ISO 3166 alpha-2 code of a country named or coded in ``text``, or None."""
    text = text.strip()
    if not 2 <= len(text) <= 60:
        return None
    return _alpha2(text)
