"""E-mail addresses: out of cells that hold several, and judged."""

import json
import re
from functools import lru_cache
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

MAX_EMAIL = 254

_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"  # no "--": such labels are encoded and want a closer look
# Everything this accepts, the validator accepts too and leaves unchanged but for capitals.
_PLAIN = re.compile(
    rf"(?=.{{6,254}}$)(?=[^@]{{1,64}}@)[A-Za-z0-9_]+(?:[.+_-][A-Za-z0-9_]+)*@((?:(?=[^.]{{1,63}}\.){_LABEL}\.)+[A-Za-z]{{2,63}})",
    re.ASCII,
)
_SPECIAL = frozenset(SPECIAL_USE_DOMAIN_NAMES)
_ANGLED = re.compile(r"(?:^|[;,\n])[^;\n<>@]*<\s*([^<>\s]+@[^<>\s]+)\s*>")
_SPLIT = re.compile(r"[;,\n|]|\s+(?=\S+@)")


@lru_cache(maxsize=20_000)
def _validated(address: str) -> str | None:
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None
    except (ValueError, IndexError):  # IDNA of rubbish
        return None


def normal(address: str) -> str | None:
    """Return the address in small letters, or None when mail could never reach it. Asks no server."""
    if match := _PLAIN.fullmatch(address):
        domain = match[1].lower()
        if "." in domain and domain.rpartition(".")[2] not in _SPECIAL and domain not in _SPECIAL:
            return address.lower()
    if len(address) > MAX_EMAIL or "@" not in address:
        return None
    return _validated(address)


def split(cell: str) -> list[str]:
    """Return the addresses written in one cell: lists, JSON, ``mailto:``, "Ana <ana@x.ro>"."""
    if cell.isascii() and cell.count("@") == 1 and " " not in cell and not set(cell) & set('<;,|"[\n:'):
        return [cell]
    texts = from_json(cell)
    if texts is None:
        texts = _SPLIT.split(_ANGLED.sub(r";\1;", cell))
    stripped = (text.strip().strip("<>'\"").removeprefix("mailto:").strip() for text in texts)
    return [text for text in dict.fromkeys(stripped) if text]


def from_json(cell: str) -> list[str] | None:
    """Return the texts of a JSON array (of texts, or of objects with a "value"), or None if it is none."""
    if not cell.startswith(("[", "{")) or len(cell) > 10_000:
        return None
    try:
        parsed: Any = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    items = parsed if isinstance(parsed, list) else [parsed]
    texts = []
    for item in items:
        if isinstance(item, dict):
            item = next((item[key] for key in ("value", "email", "number", "phone", "address") if item.get(key)), "")
        if isinstance(item, str | int):
            texts.append(str(item))
    return texts
