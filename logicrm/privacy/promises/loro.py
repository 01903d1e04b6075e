"""What the policy of LORO CRM promises."""

from __future__ import annotations

from functools import partial

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import register

MADE_BY = ("loro",)
S = partial(register, kind="S", profiles=MADE_BY)  # software keeps it
M = partial(register, kind="M", profiles=MADE_BY)  # software keeps a part, a control the rest
O = partial(register, kind="O", profiles=MADE_BY)  # people keep it; the program keeps the evidence  # noqa: E741

# fmt: off
# Who we are --------------------------------------------------------------------------------------
S("P-LORO-01", same_as="P-SOFT-01")

# What we collect ---------------------------------------------------------------------------------
S("P-LORO-02", section="collect", proof="census",
  says=_("You give us your name, e-mail address, phone number, company and whatever else you choose to tell."))
S("P-LORO-03", section="collect", proof="census",
  says=_("By itself we note internet address, browser, device, the pages you open and what you do there."))
S("P-LORO-04", section="collect",
  says=_("Where field staff are is noted only after they said yes, and no longer once they take it back."))

# Why we use it -----------------------------------------------------------------------------------
S("P-LORO-05", section="use", figure="location_uses",
  says=_("Positions serve these ends only: %(figure)s."))
S("P-LORO-06", section="use", proof="purposes",
  says=_("We use data to keep leads, to follow work in the field and to understand both."))
S("P-LORO-07", same_as="P-NET-08")
S("P-LORO-08", section="use", proof="purposes",
  says=_("We look at how the service is used, to make it better."))

# Who else receives it ----------------------------------------------------------------------------
S("P-LORO-13", same_as="P-LOGI-16")
M("P-LORO-14", same_as="P-LOGI-17")
O("P-LORO-15", same_as="P-LOGI-18")

# How we protect it -------------------------------------------------------------------------------
M("P-LORO-09", same_as="P-LOGI-19")
M("P-LORO-10", same_as="P-LOGI-20")
S("P-LORO-11", same_as="P-NET-21")
O("P-LORO-12", same_as="P-NET-23")

# Your rights -------------------------------------------------------------------------------------
S("P-LORO-16", section="rights", proof="account.edit, rectification",
  says=_("You can see, change and correct the details of your account yourself at any time."))
S("P-LORO-17", section="rights", proof="export, export.portable",
  says=_("You can have a copy that other programs can read at any time; our support helps you with it."))
S("P-LORO-18", section="rights", proof="erasure",
  says=_("We delete your account and what belongs to it when you ask (erasure)."))
S("P-LORO-19", section="deletion", proof="erasure.certificate",
  says=_("Before and after a deletion you see what must stay, why, and until when."))
S("P-LORO-20", section="rights", proof="unsubscribe, gate.marketing",
  says=_("Every advertising message has a link that stops the next one."))
S("P-LORO-21", section="rights", proof="consent.withdraw",
  says=_("Your settings for messages do the same as that link."))

# How long ----------------------------------------------------------------------------------------
S("P-LORO-22", section="retention", figure="retention.account.keep_for", proof="retention.account",
  says=_("Your data stays while your account is active or needed, and %(figure)s after it ends."))
S("P-LORO-23", section="retention", figure="termination.wait", proof="termination",
  says=_("After you cancel the contract, data stays within reach for %(figure)s, to go on or to take it along."))
S("P-LORO-24", section="retention", figure="termination.wait", proof="termination",
  says=_("Once those %(figure)s are over, it is deleted for good."))
S("P-LORO-25", section="retention", proof="erasure.certificate",
  says=_("Some data stays longer because a law says so, against fraud, or as a record of payments; each with its end."))

# Cookies -----------------------------------------------------------------------------------------
S("P-LORO-26", section="cookies", proof="cookies.gate",
  says=_("Cookies that follow activity or remember how you like things are set only after you say yes."))
S("P-LORO-27", same_as="P-NET-38")

# Contact and changes -----------------------------------------------------------------------------
S("P-LORO-28", section="contact", proof="policy.contact",
  says=_("Questions about privacy go to: %(contact)s."))
S("P-LORO-29", same_as="P-LOGI-60")
S("P-LORO-30", same_as="P-LOGI-61")
