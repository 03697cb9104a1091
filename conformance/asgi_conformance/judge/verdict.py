"""Claims become findings, findings a verdict: levels, the scope of the case, known deviations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .. import deviations, requirements
from ..deviations import Deviation
from ..model import Case, Finding, Layer, Level, Requirement, ServerInfo, Verdict, worst
from .claims import Claim

_BREACH = {Level.MUST: Verdict.FAIL, Level.SHOULD: Verdict.WARN, Level.MAY: Verdict.NOTE, Level.SILENT: Verdict.NOTE}


class Acceptance(Protocol):
    """An entry of the user's own baseline."""

    @property
    def id(self) -> str:
        """What the finding names as its deviation."""

    @property
    def reason(self) -> str:
        """Why it is accepted."""

    def accepts(self, requirement: str, observed: str, layer: Layer, case: str) -> bool:
        """Whether it names just that finding."""


@dataclass(frozen=True)
class Context:
    """What a trace is judged against besides the requirements.

    ``may``: the changes that the user allows middleware. ``accepted``: the user's baseline, as far as it counts here.
    ``versions``: of further products that have documents of their own, such as FastAPI above Starlette.
    """

    server: ServerInfo
    framework: str = ""
    framework_version: str = ""
    may: Collection[str] = ()
    known: Sequence[Deviation] = field(default_factory=deviations.load)
    accepted: Sequence[Acceptance] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def precedes(self, requirement: Requirement) -> bool:
        """Whether the target's release of the document's product is older than the first that is held to it."""
        version = deviations.version_key(self._version(requirement))
        return bool(version and requirement.released) and version < deviations.version_key(requirement.released or "")

    def early(self, requirement: Requirement) -> str:
        """Why a release is not held to a requirement that it `precedes`, in a sentence."""
        product = requirement.document
        return f"Since {product} {requirement.released}: {product} {self._version(requirement)} does not promise it."

    def _version(self, requirement: Requirement) -> str:
        product = requirement.document
        return self.versions.get(product) or (self.framework_version if product == self.framework else "")

    def product(self, layer: Layer) -> tuple[str, str]:
        """Name and version of the product that a layer is made of, empty for the user's own."""
        if layer is Layer.SERVER:
            return self.server.name, self.server.version
        return (self.framework, self.framework_version) if layer is Layer.FRAMEWORK else ("", "")


def concerns(claim: Claim, case: Case) -> bool:
    """Whether a claim is about what the case decides."""
    return claim.requirement in case.requires or claim.about in case.requires


def finding(claim: Claim, case: Case, context: Context) -> Finding | None:
    """A claim as a finding, None where the server is not held to the requirement at the version it advertises."""
    requirement = requirements.get(claim.requirement)
    if not requirements.applies(requirement, context.server.spec_version):
        return None
    verdict, deviation = _verdict(claim, requirement, case, context)
    message, fix = _advice(claim, requirement)
    if not claim.held and context.precedes(requirement):
        message = f"{message} {context.early(requirement)}"
    return Finding(
        requirement=claim.requirement,
        level=requirement.level,
        binds=requirement.binds,
        verdict=verdict,
        layer=claim.layer,
        boundary=claim.boundary,
        expected=claim.expected,
        observed=claim.observed,
        component=claim.component.where if claim.component is not None else "",
        deviation=deviation.id if deviation is not None else "",
        message=deviation.reason if deviation is not None else message,
        fix=fix,
    )


def early(finding: Finding, context: Context) -> bool:
    """Whether a finding notes what only later releases promise."""
    return finding.verdict is Verdict.NOTE and context.precedes(requirements.get(finding.requirement))


def _advice(claim: Claim, requirement: Requirement) -> tuple[str, str]:
    """What is demanded and how to mend it, in the words of whom it concerns."""
    if claim.layer is not Layer.MIDDLEWARE or requirement.binds is Layer.MIDDLEWARE:
        return requirement.statement, requirement.fix or ""
    role = "server" if requirement.binds is Layer.SERVER else "application"
    return f"A middleware stands in for the {role} here. {requirement.statement}", "Pass the event on as it came."


def _verdict(
    claim: Claim, requirement: Requirement, case: Case, context: Context
) -> tuple[Verdict, Deviation | Acceptance | None]:
    if claim.held:
        return (Verdict.NOTE if requirement.level is Level.SILENT else Verdict.PASS), None
    verdict = Verdict.NOTE if context.precedes(requirement) else _BREACH[requirement.level]
    if verdict is Verdict.NOTE:
        return verdict, None
    product, version = context.product(claim.layer)
    arguments = (claim.requirement, claim.observed, product, version, context.server.ws, case.full_id)
    deviation = deviations.find(*arguments, among=context.known, expected=claim.expected) if product else None
    known = deviation or _accepted(claim, case, context)
    if known is not None:
        return Verdict.KNOWN, known
    newest = deviations.newest_known().get(product)
    if verdict is Verdict.FAIL and newest and deviations.version_key(version) > deviations.version_key(newest):
        return Verdict.WARN, None
    return verdict, None


def _accepted(found: Claim | Finding, case: Case, context: Context) -> Acceptance | None:
    for entry in context.accepted:
        if entry.accepts(found.requirement, found.observed, found.layer, case.full_id):
            return entry
    return None


def as_accepted(finding: Finding, case: Case, context: Context | None) -> Finding:
    """A finding that was made without the judge, known where a deviation or the user's baseline names it."""
    if context is None:
        return finding
    found, server = (finding.requirement, finding.observed), context.server
    named = (*found, server.name, server.version, server.ws, case.full_id)
    known = deviations.find(*named, among=context.known, expected=finding.expected)
    if known is not None:
        # What only a server does is the server's doing, whoever made it do so.
        mine = finding._replace(verdict=Verdict.KNOWN, deviation=known.id, message=known.reason)
        return mine._replace(layer=Layer.SERVER, boundary="outer", component="", fix="")
    entry = _accepted(finding, case, context)
    if entry is None:
        return finding
    return finding._replace(verdict=Verdict.KNOWN, deviation=entry.id, message=entry.reason)


_OUTWARD = ("asgi.send.", "asgi.close.", "asgi.accept.", "asgi.denial.")
_OUTWARD_TOPICS = ("send", "close")


def fault(findings: Iterable[Finding]) -> Layer | None:
    """The layer of the first finding, in the direction of the data, that is neither right nor known."""
    breaches = [f for f in findings if f.verdict in (Verdict.WARN, Verdict.FAIL)]
    if not breaches:
        return None
    top = worst(f.verdict for f in breaches)
    order = [Layer.SERVER, Layer.MIDDLEWARE, Layer.FRAMEWORK, Layer.APPLICATION]
    if all(_outward(f.requirement) for f in breaches):
        order.reverse()
    candidates = [f.layer for f in breaches if f.verdict is top]
    return next((layer for layer in order if layer in candidates), candidates[0])


def _outward(requirement: str) -> bool:
    """Whether a requirement speaks of what travels from the application to the client."""
    document, _, topic = requirement.partition(".")
    of_framework = document not in ("asgi", "rfc6455", "suite") and topic.partition(".")[0] in _OUTWARD_TOPICS
    return of_framework or requirement.startswith(_OUTWARD)
