"""Writes a profile's figures and words in one language: for the policy, for copies, for what is held about somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

from logicrm.core import promises as core
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.words import day_in_full
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile


@dataclass(frozen=True)
class Sentence:
    """One sentence. `promise_id` and `anchor` are "" for a sentence that explains and promises nothing."""

    text: str
    promise_id: str = ""
    anchor: str = ""


class Show:
    """Writes a profile's figures in one language."""

    #: Figures that are words of the vocabulary.
    WORDS: Mapping[str, vocabulary.Words] = {
        "recipients": vocabulary.RECIPIENTS,
        "disclosures": vocabulary.DISCLOSURES,
        "mechanisms": vocabulary.MECHANISMS,
        "cookie_categories": vocabulary.COOKIE_CATEGORIES,
        "channels": vocabulary.CHANNELS,
        "location_uses": vocabulary.LOCATION_USES,
        "hosting.regions": vocabulary.REGIONS,
        "automation.decisions": vocabulary.DECISIONS,
        "security.in_transit": vocabulary.IN_TRANSIT,
        "security.at_rest": vocabulary.AT_REST,
        "security.audits": vocabulary.AUDITS,
    }

    def __init__(self, profile: Profile, lang: str) -> None:
        self.profile = profile
        self.lang = lang
        self.locale = Locale.parse(lang)

    def figure(self, path: str) -> str:
        """Write the figure at a path of the profile. Raises LookupError when the profile has none there."""
        asked = self.profile.requests
        if path == "requests.answer" and asked.answer_working_days:
            days = asked.answer_working_days
            return str(ngettext("%(num)s working day", "%(num)s working days", days))
        value: Any = self.profile
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
        if value is None or value == ():
            raise LookupError(f"{path} is not in {self.profile.file}")
        if path == "recipients":
            value = tuple(dict.fromkeys(recipient.category for recipient in value))
        words = self.WORDS.get(path, {})
        if isinstance(value, tuple):
            return self.listed(str(words.get(one, one)) for one in value)
        return str(words[value]) if value in words else self.value(value)

    def value(self, value: Any) -> str:
        """Write a date, a period, a number or a text."""
        if isinstance(value, Duration):
            return self.duration(value)
        if isinstance(value, date):
            return day_in_full(value, self.lang)
        return format_decimal(value, locale=self.locale) if isinstance(value, int) else self.text(value)

    def text(self, value: Any) -> str:
        """A text of the profile: in the language where it came with the program, as typed where an owner wrote it."""
        return str(vocabulary.SHIPPED.get(value, value))

    def duration(self, duration: Duration) -> str:
        """Write "3 years", "1 year and 6 months"."""
        parts = (("year", duration.years), ("month", duration.months), ("day", duration.days), ("hour", duration.hours))
        return self.listed(self._counted(n, unit) for unit, n in parts if n)

    def _counted(self, number: int, unit: str) -> str:
        text = format_unit(number, f"duration-{unit}", "long", locale=self.locale)
        # Where a language has one form for long and short (Vietnamese), Babel finds it under "short" only.
        return text if "duration-" not in text else format_unit(number, f"duration-{unit}", "short", locale=self.locale)

    def listed(self, texts: Iterable[str]) -> str:
        """Join texts the way the language does: "a, b, and c"."""
        return format_list(list(texts), locale=self.locale)

    def country(self, code: str) -> str:
        """The country's name in the language; of the home country for ""."""
        code = code or self.profile.identity.country
        return str(self.locale.territories.get(code, code)) if code else str(vocabulary.REGIONS["home"])

    def basis(self, purpose: str) -> str:
        """The legal basis of a purpose, with its article; "" where the profile does not have the purpose."""
        known = self.profile.purposes.get(purpose)
        return self.cited(vocabulary.BASES, known.basis) if known else ""

    def cited(self, words: vocabulary.Words, name: str) -> str:
        """The words for a ground, basis or contract, with the article where the policy stands under the GDPR."""
        return vocabulary.cited(words, name, self.profile.regimes)

    def promised(self, figure: str) -> bool:
        """True when one of the profile's promises is about this figure, so that nothing else needs to say it."""
        return any(row.figure == figure for row in core.registry.all(self.profile.name))

    def promise(self, row: core.Promise) -> Sentence:
        """The sentence of a promise with the profile's figures in it, and plain words where it states none."""
        who = self.profile.identity
        unsaid = _("(not stated yet)")
        values = {
            "last_updated": self._or("last_updated", unsaid),
            "controller": who.controller,
            "country": self.country(who.country),
            "contact": who.contact or unsaid,
            "dpo_email": who.dpo_email or who.contact or unsaid,
            "dpo_address": ", ".join(map(self.text, who.dpo_address or who.address)) or unsaid,
            "address": ", ".join(map(self.text, who.address)) or unsaid,
            "in_transit": self.figure("security.in_transit"),
            "figure": self._or(row.figure, self._unstated(row.figure)) if row.figure else "",
        }
        return Sentence(str(row.says) % values, row.id, row.anchor)

    def _or(self, path: str, else_: str) -> str:
        try:
            return self.figure(path) or else_
        except LookupError:
            return else_

    def _unstated(self, path: str) -> str:
        if path.startswith(("requests.", "breach.")):
            return _("the time that the law sets")
        return _("(not stated yet)")
