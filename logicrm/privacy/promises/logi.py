"""What the policy of LogiCRM promises."""

from __future__ import annotations

from functools import partial

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import register

MADE_BY = ("logicrm",)
S = partial(register, kind="S", profiles=MADE_BY)  # software keeps it
M = partial(register, kind="M", profiles=MADE_BY)  # software keeps a part, a control the rest
O = partial(register, kind="O", profiles=MADE_BY)  # people keep it; the program keeps the evidence  # noqa: E741

# fmt: off
# Who we are --------------------------------------------------------------------------------------
S("P-LOGI-01", section="about", proof="policy.page", figure="effective",
  says=_("This policy was last changed on %(last_updated)s and applies from %(figure)s."))
S("P-LOGI-02", section="about", proof="terms",
  says=_("Using the service means that you accept these terms. It never counts as consent: for that we ask you."))

# What we collect ---------------------------------------------------------------------------------
S("P-LOGI-03", section="collect", proof="census",
  says=_("Your account holds what you give us: name, e-mail address, company, job title and phone number."))
S("P-LOGI-04", section="collect", proof="census",
  says=_("About your business we hold its size, its industry and the data of its logistics."))
S("P-LOGI-05", section="collect", proof="census",
  says=_("About your use of the service we hold what you did, which parts you used and for how long."))
S("P-LOGI-06", section="collect", proof="census",
  says=_("When you write to us, we keep your requests for help, your feedback and our letters to each other."))
S("P-LOGI-07", section="collect",
  says=_("For payments we hold your billing address and the kind of payment. A payment firm handles the card; "
         "we never store a card number."))
S("P-LOGI-08", section="collect", proof="census",
  says=_("About your device we may hold its internet address, browser, operating system and identifiers."))
S("P-LOGI-09", section="collect", proof="census, logs",
  says=_("Our logs note when you came, which pages you opened, which links you followed and where you came from."))
S("P-LOGI-10", section="collect", proof="policy.cookies",
  says=_("A cookie policy of its own names every cookie, what it is for and how long it stays."))

# Why we use it -----------------------------------------------------------------------------------
S("P-LOGI-11", section="use", proof="purposes",
  says=_("To serve you, we use data to run the service, for accounts and payments, to help you and to tell you "
         "what you must know."))
S("P-LOGI-12", section="use", proof="purposes",
  says=_("To get better, we look at how the service is used, build new features, do research and follow trends."))
S("P-LOGI-13", section="use", proof="gate.marketing",
  says=_("We send offers and product news only to people who agreed to get them."))
S("P-LOGI-14", section="use",
  says=_("Pages fitted to you, suggestions, surveys and news of the trade have a switch each, and each is off until "
         "you turn it on."))
S("P-LOGI-43", section="use", proof="purposes",
  says=_("Every use has exactly one legal basis; the table shows which."))
S("P-LOGI-44", section="use", proof="consent.opt_in",
  says=_("Marketing starts switched off. Nothing is ticked for you."))

# Who else receives it ----------------------------------------------------------------------------
M("P-LOGI-15", section="share", proof="egress", control="contracts",
  says=_("We do not sell, trade or hand over your data to anybody who is not named here."))
S("P-LOGI-16", section="share", proof="egress", figure="recipients",
  says=_("Firms that work for us (processors) may receive data for these jobs only: %(figure)s."))
M("P-LOGI-17", section="share", control="disclosures", figure="disclosures",
  says=_("We give data to authorities or courts only when one of these is true: %(figure)s."))
O("P-LOGI-18", section="share", control="business_transfer",
  says=_("If the business is sold or merged, data may move with it; we tell you before."))
M("P-LOGI-57", section="transfers", proof="transfers, transfers.void", control="transfers", figure="mechanisms",
  says=_("When data leaves your region, one of these protects it: %(figure)s."))

# How we protect it -------------------------------------------------------------------------------
M("P-LOGI-19", section="security", proof="transit", control="transport", figure="security.in_transit",
  says=_("Data on its way is encrypted (%(figure)s)."))
M("P-LOGI-20", section="security", proof="rest", control="disks", figure="security.at_rest",
  says=_("Stored data is encrypted (%(figure)s)."))
S("P-LOGI-21", section="security", proof="roles",
  says=_("People see only what their role needs."))
S("P-LOGI-22", section="security",
  says=_("Staff sign in with a second proof besides the password (multi-factor authentication)."))
M("P-LOGI-23", section="security", proof="monitoring", control="firewall",
  says=_("Firewalls and monitoring watch for intruders."))
M("P-LOGI-24", section="security", control="patching",
  says=_("Security updates are put in regularly."))
O("P-LOGI-25", section="security", control="training",
  says=_("Our staff learn how to protect data."))
O("P-LOGI-26", section="security", control="screening",
  says=_("We check the background of staff who can reach personal data."))
M("P-LOGI-27", section="security", control="incidents",
  says=_("We have a plan for security incidents and follow it."))
O("P-LOGI-28", section="security", control="audit", figure="security.audits",
  says=_("Our security is audited %(figure)s."))
O("P-LOGI-29", section="security", control="data_centre",
  says=_("The data centres are watched day and night."))
