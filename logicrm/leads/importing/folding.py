"""Text brought down to what two spellings of one word have in common."""

import re
import unicodedata

_BARRED = str.maketrans({"đ": "d", "Đ": "d", "ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "æ": "ae", "Æ": "ae"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[^0-9a-z\u0370-\uffff]+")


def fold(text: str) -> str:
    """Return ``text`` in small letters without diacritics, its words separated by single spaces.

    "Prénom", "PRENOM" and "prenom" come out equal, as do "Điện thoại" and "dien thoai".
    """
    bare = unicodedata.normalize("NFKD", text.translate(_BARRED))
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return " ".join(_NOT_WORD.sub(" ", bare.casefold()).split())


def fold_heading(text: str) -> str:
    """Like ``fold``, for headings: also parts "firstName" and drops "__c", "(2)" and "[EMAIL]" marks."""
    bare = re.sub(r"__[a-z]{1,3}$", "", text.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"\s*\(\d+\)$", "", bare)
    return fold(_CAMEL.sub(" ", bare))


def words(text: str) -> frozenset[str]:
    """Return the words of ``text`` as a set: long lists read better without quotation marks."""
    return frozenset(text.split())
