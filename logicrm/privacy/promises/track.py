"""What the policy of Logitrack promises."""

from __future__ import annotations

from functools import partial

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import register

MADE_BY = ("logitrack",)
S = partial(register, kind="S", profiles=MADE_BY)  # software keeps it
M = partial(register, kind="M", profiles=MADE_BY)  # software keeps a part, a control the rest
O = partial(register, kind="O", profiles=MADE_BY)  # people keep it; the program keeps the evidence  # noqa: E741

# fmt: off
# Who we are --------------------------------------------------------------------------------------
S("P-TRACK-01", same_as="P-LOGI-02")

# What we collect ---------------------------------------------------------------------------------
S("P-TRACK-02", section="collect", proof="census",
  says=_("About you we hold your full name, phone number, e-mail address, your company's address and your location."))
S("P-TRACK-03", section="collect", proof="census",
  says=_("About your business we hold its name, tax code and trade, its orders, transports and warehouse."))
S("P-TRACK-04", section="collect", proof="census",
  says=_("About the system we hold logs of use, internet address, device and browser."))
S("P-TRACK-05", section="collect",
  says=_("About payments we hold the kind of payment and what was paid."))
S("P-TRACK-06", section="collect", proof="cards",
  says=_("We store no card numbers, in no field and in no note."))
S("P-TRACK-07", section="collect", proof="census",
  says=_("We hold what you upload or connect: files, pictures of waybills, positions, scans of tags, camera pictures."))

# Why we use it -----------------------------------------------------------------------------------
S("P-TRACK-08", section="use", proof="purposes",
  says=_("We use data to run the service and look after it."))
S("P-TRACK-09", section="use", proof="purposes",
  says=_("We use data to know that you are you, and to keep the system safe."))
S("P-TRACK-10", section="use", proof="purposes",
  says=_("We use data to make the service better and faster."))
S("P-TRACK-11", section="use", proof="purposes",
  says=_("We use figures of many together to show businesses how they can work better."))
S("P-TRACK-12", same_as="P-LOGI-13")
S("P-TRACK-13", same_as="P-NET-10")

# Who else receives it ----------------------------------------------------------------------------
M("P-TRACK-14", same_as="P-SOFT-05")
S("P-TRACK-15", same_as="P-LOGI-16")
M("P-TRACK-16", same_as="P-LOGI-17")
S("P-TRACK-17", section="share", proof="egress.partners",
  says=_("Anybody else gets your data only when you said yes to just that."))
M("P-TRACK-18", section="share", proof="egress.secrecy", control="confidentiality",
  says=_("Everybody outside who sees data is bound to strict secrecy."))
M("P-TRACK-30", same_as="P-NET-39")

# How we protect it -------------------------------------------------------------------------------
M("P-TRACK-19", section="security", figure="security.in_transit", proof="transit", control="transport",
  says=_("Every page and every connection of the system is encrypted (%(figure)s)."))
S("P-TRACK-20", same_as="P-LOGI-21")
S("P-TRACK-21", same_as="P-NET-22")
M("P-TRACK-22", section="security", proof="monitoring", control="firewall",
  says=_("Day and night the system is watched for intruders."))
S("P-TRACK-23", section="security", figure="breach.people",
  says=_("When data got out, we tell you at once, within %(figure)s of our finding it."))

# Your rights -------------------------------------------------------------------------------------
S("P-TRACK-24", section="rights", proof="explain",
  says=_("You can look at everything that we hold about you."))
S("P-TRACK-25", same_as="P-LOGI-35")
S("P-TRACK-26", section="rights", proof="erasure",
  says=_("When you stop using the service, you can have your account and its data deleted."))
S("P-TRACK-27", same_as="P-NET-14")
S("P-TRACK-28", section="rights", proof="export, export.portable",
  says=_("You take your data out of the system yourself, whenever you need it."))
S("P-TRACK-29", section="asking", figure="requests.answer", proof="clock.requests",
  says=_("Each request is dealt with within %(figure)s."))

# How long ----------------------------------------------------------------------------------------
S("P-TRACK-31", section="retention", proof="retention.while_used",
  says=_("Your account and what it needs stay at least as long as you use the service."))
S("P-TRACK-32", section="retention", figure="termination.wait", proof="termination",
  says=_("When the contract ends, data stays %(figure)s more and is then deleted for good."))

# Cookies -----------------------------------------------------------------------------------------
S("P-TRACK-33", section="cookies", proof="cookies.registry",
  says=_("Cookies tell us who you are while you are signed in."))
S("P-TRACK-34", section="cookies", proof="cookies.gate",
  says=_("Cookies that show what is used are set only after you say yes."))
S("P-TRACK-35", section="cookies", proof="cookies.gate",
  says=_("Cookies that measure advertising are set only after you say yes."))
S("P-TRACK-36", same_as="P-NET-38")

# Children ----------------------------------------------------------------------------------------
S("P-TRACK-37", same_as="P-LOGI-58")
S("P-TRACK-38", same_as="P-SOFT-63")

# Changes and law ---------------------------------------------------------------------------------
S("P-TRACK-39", same_as="P-LOGI-60")
O("P-TRACK-40", section="complaint", figure="identity.court", control="jurisdiction",
  says=_("The law of %(country)s rules, and this court decides: %(figure)s. Your rights stay as they are."))
