"""The catalogues of translations: gather what the program says, and compile what translators wrote.

Usage: python tools/phrases.py gather     (make phrases) every phrase of the code into every messages.po, new ones empty
       python tools/phrases.py compile    (make run, make test) messages.mo wherever it is missing or older
       python tools/phrases.py check      (make test) how much is translated; fails when the public would read English
       python tools/phrases.py new LANG   begin a language
A catalogue holds neither dates nor places in files, so it changes only when a phrase does, and merges stay calm.
"""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "logicrm" / "translations"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
STORED = {"said": None}  # sentences that an import stores and translates when they are shown; in code only
Phrase = str | tuple[str, ...]
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


#: What only members see; what anybody, a customer or a letter may read is everything else.
STAFF = (
    "logicrm/accounts/", "logicrm/customers/", "logicrm/demo/", "logicrm/leads/", "logicrm/shipments/", "logicrm/today/",
    "logicrm/privacy/datamap/", "logicrm/privacy/registers/", "logicrm/privacy/retaining/",
    "logicrm/privacy/templates/privacy/datamap/", "logicrm/privacy/templates/privacy/registers/",
    "logicrm/privacy/jobs", "logicrm/core/egress", "logicrm/core/jobs",
)  # fmt: skip
#: Inside those: pages and letters for strangers, and how data is called in copies and certificates.
NOT_STAFF = ("models", "subject", "tracking", "/mail/", "sign_in", "sign_up", "reset", "join", "statuses", "shown")


@cache
def spoken() -> dict[Phrase, frozenset[str]]:
    """Every phrase that code and templates hold, with the files in which it stands."""
    found: dict[Phrase, set[str]] = {}
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(one["pattern"], one["method"]) for one in mappings]
    code = [one for one in methods if one[1] == "python"]
    for where, keywords in ((methods, KEYWORDS), (code, STORED)):
        phrases = extract_from_dir(ROOT / "logicrm", where, keywords=keywords, directory_filter=lambda _: True)
        for file, _line, message, _comments, _context in phrases:
            found.setdefault(message, set()).add(f"logicrm/{file}")
    return {phrase: frozenset(files) for phrase, files in found.items()}


def said() -> Catalog:
    """The same as an empty catalogue."""
    found = Catalog(charset="utf-8")
    for phrase in spoken():
        found.add(phrase)
    return found


def for_staff(phrase: Phrase) -> bool:
    """True when only members of a workspace see this phrase."""
    return all(
        file.startswith(STAFF) and not any(part in file for part in NOT_STAFF) for file in spoken().get(phrase, ())
    )


@dataclass(frozen=True)
class Share:
    """How much of a catalogue is translated."""

    total: int
    missing: int
    public_total: int
    public_missing: list[Phrase]

    def says(self) -> str:
        """'98.2 % of 3,024 phrases, 100.0 % of the 1,800 that the public reads'."""
        all_ = 100 * (1 - self.missing / max(self.total, 1))
        public = 100 * (1 - len(self.public_missing) / max(self.public_total, 1))
        return (
            f"{all_:.1f} % of {self.total:,} phrases, {public:.1f} % of the {self.public_total:,} that the public reads"
        )


def share(catalogue: Catalog) -> Share:
    """Count what is translated, of all and of what the public reads."""
    empty = [phrase for phrase in spoken() if phrase not in catalogue or not full(catalogue[phrase].string)]
    public = [phrase for phrase in spoken() if not for_staff(phrase)]
    return Share(len(spoken()), len(empty), len(public), [phrase for phrase in empty if not for_staff(phrase)])


def check() -> int:
    """Print each language's share; 1 when the public would read English."""
    shares = {path.parent.parent.name: share(read(path)) for path in catalogues()}
    for language, found in shares.items():
        print(f"{language}: {found.says()}")
        for phrase in found.public_missing[:20]:
            print(f"    not translated: {phrase!r}")
    return 1 if any(found.public_missing for found in shares.values()) else 0


def catalogues() -> list[Path]:
    """The messages.po of every language."""
    return sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


def full(string: str | tuple[str, ...] | list[str]) -> bool:
    """True when no form of a translation is empty."""
    return all(string) if isinstance(string, tuple | list) else bool(string)


def read(path: Path) -> Catalog:
    """A catalogue as it stands."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, charset="utf-8", abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """A catalogue as it is stored: sorted by phrase, each phrase on one line."""
    out = BytesIO()
    out.write(HEADER.format(language=catalogue.locale_identifier, plurals=catalogue.plural_forms).encode())
    write_po(out, catalogue, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    return out.getvalue()


def write(path: Path, catalogue: Catalog) -> None:
    """Store a catalogue."""
    _replace(path, written(catalogue))


def gather() -> None:
    """Bring every catalogue up to date: new phrases are empty, those that are said no more go. Nothing is guessed."""
    phrases = said()
    for path in catalogues():
        catalogue = read(path)
        catalogue.update(phrases, no_fuzzy_matching=True)
        write(path, catalogue)
        empty = sum(not full(message.string) for message in catalogue if message.id)
        print(f"{path.parent.parent.name}: {len(catalogue)} phrases, {empty} not translated")


def begin(language: str) -> None:
    """Make the catalogue of a language that has none."""
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        write(path, Catalog(locale=language, charset="utf-8"))
    gather()


def compile_old() -> None:
    """Compile each catalogue that has changed since; one without errors only."""
    for path in catalogues():
        made = path.with_suffix(".mo")
        if made.exists() and made.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        catalogue = read(path)
        wrong = [(message.id, fault) for message, faults in catalogue.check() for fault in faults]
        if wrong:
            raise SystemExit("\n".join(f"{path.relative_to(ROOT)}: {phrase!r}: {fault}" for phrase, fault in wrong))
        for message in [one for one in catalogue if one.id and not full(one.string)]:
            catalogue.delete(message.id, message.context)  # else an empty plural would be said instead of the English
        out = BytesIO()
        write_mo(out, catalogue)
        _replace(made, out.getvalue())


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads meanwhile sees the old file or the new one, never half of one."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(path)


def main() -> int:
    match sys.argv[1:]:
        case ["gather"]:
            gather()
        case ["compile"]:
            compile_old()
        case ["check"]:
            return check()
        case ["new", language]:
            begin(language)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
