"""The record of processing activities (GDPR Art. 30), made from policy, data map, register and the owner's answers.

Each purpose of the policy is an activity. Every question is answered, or is "not applicable" with the reason, or is
open and says what is missing: an open answer never hides behind a made-up one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from markupsafe import Markup

from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.privacy.datamap import questions, words
from logicrm.privacy.datamap.questions import Question
from logicrm.privacy.datamap.record_answers import Head, OfPurpose, Processor
from logicrm.privacy.datamap.record_facts import Facts, Not, Open, facts
from logicrm.privacy.profile_parts import Purpose

__all__ = [
    "STATE_WORDS",
    "Activity",
    "Answer",
    "Record",
    "State",
    "as_json",
    "facts",
    "made",
    "rows_csv",
    "rows_processor_csv",
    "sections",
]


class State(StrEnum):
    """What there is to a question."""

    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"
    OPEN = "open"


STATE_WORDS = {
    State.ANSWERED: (_l("Answered"), "good"),
    State.NOT_APPLICABLE: (_l("Not applicable"), "neutral"),
    State.OPEN: (_l("Still open"), "warn"),
}


@dataclass(frozen=True)
class Answer:
    """An answer: its lines, or why there is none. `own`: the field of the page in which the owner gives it."""

    question: Question
    state: State
    lines: tuple[str, ...]
    own: str = ""

    @property
    def text(self) -> str:
        """On one line, for tables."""
        said = "; ".join(self.lines)
        return _("Not applicable: %(why)s", why=said) if self.state is State.NOT_APPLICABLE else said

    @property
    def on_paper(self) -> Markup:
        """Each line on its own."""
        return Markup("<br>").join([self.text] if self.state is State.NOT_APPLICABLE else self.lines)


@dataclass(frozen=True)
class Activity:
    """One activity with its answers."""

    key: str
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Record:
    """The whole record."""

    head: tuple[Answer, ...]
    activities: tuple[Activity, ...]
    processor: tuple[Answer, ...]

    @property
    def answers(self) -> list[Answer]:
        """Every answer."""
        return [*self.head, *(one for act in self.activities for one in act.answers), *self.processor]

    @property
    def open(self) -> list[Answer]:
        """The head's and the processor's questions that wait for the owner, and of activities each only once."""
        found = {one.question.key: one for one in reversed(self.answers) if one.state is State.OPEN}
        return list(reversed(found.values()))


def made(known: Facts) -> Record:
    """The record from the facts."""
    head = Head(known)
    return Record(
        tuple(_answer(question, head) for question in questions.HEAD.values()),
        tuple(_activity(number, purpose, known) for number, purpose in enumerate(known.policy.purposes.values(), 1)),
        tuple(_answer(question, Processor(known)) for question in questions.PROCESSOR.values()),
    )


def _activity(number: int, purpose: Purpose, known: Facts) -> Activity:
    maker = OfPurpose(known, purpose, number)
    return Activity(
        purpose.name, str(words.PURPOSES[purpose.name]),
        tuple(_answer(question, maker) for question in questions.ACTIVITY.values()),
    )  # fmt: skip


def _answer(question: Question, maker: Any) -> Answer:
    """Ask the maker's method of the question's name. It returns lines, `Not(why)` or `Open(why, field)`."""
    said = getattr(maker, question.key)()
    if isinstance(said, Not):
        return Answer(question, State.NOT_APPLICABLE, (str(said.why),), said.own)
    if isinstance(said, Open):
        return Answer(question, State.OPEN, (str(said.why),), said.own)
    lines = tuple(str(line) for line in said if str(line).strip())
    return Answer(question, State.ANSWERED, lines) if lines else Answer(question, State.OPEN, (_("Not stated yet."),))


# As tables -----------------------------------------------------------------------------------------


def rows_csv(record: Record) -> list[tuple[str, ...]]:
    """The controller's record: a line for each activity, with what holds for all of them in front."""
    common = [(str(one.question.words), one.text) for one in record.head]
    head = [title for title, _text in common] + [str(one.words) for one in questions.ACTIVITY.values()]
    lines = [
        tuple(text for _title, text in common) + tuple(one.text for one in act.answers) for act in record.activities
    ]
    return [tuple(head), *lines]


def rows_processor_csv(record: Record) -> list[tuple[str, ...]]:
    """The processor's record: a question and its answer on each line."""
    return [(_("Question"), _("Answer")), *((str(one.question.words), one.text) for one in record.processor)]


def as_json(record: Record) -> dict[str, Any]:
    """The record as plain values."""

    def plain(answers: Sequence[Answer]) -> list[dict[str, Any]]:
        return [
            {
                "question": one.question.key, "words": str(one.question.words), "law": one.question.law,
                "forms": list(one.question.forms), "state": str(one.state), "lines": list(one.lines),
            }
            for one in answers
        ]  # fmt: skip

    return {
        "format": "logicrm.record-of-processing/1",
        "controller": plain(record.head),
        "activities": [
            {"activity": act.key, "title": act.title, "answers": plain(act.answers)} for act in record.activities
        ],
        "processor": plain(record.processor),
    }


def sections(record: Record) -> list[dict[str, Any]]:
    """The record as sections of a paper."""
    head = (_("Question"), _("Answer"))

    def part(title: str, anchor: str, answers: Sequence[Answer]) -> dict[str, Any]:
        rows = [(str(one.question.words), one.on_paper) for one in answers]
        return {"title": title, "anchor": anchor, "table": {"head": head, "rows": rows}}

    return [
        part(_("Who answers"), "head", record.head),
        *(part(f"{n}. {act.title}", f"activity-{n}", act.answers) for n, act in enumerate(record.activities, 1)),
        part(_("What the business does for others (processor)"), "processor", record.processor),
    ]
