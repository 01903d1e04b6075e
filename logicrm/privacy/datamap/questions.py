"""What the authorities' forms for a record of processing ask, in our words, and which of them ask it.

The French (CNIL), Irish (DPC) and British (ICO) forms all hold what GDPR Art. 30 asks and then some of their own. A
question is declared once; `record.py` answers it. What no program can know is answered by the owner on the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString

from logicrm.core.phrases import lazy_gettext as _l

FR, IE, GB = "CNIL", "DPC", "ICO"
EVERYBODY = (FR, IE, GB)


@dataclass(frozen=True)
class Question:
    """One question. `law`: the letter of Art. 30 it answers, "" for what only a form asks."""

    key: str
    words: LazyString
    law: str = ""
    forms: tuple[str, ...] = EVERYBODY


def _all(*rows: Question) -> dict[str, Question]:
    return {row.key: row for row in rows}


#: About the business as a whole.
HEAD = _all(
    Question("controller", _l("Who answers: name and address"), "30(1)(a)"),
    Question("contact", _l("How to reach it"), "30(1)(a)"),
    Question("representative", _l("Representative (Art. 27)"), "30(1)(a)"),
    Question("dpo", _l("Data protection officer"), "30(1)(a)"),
    Question("joint", _l("Who decides together with it (joint controllers)"), "30(1)(a)"),
    Question("activities", _l("List of the activities"), "", (FR,)),
    Question("updated", _l("Record made and brought up to date"), "", (FR, IE)),
    Question("deletion_policy", _l("Document on keeping and deleting"), "", (GB,)),
)
#: About each activity.
ACTIVITY = _all(
    Question("number", _l("Number and name of the activity"), "", (FR, IE, GB)),
    Question("function", _l("Part of the business that does it"), "", (IE, GB)),
    Question("purposes", _l("What for"), "30(1)(b)"),
    Question("basis", _l("Legal basis (Art. 6)"), "", EVERYBODY),
    Question("interest", _l("The interest behind it, and its weighing"), "", (GB,)),
    Question("people", _l("Whom it concerns"), "30(1)(c)"),
    Question("data", _l("Kinds of data"), "30(1)(c)"),
    Question("special", _l("Sensitive data (Art. 9), offences (Art. 10), national numbers"), "", EVERYBODY),
    Question("condition", _l("Condition in the British Data Protection Act 2018, Schedule 1"), "", (GB,)),
    Question("source", _l("Where the data comes from"), "", (IE, GB)),
    Question("inside", _l("Who inside sees it"), "", (FR,)),
    Question("recipients", _l("Who else receives it"), "30(1)(d)"),
    Question("contracts", _l("Contracts with those who work for us (Art. 28)"), "", (FR, GB)),
    Question("transfers", _l("Countries outside to which it goes"), "30(1)(e)"),
    Question("safeguards", _l("What protects it there, with the document"), "30(1)(e)"),
    Question("keep", _l("How long, for each kind"), "30(1)(f)"),
    Question("kept_to", _l("Is it kept and deleted as written? If not, why?"), "", (GB,)),
    Question("security", _l("How it is protected"), "30(1)(g)"),
    Question("access", _l("Control of access, and trace of what was done"), "30(1)(g)", (FR,)),
    Question("encryption", _l("Encryption, backups, protection of the program"), "30(1)(g)", (FR,)),
    Question("location", _l("Where the data lies"), "", (IE, GB)),
    Question("system", _l("Program that is used"), "", (FR, IE)),
    Question("rights", _l("Rights of the people"), "", (GB,)),
    Question("automated", _l("Decisions by programs alone, profiling"), "", (IE, GB)),
    Question("consent", _l("Where consents are recorded"), "", (GB,)),
    Question("dpia", _l("Data protection impact assessment: needed, made, where"), "", (IE, GB)),
    Question("breach", _l("Breaches so far, and where they are recorded"), "", (IE, GB)),
)
#: What the business does for others (Art. 30(2)).
PROCESSOR = _all(
    Question("processor", _l("Who does the work: name, address, how to reach it"), "30(2)(a)"),
    Question("on_behalf", _l("For whom: each controller, and their representative"), "30(2)(a)"),
    Question("processor_representative", _l("Representative of the one who does the work"), "30(2)(a)"),
    Question("processor_dpo", _l("Data protection officer"), "30(2)(a)"),
    Question("work", _l("Kinds of work done for them"), "30(2)(b)"),
    Question("processor_transfers", _l("Countries outside to which data goes"), "30(2)(c)"),
    Question("processor_safeguards", _l("What protects it there"), "30(2)(c)"),
    Question("subprocessors", _l("Others that do a part of the work"), "", (FR, GB)),
    Question("processor_security", _l("How it is protected"), "30(2)(d)"),
)


@dataclass(frozen=True)
class Own:
    """Something that only the owner knows: one field of the page."""

    key: str
    label: LazyString
    help: LazyString
    longest: int = 1000


#: In the order of the page.
OWNERS = {
    one.key: one
    for one in (
        Own("phone", _l("Telephone for questions about data"), _l("The forms of the authorities ask for one."), 60),
        Own("dpo_name", _l("Name of the data protection officer"),
            _l("Empty: nobody is appointed. The addresses come from your policy."), 200),
        Own("dpo_phone", _l("Telephone of the officer"), _l("Only if somebody is appointed."), 60),
        Own("representative", _l("Representative (Art. 27)"),
            _l("Name and address in the European Union; needed where the business is outside and serves people there.")),
        Own("joint", _l("Who decides together with you"),
            _l("Name, address, what each does. Empty: nobody does.")),
        Own("on_behalf", _l("For whom you handle data on instruction"),
            _l("Name and address of each, one a line. Empty: for nobody.")),
        Own("work", _l("What you do for them"), _l("Only if there is somebody: storing, delivering, writing to …")),
        Own("interest", _l("Why your interests weigh more"),
            _l("In a sentence, or where the weighing lies. For what rests on a legitimate interest.")),
        Own("dpia", _l("Impact assessments"),
            _l("Which were made, when, where they lie. Empty: none was needed so far.")),
        Own("special", _l("Sensitive data that somebody may write into notes"),
            _l("Say how you keep it out, or on what ground you hold it.")),
    )
}  # fmt: skip
