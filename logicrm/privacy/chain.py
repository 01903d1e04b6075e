"""The chain promise → rule → test → evidence, and its holes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from logicrm.core.phrases import gettext as _
from logicrm.core.promises import NO_EVIDENCE, Evidence, Kind, Promise, broken_rules, load_all, registry
from logicrm.privacy.policy import Sentence, Show
from logicrm.privacy.profile import Profile, available, load

#: A test that is never run shows nothing.
_SWITCHED_OFF = {"skip", "xfail"}


@dataclass
class MarkedTests:
    """The tests that carry `@pytest.mark.promise("…")`, found without running them."""

    found: bool  # False where there is no tests/ folder: an installed program, not a checkout
    by_promise: dict[str, list[str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)  # marks whose promise is not written out


def marked_tests(folder: Path) -> MarkedTests:
    """Find the marked tests below a folder by reading their source. Skipped tests do not count."""
    tests = MarkedTests(found=folder.is_dir())
    if not tests.found:
        return tests
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        module = ast.parse(path.read_text(encoding="utf-8"), name)
        _scan(module, f"{name}", _module_marks(module.body), tests)
    return tests


def _scan(node: ast.Module | ast.ClassDef, name: str, inherited: list[ast.expr], tests: MarkedTests) -> None:
    for child in node.body:
        if isinstance(child, ast.ClassDef) and child.name.startswith("Test"):
            marks = [*inherited, *child.decorator_list, *_module_marks(child.body)]
            _scan(child, f"{name}::{child.name}", marks, tests)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test"):
            marks = [*inherited, *child.decorator_list]
            if not any(_mark_name(mark) in _SWITCHED_OFF for mark in marks):
                _note(marks, f"{name}::{child.name}", tests)


def _module_marks(body: list[ast.stmt]) -> list[ast.expr]:
    """What `pytestmark = …` puts on every test of a module or class."""
    return [
        statement.value
        for statement in body
        if isinstance(statement, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets)
    ]


def _note(marks: Iterable[ast.expr], test: str, tests: MarkedTests) -> None:
    # Walking each decorator finds the marks of single parameters as well: pytest.param(…, marks=…).
    for call in (node for mark in marks for node in ast.walk(mark) if isinstance(node, ast.Call)):
        if _mark_name(call) != "promise":
            continue
        for argument in call.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                known = tests.by_promise.setdefault(argument.value, [])
                if test not in known:
                    known.append(test)
            else:
                tests.unreadable.append(test)


def _mark_name(node: ast.expr) -> str:
    """ "promise" for pytest.mark.promise(…) and pytest.mark.promise; "" for anything else."""
    called = node.func if isinstance(node, ast.Call) else node
    is_mark = (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Attribute) and called.value.attr == "mark"
    )
    return called.attr if is_mark and isinstance(called, ast.Attribute) else ""


@dataclass(frozen=True)
class Link:
    """One promise with its whole chain."""

    promise: Promise
    sentence: Sentence
    tests: tuple[str, ...]
    evidence: Evidence

    @property
    def queries(self) -> tuple[str, ...]:
        """The names whose evidence queries answer for it."""
        return tuple(name for name in self.promise.served_by if name in registry.queries)

    @property
    def kept_by(self) -> str:
        """Who keeps it, for the public page."""
        words = {Kind.SOFTWARE: _("program"), Kind.MIXED: _("program and people"), Kind.ORGANISATIONAL: _("people")}
        return words[self.promise.kind] + (
            "" if self.promise.feature != "not built yet" else " – " + _("not built yet")
        )


@dataclass(frozen=True)
class Hole:
    """Where the chain is broken."""

    promise_id: str
    says: str


def profile_of(promise: Promise, profiles: Mapping[str, Profile]) -> Profile | None:
    """The first of the profiles that makes this promise."""
    return next((profiles[name] for name in promise.profiles if name in profiles), None)


def links(profile_name: str, tests: MarkedTests, states: Mapping[str, Evidence], lang: str = "en") -> list[Link]:
    """The chain of every promise of a profile, or of all profiles with ""."""
    load_all()
    profiles = {name: load(name) for name in available() if profile_name in ("", name)}
    made = []
    for promise in registry.all(profile_name):
        profile = profile_of(promise, profiles)
        if profile is not None:
            sentence = Show(profile, lang).promise(promise)
            found = dict.fromkeys(test for name in promise.served_by for test in tests.by_promise.get(name, ()))
            made.append(Link(promise, sentence, tuple(found), states.get(promise.id, NO_EVIDENCE)))
    return made


def page_rows(profile: Profile, states: Mapping[str, Evidence], lang: str) -> list[Link]:
    """The rows of the public page: the profile's promises in the order of their ids."""
    load_all()
    show = Show(profile, lang)
    return [
        Link(promise, show.promise(promise), (), states.get(promise.id, NO_EVIDENCE))
        for promise in registry.all(profile.name)
    ]


def holes(chain: Iterable[Link], tests: MarkedTests) -> list[Hole]:
    """What is wrong: enforced and untested, tested and unknown, enforced by code that is not there, or left to
    people without saying what they do.

    A promise whose feature comes later (no rule) is no hole; it is counted as not built.
    """
    chain = list(chain)
    return [
        *(Hole(*broken) for broken in broken_rules(link.promise for link in chain)),
        *_untested(chain, tests),
        *(
            Hole(link.promise.id, "people keep it, or a part of it: name their control (privacy/promises/controls.py)")
            for link in chain
            if link.promise.kind is not Kind.SOFTWARE and not link.promise.controls
        ),
        *(
            Hole(name, f"{', '.join(where)} names it, but it is no promise and no proof of any policy")
            for name, where in sorted(tests.by_promise.items())
            if not registry.knows(name)
        ),
        *(Hole("?", f"{test}: write the promise's id out in the mark") for test in tests.unreadable),
    ]


def _untested(chain: list[Link], tests: MarkedTests) -> Iterator[Hole]:
    for link in chain:
        claims = link.promise.kind is not Kind.ORGANISATIONAL and link.promise.rules
        if tests.found and claims and not link.tests:
            name = link.promise.proofs[0] if link.promise.proofs else link.promise.id
            mend = f'mark one with @pytest.mark.promise("{name}")'
            yield Hole(link.promise.id, f"{', '.join(link.promise.rules)} has no test; {mend}")
