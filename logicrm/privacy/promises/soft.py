"""What the policy of CRMSoftware.ai promises."""

from __future__ import annotations

from functools import partial

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import register

MADE_BY = ("crmsoftware",)
S = partial(register, kind="S", profiles=MADE_BY)  # software keeps it
M = partial(register, kind="M", profiles=MADE_BY)  # software keeps a part, a control the rest
O = partial(register, kind="O", profiles=MADE_BY)  # people keep it; the program keeps the evidence  # noqa: E741

# fmt: off
# Who we are --------------------------------------------------------------------------------------
S("P-SOFT-01", section="about", figure="last_updated", proof="policy.page",
  says=_("This policy was last changed on %(figure)s; the day stands at the top."))
S("P-SOFT-04", section="about", proof="explain",
  says=_("For each thing that we hold about you, you can see why we hold it."))

# What we collect ---------------------------------------------------------------------------------
S("P-SOFT-06", section="collect", proof="census",
  says=_("You give us your name, your e-mail address and facts about your company."))
S("P-SOFT-07", section="collect", proof="passwords",
  says=_("Of your password we keep only a scrambled form (hash), which nobody can turn back and no copy holds."))
S("P-SOFT-08", section="collect", proof="census",
  says=_("We hold how you want to be written to and what you set."))
S("P-SOFT-09", section="collect",
  says=_("For billing we hold what an invoice and a payment need, and no card number."))
S("P-SOFT-10", section="collect", proof="census",
  says=_("We hold your requests for help and what you tell us about the service."))
S("P-SOFT-11", section="collect", proof="census",
  says=_("About your device we hold browser and operating system."))
S("P-SOFT-12", section="collect", proof="census",
  says=_("We hold how the service is used, to find out what works."))
S("P-SOFT-13", section="collect", proof="census",
  says=_("We may hold your internet address, cut short, and where something happened."))
S("P-SOFT-14", same_as="P-LOGI-10")
S("P-SOFT-15", section="collect", proof="logs",
  says=_("Logs and reports of errors hold neither addresses nor secrets: they are taken out before anything is written."))

# Why we use it -----------------------------------------------------------------------------------
S("P-SOFT-16", section="use", proof="purposes",
  says=_("We use data to run the service, to look after it and to make it better."))
S("P-SOFT-17", section="use",
  says=_("We use data to carry out orders and to confirm them."))
S("P-SOFT-18", section="use", proof="purposes",
  says=_("We use data to answer what you write to us."))
S("P-SOFT-19", same_as="P-NET-08")
S("P-SOFT-20", section="use", proof="gate.marketing",
  says=_("News about features and changes goes only to people who agreed to get it."))
S("P-SOFT-21", section="use", figure="channels", proof="gate.marketing, consent.opt_in",
  says=_("Advertising comes only by the ways that you said yes to, each by itself: %(figure)s."))
S("P-SOFT-25", section="use", proof="purposes",
  says=_("We use data for nothing that this policy does not name."))
S("P-SOFT-27", section="use", proof="profiling",
  says=_("Nobody digs through your data or draws conclusions from it (profiling) without your yes."))
S("P-SOFT-47", section="use", figure="automation.decisions",
  says=_("About decisions by programs this holds: %(figure)s."))

# Who else receives it ----------------------------------------------------------------------------
M("P-SOFT-05", section="share", proof="egress", control="contracts",
  says=_("We do not sell or rent out your data."))
S("P-SOFT-22", same_as="P-LOGI-16")
S("P-SOFT-23", section="share", proof="egress.partners",
  says=_("Business partners get your data only when you said yes to just that."))
M("P-SOFT-24", section="share", proof="isolation", control="contracts",
  says=_("What one customer keeps here never reaches another, a competitor least of all."))
M("P-SOFT-26", section="share", proof="partners", control="contracts",
  says=_("Whoever uses data for ends of its own (a third party) gets yours only with your consent."))
M("P-SOFT-55", same_as="P-NET-39")
M("P-SOFT-56", section="transfers", proof="transfers", control="transfers",
  says=_("When data crosses a border, we keep to the rules on both sides."))
M("P-SOFT-57", same_as="P-LOGI-57")
M("P-SOFT-58", section="transfers", proof="transfers.void", control="transfers",
  says=_("We never lean on a safeguard that a court has struck down."))

# How we protect it -------------------------------------------------------------------------------
M("P-SOFT-02", section="security", proof="transit, rest", control="transport, disks",
  says=_("We protect data with the encryption and the measures that the trade holds to be good."))
