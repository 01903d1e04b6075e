"""What the policy of Logicnet CRM promises."""

from __future__ import annotations

from functools import partial

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import register

MADE_BY = ("logicnet",)
S = partial(register, kind="S", profiles=MADE_BY)  # software keeps it
M = partial(register, kind="M", profiles=MADE_BY)  # software keeps a part, a control the rest
O = partial(register, kind="O", profiles=MADE_BY)  # people keep it; the program keeps the evidence  # noqa: E741

# fmt: off
# Who we are --------------------------------------------------------------------------------------
S("P-NET-01", section="about", proof="policy.page",
  says=_("%(controller)s is who you deal with, and who answers for this policy."))

# What we collect ---------------------------------------------------------------------------------
S("P-NET-02", section="collect", proof="census",
  says=_("Your account holds your name, e-mail address, company, phone number and what an invoice needs."))
S("P-NET-03", section="collect",
  says=_("What you enter about your own customers belongs to you. We handle it for you and as you say (processor)."))
S("P-NET-04", section="collect", proof="census",
  says=_("About your use of the service we hold which parts you used, which pages you opened, and when."))
S("P-NET-05", same_as="P-LOGI-08")
S("P-NET-06", section="collect", proof="sources",
  says=_("Data comes from you, from what you import, or from your use of the service; from nowhere else."))

# Why we use it -----------------------------------------------------------------------------------
S("P-NET-07", section="use", proof="purposes",
  says=_("We use data to run the service and to make it better."))
S("P-NET-08", section="use", proof="mail.classes",
  says=_("Messages that you need for the service come without asking, and never carry advertising."))
S("P-NET-09", section="use", proof="profiling",
  says=_("Pages and suggestions follow what you set yourself, never what was watched."))
S("P-NET-10", section="use", proof="purposes",
  says=_("We use data where a law asks us to."))
S("P-NET-11", section="use", proof="purposes",
  says=_("You use data here to keep contacts, follow sales and automate marketing."))
S("P-NET-12", section="use", proof="purposes",
  says=_("We use data to help you when you ask for help."))
S("P-NET-13", same_as="P-LOGI-13")
S("P-NET-14", section="use", proof="unsubscribe, gate.marketing",
  says=_("You can stop advertising at any time, with one click in each message."))

# Who else receives it ----------------------------------------------------------------------------
S("P-NET-15", same_as="P-LOGI-16")
M("P-NET-16", section="share", proof="egress.contracts", control="contracts",
  says=_("A contract binds each of them to protect your data and to use it for that job only."))
M("P-NET-17", same_as="P-LOGI-17")
M("P-NET-39", section="transfers", figure="hosting.regions", proof="egress.regions", control="regions",
  says=_("Your data lies in %(figure)s."))
M("P-NET-40", section="transfers", figure="hosting.regions", proof="transfers", control="regions",
  says=_("Nothing leaves %(figure)s, whatever safeguard somebody offers."))

# What programs conclude --------------------------------------------------------------------------
S("P-NET-18", section="use", proof="profiling",
  says=_("We draw no conclusions about you from your data (profiling), and no program decides about you alone."))

# How we protect it -------------------------------------------------------------------------------
M("P-NET-19", same_as="P-LOGI-19")
M("P-NET-20", same_as="P-LOGI-20")
S("P-NET-21", section="security", proof="roles",
  says=_("Only staff who need your data for their work can reach it."))
S("P-NET-22", section="security",
  says=_("We make backups regularly, and try out whether they can be restored."))
O("P-NET-23", section="security", figure="security.audits", control="audit",
  says=_("We look for weaknesses in our security %(figure)s."))
M("P-NET-24", section="security", control="incidents",
  says=_("A breach of security is looked into at once."))
S("P-NET-25", section="security",
  says=_("Whoever is affected by a breach is told."))
O("P-NET-26", section="security", control="incidents",
  says=_("We do what we can to keep the harm of a breach small, and write down what that was."))
S("P-NET-27", section="security", figure="breach.authority",
  says=_("The authority hears of a breach within %(figure)s of the moment we learn of it."))

# Your rights -------------------------------------------------------------------------------------
S("P-NET-28", section="rights", proof="export, explain",
  says=_("You can have a copy of everything that we hold about you, with why we hold it (right of access)."))
S("P-NET-29", same_as="P-LOGI-35")
S("P-NET-30", section="rights", proof="erasure, requests.answer",
  says=_("We delete your data when you ask (erasure). Where a law stands against it, we say which."))
S("P-NET-31", same_as="P-LOGI-39")
S("P-NET-32", section="rights", proof="export.portable",
  says=_("You get your data in a form that programs read, to take to another business (data portability)."))
S("P-NET-33", same_as="P-LOGI-40")
M("P-NET-34", same_as="P-LOGI-41")

# How long ----------------------------------------------------------------------------------------
S("P-NET-35", same_as="P-LOGI-50")
S("P-NET-36", section="retention", proof="policy.page, census",
  says=_("How long depends on what data is for, what the law asks, how long you are with us, and what you asked for."))

# Cookies -----------------------------------------------------------------------------------------
S("P-NET-37", same_as="P-LOGI-47")
S("P-NET-38", section="cookies", proof="cookies.gate",
  says=_("You can refuse cookies in your browser as well. All that matters works with the essential ones alone."))

# Children ----------------------------------------------------------------------------------------
S("P-NET-41", same_as="P-LOGI-58")
S("P-NET-42", same_as="P-LOGI-59")

# Contact and changes -----------------------------------------------------------------------------
S("P-NET-43", section="contact", proof="policy.page, policy.contact",
  says=_("Somebody reads what you write to %(contact)s, and answers."))
S("P-NET-44", same_as="P-LOGI-60")
S("P-NET-45", section="changes", same_as="P-LOGI-63", proof="P-LOGI-62",
  says=_("We tell you of a change by e-mail or in the service."))
