"""The words that a policy profile may use, and how each is called on the page.

A profile holds words and figures only, so that its page can be read in every language: what a word means is
said here, once, and translated.
"""

from __future__ import annotations

from flask_babel import LazyString

from logicrm.core import pii
from logicrm.core.phrases import lazy_gettext as _

Words = dict[str, LazyString]

REGIMES = ("gdpr", "vn")
EEA = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO",
))  # fmt: skip

#: Classes of data that the program holds. Each needs a rule in every profile.
DATA_CLASSES: Words = {
    "account": _("Accounts: name, e-mail, company, job title, phone"),
    "business": _("Customers, orders and shipments"),
    "leads": _("People who asked us for an offer"),
    "support": _("Support requests, messages and feedback"),
    "marketing": _("Marketing: addresses, interests, what we sent"),
    "usage": _("How the service is used, for analysis"),
    "location": _("Where somebody or something was"),
    "financial": _("Invoices and payments"),
    "consent": _("What you allowed, refused and withdrew"),
    "requests": _("Privacy requests and our answers"),
    "security": _("Security records: who looked at what"),
    "logs": _("Sign-ins, sessions and technical logs"),
    "export": _("Copies that we made for you"),
    "backups": _("Encrypted backups"),
}
ANCHORS: Words = {
    "account_ended": _("the account ended"),
    "deletion_requested": _("you asked us to delete it"),
    "last_used": _("the last use"),
    "relationship_ended": _("the last order or message"),
    "last_contact": _("we last spoke"),
    "case_closed": _("the case was closed"),
    "consent_given": _("you agreed"),
    "opted_out": _("you unsubscribed"),
    "withdrawn": _("the choice was changed or withdrawn"),
    "recorded": _("it was recorded"),
    "issued": _("the invoice was issued"),
    "request_closed": _("the request was closed"),
    "made": _("it was made"),
    "ended": _("it ended"),
}
ACTIONS: Words = {
    "delete": _("deleted"),
    "anonymise": _("made anonymous"),
    "restrict": _("locked away"),
}
GROUNDS: Words = {
    "contract": _("we need it for the contract with you"),
    "legal_obligation": _("the law makes us keep it"),
    "legitimate_interest": _("we have a fair reason (legitimate interest)"),
    "consent": _("you agreed"),
    "tax_law": _("tax and accounting law makes us keep it"),
    "claims": _("we may have to answer a claim"),
    "change_of_mind": _("so that you can change your mind"),
    "winding_up": _("so that it can be taken out everywhere"),
    "proof_of_consent": _("we must be able to prove your choice"),
    "accountability": _("we must be able to prove that we kept the law"),
}
#: Why somebody holds data back although its time is over (a legal hold).
HOLD_GROUNDS: Words = {
    "claim": _("a claim is made, defended or expected (GDPR Art. 17(3)(e))"),
    "authority": _("an authority or a court asks for it (GDPR Art. 17(3)(b))"),
    "audit": _("a tax or customs audit is under way (GDPR Art. 17(3)(b))"),
}
CRITERIA: Words = {
    "nature_and_purpose": _("how sensitive it is and what it is for"),
    "legal_obligation": _("what the law asks"),
    "relationship": _("how long you are with us"),
    "requests": _("what you asked for"),
}

