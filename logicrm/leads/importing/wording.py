"""Sentences that are English as they stand, and still carry what a translator needs."""

from typing import Self


class Said(str):
    """An English sentence that remembers its template and parameters.

    Shown as it is, or translated by ``gettext(said.template) % said.params``. Sentences are written
    as ``said("Line %(line)d is empty.", line=3)``, so that message extraction finds them by ``-k said``.
    """

    template: str
    params: dict[str, object]

    def __new__(cls, template: str, params: dict[str, object] | None = None) -> Self:
        sentence = super().__new__(cls, template % params if params else template)
        sentence.template = template
        sentence.params = params or {}
        return sentence

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, object]]]:
        return type(self), (self.template, self.params)


def said(template: str, **params: object) -> Said:
    """Return the sentence ``template`` with ``params`` filled in, %-style by name."""
    return Said(template, params)
