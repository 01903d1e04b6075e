"""What the five policies promise, row by row: our words, what enforces each, where it stands on the page.

One module for each profile. `proofs.py` declares what several promises share, `controls.py` what people do.
To say that something is enforced, put `@promise("erasure")` (a proof) or `@promise("P-LOGI-54")` (one promise, and
all that say the same) on the function, or name the function in the proof's `rule`. From then on `flask privacy
promises` wants a test marked with that name. A row that nothing enforces is "not built yet" and says so.
Words in %(…)s come from the profile, never from here.
"""

from __future__ import annotations

import importlib

#: In this order: a row may say the same as one of an earlier module.
ROWS = ("logi", "net", "soft", "track", "loro")

for _name in ("proofs", "controls", *ROWS):
    importlib.import_module(f"{__name__}.{_name}")