M("P-SOFT-28", section="security", figure="security.at_rest", proof="rest, transit", control="transport, disks",
  says=_("Stored data is encrypted with %(figure)s, data on its way with %(in_transit)s."))
O("P-SOFT-29", section="security", control="data_centre",
  says=_("The data centres are guarded, and only who must may enter."))
O("P-SOFT-30", section="security", control="audit, pentest",
  says=_("Our security is audited, and we have experts try to break in."))
S("P-SOFT-31", same_as="P-LOGI-22")
O("P-SOFT-32", section="security", control="assurance, incidents",
  says=_("An outside auditor confirms (SOC) that we watch over the service and answer incidents."))
O("P-SOFT-33", section="security", control="data_centre",
  says=_("The premises are watched day and night."))
M("P-SOFT-34", section="security", control="backups",
  says=_("Each customer's data is backed up so that it can be restored by itself."))
O("P-SOFT-35", section="security", control="emergencies",
  says=_("We have plans for threats and emergencies."))
O("P-SOFT-36", section="security", figure="security.audits", control="audit, patching",
  says=_("Security is audited and systems are updated %(figure)s."))
O("P-SOFT-37", section="security", control="training, audit",
  says=_("Our staff learn about security, and are examined in it."))

# Your rights -------------------------------------------------------------------------------------
S("P-SOFT-03", section="rights", proof="erasure",
  says=_("Your data is in your hands: you can have it deleted at any time, in whatever state your account is."))
S("P-SOFT-38", section="rights", proof="export, explain",
  says=_("You can see and download your data at any time, without asking anybody."))
S("P-SOFT-39", same_as="P-LOGI-34")
S("P-SOFT-40", same_as="P-LOGI-35")
S("P-SOFT-41", section="rights", proof="objection, requests.intake",
  says=_("You can object to a use of your data. We stop, or say which stronger reason we have."))
S("P-SOFT-42", same_as="P-LOGI-38")
S("P-SOFT-43", section="rights", proof="consent.withdraw",
  says=_("Taking a consent back is as easy as giving it, and counts at once."))
S("P-SOFT-44", same_as="P-NET-32")
S("P-SOFT-45", same_as="P-LOGI-39")
S("P-SOFT-46", same_as="P-LOGI-46")
S("P-SOFT-59", section="rights", proof="rights.everywhere",
  says=_("You have these rights wherever you live and wherever your data lies."))

# Cookies -----------------------------------------------------------------------------------------
S("P-SOFT-48", same_as="P-LOGI-47")
S("P-SOFT-49", section="cookies", proof="cookies.gate",
  says=_("You can clear your cookie choices in the browser; then nothing optional is set, and we ask again."))

# How long ----------------------------------------------------------------------------------------
S("P-SOFT-50", section="retention", figure="retention.account.keep_for", proof="retention.account_unused",
  says=_("Your account stays until you close it, or until nobody has used it for %(figure)s; we warn you before."))
S("P-SOFT-51", section="deletion", figure="deletion.grace", proof="erasure.grace, erasure",
  says=_("Data of a deleted account is gone %(figure)s after you ask at the latest."))
S("P-SOFT-52", same_as="P-LOGI-55")
S("P-SOFT-53", section="retention", figure="retention.marketing.keep_for", proof="retention.marketing_optout",
  says=_("Marketing data goes within %(figure)s of your unsubscribing. A scrambled mark stays, so that you are not "
         "written to again."))
S("P-SOFT-54", same_as="P-LOGI-54")

# Children ----------------------------------------------------------------------------------------
S("P-SOFT-60", same_as="P-LOGI-58")
S("P-SOFT-61", section="children", figure="minimum_age", proof="age",
  says=_("We do not knowingly take data from anyone under %(figure)s."))
S("P-SOFT-62", section="children",
  says=_("Parents can ask us to remove the data of their child."))
S("P-SOFT-63", section="children", figure="minimum_age", proof="erasure.minors",
  says=_("When we learn that somebody is under %(figure)s, the data is deleted without any waiting time."))

# Changes -----------------------------------------------------------------------------------------
S("P-SOFT-64", same_as="P-LOGI-62")
S("P-SOFT-65", same_as="P-LOGI-64")
S("P-SOFT-66", section="changes", same_as="P-LOGI-60",
  says=_("You can read every earlier version of this policy."))

# Contact -----------------------------------------------------------------------------------------
S("P-SOFT-67", section="contact", proof="policy.page",
  says=_("Letters to our data protection officer go to: %(dpo_address)s."))