O("P-LOGI-30", section="security", control="data_centre",
  says=_("Doors, locks and cameras keep strangers out of the data centres."))
O("P-LOGI-31", section="security", control="data_centre",
  says=_("Cooling, fire protection and backup power keep the data centres running."))

# Your rights -------------------------------------------------------------------------------------
S("P-LOGI-32", section="rights", proof="export",
  says=_("You can have a copy of everything that we hold about you (right of access)."))
S("P-LOGI-33", section="rights", proof="export.portable",
  says=_("The copy comes in a form that people and other programs can read (data portability)."))
S("P-LOGI-34", section="rights", proof="explain",
  says=_("With the copy we explain why we have each thing, who receives it, how long it stays and where it came from."))
S("P-LOGI-35", section="rights", proof="rectification",
  says=_("What is wrong we put right (rectification), and we tell those who received it."))
S("P-LOGI-36", section="rights", proof="account.edit",
  says=_("You can change the details of your account yourself."))
S("P-LOGI-37", section="rights",
  says=_("What is incomplete we complete with your words."))
S("P-LOGI-38", section="rights", proof="erasure",
  says=_("We delete your data when you ask (erasure)."))
S("P-LOGI-39", section="rights",
  says=_("You can have your data set aside, so that we store it and do nothing else with it (restriction)."))
S("P-LOGI-40", section="rights", proof="objection, gate.marketing",
  says=_("When you object to advertising, it stops at once and for good (objection)."))
M("P-LOGI-41", section="asking", proof="requests.intake", control="mailbox",
  says=_("To use a right, press the button in your account or write to %(contact)s."))
S("P-LOGI-42", section="asking", proof="clock.requests", figure="requests.answer",
  says=_("You get an answer within %(figure)s of the day your request reaches us, sooner where the law says so."))
S("P-LOGI-66", section="asking", proof="clock.requests", figure="requests.inquiry",
  says=_("Other questions about privacy are answered within %(figure)s."))

# Cookies -----------------------------------------------------------------------------------------
S("P-LOGI-47", section="cookies", proof="cookies.registry", figure="cookie_categories",
  says=_("There are these kinds of cookies, each with its own switch: %(figure)s."))
S("P-LOGI-48", section="cookies", proof="cookies.gate",
  says=_("Only essential cookies are needed. Nothing else is set before you say yes."))
S("P-LOGI-49", section="cookies", proof="cookies.centre",
  says=_("You can change your cookie choices on every page, besides the settings of your browser."))

# How long ----------------------------------------------------------------------------------------
S("P-LOGI-50", section="retention", proof="census",
  says=_("We keep data only as long as the purpose needs it; the table shows how long for each kind."))
S("P-LOGI-51", section="retention", proof="retention.account", figure="retention.account.keep_for",
  says=_("Account data stays while you have an account, and %(figure)s after it ends at most."))
S("P-LOGI-52", section="retention", proof="retention.usage", figure="retention.usage.keep_for",
  says=_("Data on how the service is used stays up to %(figure)s."))
S("P-LOGI-53", section="retention", proof="retention.marketing, consent.withdraw", figure="retention.marketing.keep_for",
  says=_("Marketing data stays until you unsubscribe, and never longer than %(figure)s."))
S("P-LOGI-54", section="retention", proof="retention.support", figure="retention.support.keep_for",
  says=_("Requests for help stay for %(figure)s after the case is closed."))
S("P-LOGI-55", section="retention", proof="retention.financial", figure="retention.financial.keep_for",
  says=_("Invoices and payments stay for %(figure)s, because tax law asks for it."))
S("P-LOGI-56", section="retention", proof="retention, retention.holds",
  says=_("When the time is up, data is deleted or made anonymous for good, unless a law makes us keep it longer."))

# Children ----------------------------------------------------------------------------------------
S("P-LOGI-58", section="children", proof="age", figure="minimum_age",
  says=_("The service is not for anyone under %(figure)s."))
S("P-LOGI-59", section="children", figure="minimum_age",
  says=_("We do not knowingly hold data of anyone under %(figure)s. A parent or guardian may write to us, and it "
         "goes as soon as we know."))

# Changes -----------------------------------------------------------------------------------------
S("P-LOGI-60", section="changes",
  says=_("A new version of this policy appears on this page; earlier versions stay readable."))
S("P-LOGI-61", section="changes",
  says=_("The date at the top changes with the text."))
S("P-LOGI-62", section="changes",
  says=_("We write to you by e-mail when a change matters to you (material change)."))
S("P-LOGI-63", section="changes",
  says=_("The service shows a clear notice until you have seen the new version."))
S("P-LOGI-64", section="changes",
  says=_("Going on using the service accepts the new terms. Where we need your consent, we ask you again."))

# Complaint and contact ---------------------------------------------------------------------------
S("P-LOGI-46", section="complaint", proof="policy.page, requests.answer",
  says=_("You can complain to a data-protection authority, and you can go to court."))
M("P-LOGI-45", section="contact", proof="policy.page", control="officer",
  says=_("Our data protection officer reads %(dpo_email)s, and letters sent to: %(dpo_address)s."))
S("P-LOGI-65", section="contact", proof="policy.page",
  says=_("Letters to our privacy team go to: %(address)s."))