PURPOSES: Words = {
    "service": _("Running the service"),
    "account": _("Accounts and payments"),
    "support": _("Help when you ask for it"),
    "notices": _("Messages that you need, such as a change of terms"),
    "improvement": _("Making the service better: how it is used, new features, research, trends"),
    "security": _("Keeping the service safe"),
    "legal": _("Doing what the law asks"),
    "marketing": _("Offers and advertising"),
    "product_updates": _("News about the product"),
    "personalisation": _("Fitting pages to you"),
    "recommendations": _("Suggestions"),
    "surveys": _("Surveys"),
    "insights": _("News of the trade"),
    "analytics": _("Counting visits"),
    "location": _("Finding the way: position of field staff"),
    "partners": _("Sharing with partners"),
    "efficiency": _("Showing a business how it can work better, from figures of many together"),
}
#: Purposes that code always uses: a profile without one of them would leave data without a reason.
ALWAYS_USED = ("service", "support", "security", "legal")
#: Purposes that no profile may rest on anything but a yes.
CONSENT_ONLY = (
    "marketing", "product_updates", "personalisation", "recommendations", "surveys", "insights", "analytics",
    "location", "partners",
)  # fmt: skip
#: Purposes that draw conclusions from what somebody does: a profile that promises "no profiling" has none of them.
PROFILING_PURPOSES = ("personalisation", "recommendations")
BASES: Words = {
    "contract": _("our contract with you"),
    "legitimate_interest": _("a fair reason of ours, weighed against yours (legitimate interest)"),
    "consent": _("your consent"),
    "legal_obligation": _("a legal obligation"),
}
DATA_CATEGORIES: Words = {
    "identity": _("who you are"),
    "contact": _("how to reach you"),
    "business": _("what your firm orders and ships"),
    "communication": _("what you write and say to us"),
    "consent": _("your choices"),
    "security": _("sign-ins"),
    "device": _("your device"),
    "usage": _("what you open and when"),
    "location": _("where you are"),
    "financial": _("invoices and payments"),
    "upload": _("files that you give us"),
}
if tuple(DATA_CATEGORIES) != pii.CATEGORIES:
    raise RuntimeError("vocabulary.DATA_CATEGORIES and core.pii.CATEGORIES must name the same categories")

RECIPIENTS: Words = {
    "hosting": _("Hosting and storage"),
    "storage": _("Cloud storage"),
    "carriers": _("Carriers and other systems that you connect"),
    "payments": _("Payments"),
    "messaging": _("E-mail and marketing automation"),
    "support_tools": _("Help-desk tools"),
    "analytics": _("Analytics and monitoring"),
}
MECHANISMS: Words = {
    "home": _("stays in the home region"),
    "adequacy": _("the European Commission finds that country safe (adequacy decision, GDPR Art. 45)"),
    "scc": _("contract clauses set by the European Commission (standard contractual clauses, 2021/914)"),
    "certification": _("an approved certificate or code of conduct (GDPR Art. 46(2)(e) and (f))"),
    "measures": _("other legally recognised safeguards (GDPR Art. 46)"),
}
#: Mechanisms that courts have struck down, and when.
VOID_MECHANISMS = {
    "privacy_shield": "the Court of Justice struck it down on 16 July 2020 (C-311/18)",
    "safe_harbor": "the Court of Justice struck it down on 6 October 2015 (C-362/14)",
}
ANY_MECHANISM = (*(name for name in MECHANISMS if name != "home"), *VOID_MECHANISMS)
CONTRACTS: Words = {"art28": _("processing contract"), "controller": _("answers for the data itself")}
#: Where the GDPR says so; shown where a policy stands under it.
GDPR_ARTICLES = {
    "contract": "6(1)(b)", "legal_obligation": "6(1)(c)", "legitimate_interest": "6(1)(f)", "consent": "6(1)(a)",
    "tax_law": "6(1)(c)", "claims": "17(3)(e)", "proof_of_consent": "7(1)", "accountability": "5(2)", "art28": "28",
}  # fmt: skip
DISCLOSURES: Words = {
    "law": _("a law or a court orders it"),
    "authority": _("an authority asks and may ask"),
    "rights": _("our rights, property or safety, or yours, must be protected"),
    "fraud": _("fraud or an attack must be looked into"),
    "good_faith": _("we believe in good faith that a law asks for it"),
    "regulation": _("a regulation asks for it"),
}

