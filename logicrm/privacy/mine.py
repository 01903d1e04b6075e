"""What is held about somebody, for people to read: by category from the declarations, by table with counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flask_babel import get_locale

from logicrm.core.phrases import gettext as _
from logicrm.core.pii import models_about
from logicrm.core.subjects import Subject
from logicrm.extensions import db
from logicrm.privacy import vocabulary, walk
from logicrm.privacy.policy import Show
from logicrm.privacy.profile import Profile


@dataclass(frozen=True)
class Category:
    """One kind of data: what it is called, which values, why we hold them, how long."""

    title: str
    values: list[str]
    purposes: list[str]
    keep: list[str]


@dataclass(frozen=True)
class Held:
    """One table with something about the person."""

    title: str
    data_class: str
    keep: str
    records: int


def categories(subject: Subject, terms: Profile) -> list[Category]:
    """What may be held about this kind of subject, by category. Asks the declarations only, not the database."""
    show = Show(terms, str(get_locale() or "en"))
    values: dict[str, dict[str, None]] = defaultdict(dict)
    purposes: dict[str, dict[str, None]] = defaultdict(dict)
    keep: dict[str, dict[str, None]] = defaultdict(dict)
    # What says who somebody is comes first: the person's own row.
    declared = sorted(models_about(subject.kind, db.Model), key=lambda pair: pair[1].by not in ("id", "email"))
    for model, _about in declared:
        for name, mark in walk.declared_personal(model).items():
            values[mark.category][str(mark.label) or name.replace("_", " ")] = None
            if mark.purpose in terms.purposes:
                purposes[mark.category][str(vocabulary.PURPOSES[mark.purpose])] = None
            keep[mark.category][_keep(show, mark.keep)] = None
    return [
        Category(_title(words), list(values[name]), list(purposes[name]), list(keep[name]))
        for name, words in vocabulary.DATA_CATEGORIES.items()
        if values[name]
    ]


def _title(words: object) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]


def _keep(show: Show, data_class: str) -> str:
    rule = show.profile.retention[data_class]
    return _(
        "%(period)s after %(event)s", period=show.duration(rule.keep_for), event=str(vocabulary.ANCHORS[rule.anchor])
    )


def held(subject: Subject, terms: Profile) -> list[Held]:
    """What is held now, table by table, most first. A walk through all declared tables."""
    show = Show(terms, str(get_locale() or "en"))
    found = walk.find(subject)
    rows = [
        Held(
            walk.label_of(one.model), str(vocabulary.DATA_CLASSES[walk.data_class(one.model)]),
            _keep(show, walk.data_class(one.model)), len(one),
        )
        for one in found.tables.values()
    ]  # fmt: skip
    return sorted(rows, key=lambda one: (-one.records, one.title))
