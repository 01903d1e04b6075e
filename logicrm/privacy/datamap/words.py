"""What the words of the register mean, and what a job receives when nobody says otherwise."""

from __future__ import annotations

from logicrm.core import pii
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.privacy import vocabulary
from logicrm.privacy.profile import Profile
from logicrm.privacy.show import Show
from logicrm.privacy.vocabulary import Words

ROLES: Words = {
    "processor": _l("works for us (processor)"),
    "joint": _l("decides with us (joint controller)"),
    "controller": _l("answers for it alone (controller)"),
}
#: The role that a policy's word for a contract means.
ROLE_OF_CONTRACT = {"art28": "processor", "controller": "controller"}
#: Also those that courts have struck down: whoever believes in one is told why it protects nothing.
VOID: Words = {"privacy_shield": _l("EU-US Privacy Shield"), "safe_harbor": _l("Safe Harbor")}
WHY_VOID: Words = {
    "privacy_shield": _l("It protects nothing: the Court of Justice struck it down on 16 July 2020 (C-311/18)."),
    "safe_harbor": _l("It protects nothing: the Court of Justice struck it down on 6 October 2015 (C-362/14)."),
}
if set(VOID) != set(vocabulary.VOID_MECHANISMS):
    raise RuntimeError("words.VOID and vocabulary.VOID_MECHANISMS must name the same mechanisms")

_ALL = tuple(pii.CATEGORIES)
#: Which data goes to somebody with this job, until the register says otherwise.
USUAL_DATA: dict[str, tuple[str, ...]] = {
    "hosting": _ALL,
    "storage": _ALL,
    "carriers": ("identity", "contact", "business", "location"),
    "payments": ("identity", "contact", "financial"),
    "messaging": ("identity", "contact", "communication"),
    "support_tools": ("identity", "contact", "communication", "upload"),
    "analytics": ("usage", "device"),
}
SUBJECTS: Words = {
    "account": _l("Members of the team, who sign in"),
    "person": _l("Customers, leads, senders and receivers of shipments"),
}
ORIGINS: Words = {
    "register": _l("in the register"),
    "settings": _l("listed by the operator of this installation"),
    "policy": _l("named in the policy; nobody filled it in yet"),
}
CODES: Words = {
    "local": _l("stays on this machine"),
    "listed": _l("in the register"),
    "taken_back": _l("only removed what was there"),
    "nobody_knows": _l("nobody could decide"),
    "unlisted": _l("not in the register"),
    "job": _l("listed for another job"),
    "not_in_policy": _l("the policy names nobody for this job"),
    "void": _l("the safeguard is void"),
    "place": _l("outside the places of the policy"),
    "safeguard": _l("no safeguard for the transfer"),
    "ended": _l("the relation has ended"),
    "contract": _l("no contract in force"),
    "secrecy": _l("secrecy not confirmed"),
    "partners": _l("only with the person’s consent"),
}

# The policy speaks to a person ("where you are"); these pages speak to a business and to an authority about people.

KINDS: Words = {
    "identity": _l("name and position"),
    "contact": _l("addresses and numbers"),
    "business": _l("orders and shipments"),
    "communication": _l("messages and notes"),
    "consent": _l("choices and consents"),
    "security": _l("sign-ins"),
    "device": _l("device"),
    "usage": _l("what was opened and when"),
    "location": _l("places and positions"),
    "financial": _l("invoices and payments"),
    "upload": _l("files"),
}
if tuple(KINDS) != tuple(pii.CATEGORIES):
    raise RuntimeError("words.KINDS and core.pii.CATEGORIES must name the same categories")
_GIVEN = _l("the person, or the business that they work for")
_USED = _l("came about while the program was used")
_WORKED = _l("came about during the work for them")
SOURCES: Words = {
    "identity": _GIVEN, "contact": _GIVEN, "business": _WORKED,
    "communication": _l("the person wrote it, or the team noted it"), "consent": _l("the person’s own choice"),
    "security": _USED, "device": _USED, "usage": _USED, "location": _WORKED, "financial": _WORKED, "upload": _GIVEN,
}  # fmt: skip
PURPOSES: Words = {
    **vocabulary.PURPOSES,
    "support": _l("Help for people who ask for it"),
    "notices": _l("Messages that people need, such as a change of terms"),
    "personalisation": _l("Fitting pages to a person"),
}
BASES: Words = {
    "contract": _l("contract with the person"),
    "legitimate_interest": _l("legitimate interest of the business"),
    "consent": _l("consent of the person"),
    "legal_obligation": _l("legal obligation"),
}
DECISIONS: Words = {
    "none": _l("no decision about a person is made by a program alone"),
    "human": _l("a member of the team decides when somebody asks for it"),
}
CLASSES: Words = {
    **vocabulary.DATA_CLASSES,
    "consent": _l("What people allowed, refused and withdrew"),
    "requests": _l("Privacy requests and their answers"),
    "export": _l("Copies that people asked for"),
    "leads": _l("People who asked for an offer"),
    "marketing": _l("Marketing: addresses, interests, what was sent"),
}
ANCHORS: Words = {
    **vocabulary.ANCHORS,
    "deletion_requested": _l("the person asked for deletion"),
    "last_used": _l("it was last used"),
    "relationship_ended": _l("the last order or message came"),
    "last_contact": _l("the last contact took place"),
    "consent_given": _l("the person agreed"),
    "opted_out": _l("the person unsubscribed"),
}


def how_long(policy: Profile, data_class: str, show: Show, event: str = "") -> str:
    """How long a class of data is kept under a policy, every event that ends the keeping; "" where it has no rule."""
    rule = policy.retention.get(data_class)
    if rule is None:
        return ""
    said = [
        _("%(time)s, counted from when %(event)s", time=show.duration(one.keep_for), event=ANCHORS[one.anchor])
        for one in rule.triggers
        if event in ("", one.anchor)
    ]
    return _(" or ").join(said)


def basis(policy: Profile, purpose: str) -> str:
    """The legal basis of a purpose, with its article where the policy stands under the GDPR."""
    known = policy.purposes.get(purpose)
    return vocabulary.cited(BASES, known.basis, policy.regimes) if known else ""