COOKIE_CATEGORIES: Words = {
    "essential": _("Essential"),
    "analytics": _("Analytics"),
    "marketing": _("Marketing"),
    "preference": _("Preferences"),
    "personalisation": _("Personalisation"),
}
COOKIE_REASONS: Words = {
    "essential": _("The service does not work without them: signing in, safety, your cookie choice itself."),
    "analytics": _("They help us count visits and see what is used."),
    "marketing": _("They help us show and measure advertising."),
    "preference": _("They remember how you like things, such as light or dark."),
    "personalisation": _("They fit pages to you."),
}
CHANNELS: Words = {
    "email": _("e-mail"),
    "sms": _("text message"),
    "newsletter": _("newsletter"),
    "survey": _("survey"),
    "in_app": _("notification in the service"),
}
IN_TRANSIT: Words = {
    "tls13": LazyString(lambda: "TLS 1.3"),
    "tls12": LazyString(lambda: "TLS 1.2"),
    "https": LazyString(lambda: "HTTPS"),
}
AT_REST: Words = {"aes256": LazyString(lambda: "AES-256"), "unstated": _("a recognised cipher")}
MEASURES: Words = {
    "roles": _("access by role"),
    "mfa": _("a second proof at sign-in"),
    "firewall": _("firewalls and monitoring"),
    "updates": _("prompt security updates"),
    "training": _("trained staff"),
    "screening": _("checked staff"),
    "incident_plan": _("a plan for incidents"),
    "audits": _("audits"),
    "assessments": _("tests for weaknesses"),
    "monitoring": _("monitoring day and night"),
    "confidentiality": _("everybody who helps us is bound to secrecy"),
    "site": _("guarded data centres"),
    "backups": _("backups"),
}
AUDITS: Words = {"regular": _("regularly"), "monthly": _("every month"), "unstated": _("as needed")}
CHANGE_NOTICES: Words = {
    "page": _("we publish the new text on this page"),
    "date": _("the date at the top changes"),
    "email_if_material": _("we write to you by e-mail when it matters"),
    "prominent": _("the service shows a clear notice"),
    "earlier_versions": _("earlier versions stay readable"),
}
CHILDREN: Words = {
    "not_directed": _("the service is not meant for children"),
    "guardian_may_ask": _("a parent or guardian may write to us"),
    "deleted_at_once": _("a child's data goes as soon as we find it"),
}
GRACE_ACCESS: Words = {
    "export": _("download a copy"),
    "cancel": _("cancel the deletion"),
    "certificate": _("read the certificate"),
}
TERMINATION_ACCESS: Words = {
    "export": _("download your data"),
    "reactivate": _("take the service up again"),
}
PROFILING: Words = {
    "consent": _("only after you say yes"),
    "none": _("never"),
}
DECISIONS: Words = {
    "none": _("no decision about you is made by a program alone"),
    "human": _("a person decides when you ask for one"),
}
LOCATION_USES: Words = {
    "tracking": _("showing where a visit or a delivery stands"),
    "routes": _("finding the best order of stops"),
}
REGIONS: Words = {
    "home": _("the home country"),
    "EEA": _("the European Economic Area"),
    "US": _("the United States"),
    "VN": _("Viet Nam"),
    "protected": _("other countries, under one of the safeguards that this policy names"),
}
#: What the profiles that come along say in words of their own; translated for as long as an owner leaves it so.
SHIPPED: Words = {
    "California, United States; the GDPR for people in the European Union": _(
        "California, United States; the GDPR for people in the European Union"
    ),
    "Romania; the GDPR": _("Romania; the GDPR"),
    "Viet Nam": _("Viet Nam"),
    "People's Court in Ho Chi Minh City": _("People's Court in Ho Chi Minh City"),
    "Data protection officer": _("Data protection officer"),
    "United States": _("United States"),
}
#: How often "…" is, for controls whose cadence is a word of the profile.
CADENCES = {"regular": "P1Y", "monthly": "P1M", "unstated": "P1Y"}


def cited(words: Words, name: str, regimes: tuple[str, ...] = ("gdpr",)) -> str:
    """The words for a ground, basis or contract, with the article behind them where the GDPR rules."""
    said = str(words.get(name, name))
    article = GDPR_ARTICLES.get(name) if "gdpr" in regimes else None
    if article is None:
        return said
    where = str(_("GDPR Art. %(article)s", article=article))
    return f"{said[:-1]}, {where})" if said.endswith(")") else f"{said} ({where})"


def area(country: str) -> str:
    """The region in which data moves freely: "EEA" for its members, else the country itself."""
    return "EEA" if country in EEA else country


def lies_in(country: str, regions: tuple[str, ...], home: str) -> bool:
    """True when a country ("" = home) is in one of the regions; "protected" is anywhere and decided elsewhere."""
    where = country or home
    return "protected" in regions or ("home" in regions and area(where) == area(home)) or area(where) in regions
