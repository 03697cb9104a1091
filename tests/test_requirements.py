"""The requirements hold their own rules, and their ids stay."""

from __future__ import annotations

import dataclasses
import re

import pytest

from asgi_conformance import requirements
from asgi_conformance.model import Layer, Level, Requirement

DOCUMENT = '[document]\nkey = "asgi"\ntitle = "T"\nurl = "https://example.org"\n'
GOOD = {
    "id": "asgi.close.code",
    "section": "Close",
    "level": "MUST",
    "binds": "server",
    "statement": "A server closes with the code given.",
}

# Users write these ids into baselines: a name may be added here, none may be changed or taken away.
FROZEN = """
rfc6455.close.echo rfc6455.close.echo-code rfc6455.close.no-data-after rfc6455.close.body rfc6455.close.tcp-first
rfc6455.close.code-received rfc6455.close.code-absent rfc6455.close.code-lost rfc6455.close.reason-received
rfc6455.close.tcp-closed rfc6455.close.tcp-clean rfc6455.close.started rfc6455.close.unanswered rfc6455.close.handshake
rfc6455.close.simultaneous rfc6455.close.echo-prompt rfc6455.close.message-first
rfc6455.fail.close-frame rfc6455.fail.ends rfc6455.fail.no-further-data rfc6455.fail.close-omitted rfc6455.fail.logged
rfc6455.codes.reserved-not-sent rfc6455.codes.range rfc6455.codes.application-legal rfc6455.codes.unassigned
rfc6455.codes.client-only rfc6455.control.length rfc6455.control.unfragmented rfc6455.control.received-illegal
rfc6455.utf8.fail rfc6455.frames.server-unmasked rfc6455.frames.client-masked rfc6455.frames.reserved-bits
rfc6455.frames.unknown-opcode rfc6455.ping.pong rfc6455.fragments.reassembled rfc6455.fragments.control-between
rfc6455.handshake.accept rfc6455.handshake.subprotocol rfc6455.handshake.application-subprotocol
rfc6455.handshake.no-subprotocol rfc6455.handshake.extensions rfc6455.handshake.bad-request rfc6455.handshake.version
rfc6455.handshake.abort rfc6455.handshake.version-named rfc6455.handshake.tolerant
rfc6455.handshake.key-value asgi.accept.not-offered
rfc6455.fragments.received-illegal rfc6455.close.data-discarded rfc6455.codes.error asgi.accept.again asgi.close.again
asgi.connect.early-data asgi.disconnect.reason-early asgi.close.reason-early
asgi.ping.handled asgi.ping.keepalive asgi.fragments.complete
asgi.scope.type asgi.scope.asgi-versions asgi.scope.http-version asgi.scope.scheme asgi.scope.path asgi.scope.raw-path
asgi.scope.query-string asgi.scope.root-path
asgi.scope.headers asgi.scope.headers-order asgi.scope.pseudo-headers
asgi.scope.headers-invented asgi.scope.client asgi.scope.server asgi.scope.subprotocols asgi.scope.state
asgi.scope.extensions asgi.scope.path-mounted asgi.scope.scheme-forwarded
asgi.connect.first asgi.connect.handshake-waits asgi.connect.answered
asgi.accept.completes asgi.accept.subprotocol asgi.accept.headers asgi.accept.no-subprotocol-header
asgi.accept.header-names asgi.accept.no-pseudo-headers asgi.accept.headers-unsupported
asgi.receive.after-accept asgi.receive.text asgi.receive.bytes asgi.receive.one-of asgi.receive.in-order
asgi.send.text asgi.send.bytes asgi.send.in-order asgi.send.one-of asgi.send.returns asgi.send.invalid-raises
asgi.send.extra-keys asgi.send.after-disconnect asgi.send.after-disconnect-caught asgi.send.after-disconnect-quiet
asgi.send.after-disconnect-ignored
asgi.disconnect.sent asgi.disconnect.once asgi.disconnect.prompt asgi.disconnect.code asgi.disconnect.code-type
asgi.disconnect.default-code asgi.disconnect.lost-code asgi.disconnect.reason asgi.disconnect.registered-code
asgi.disconnect.illegal-code asgi.disconnect.after-own-close asgi.disconnect.before-accept
asgi.disconnect.shutdown-code asgi.disconnect.unanswered asgi.disconnect.kept-open
asgi.close.before-accept asgi.close.code asgi.close.default-code asgi.close.reason asgi.close.legal-code
asgi.close.legal-reason asgi.close.illegal-code
asgi.application.ends-connection asgi.application.error-ends-connection asgi.application.ends-with-socket
asgi.application.no-send-after-end asgi.application.send-from-other-task asgi.application.catches-send-error
asgi.application.valid-message asgi.application.invalid-event-raises asgi.application.async
asgi.application.one-connection
asgi.denial.status asgi.denial.headers asgi.denial.body asgi.denial.chunks asgi.denial.closes asgi.denial.extension
asgi.denial.nothing-after asgi.middleware.valid asgi.middleware.scope-copy
starlette.state.initial starlette.state.connect-received starlette.state.accept starlette.state.receive-message
starlette.state.disconnect-received starlette.state.close starlette.state.denial-start starlette.state.denial-end
starlette.state.send-lost starlette.state.unchanged-on-error
starlette.receive.text starlette.receive.bytes starlette.receive.json starlette.receive.raw
starlette.receive.wrong-type starlette.iter.ends starlette.disconnect.raised starlette.disconnect.code
starlette.disconnect.reason starlette.send.text starlette.send.bytes starlette.send.json starlette.send.raw
starlette.send.lost starlette.illegal.send starlette.illegal.receive starlette.illegal.json-mode
starlette.accept.subprotocol starlette.accept.headers starlette.close.code starlette.close.reason
starlette.denial.sent starlette.denial.missing-extension starlette.surface.disconnect-defaults
starlette.surface.disconnect-bases starlette.surface.states starlette.surface.response-state
fastapi.surface.disconnect-defaults fastapi.surface.disconnect-reason-none fastapi.surface.disconnect-bases
fastapi.surface.states fastapi.surface.identity
litestar.accept.sent litestar.accept.subprotocol litestar.accept.headers litestar.receive.text
litestar.receive.bytes litestar.receive.json litestar.receive.wrong-type litestar.iter.ends
litestar.disconnect.raised litestar.disconnect.code litestar.send.text litestar.send.bytes litestar.send.json
litestar.send.lost litestar.close.code litestar.close.reason litestar.handler.error litestar.listener.handled
litestar.stream.stops
falcon.accept.sent falcon.accept.subprotocol falcon.accept.headers falcon.receive.text falcon.receive.bytes
falcon.receive.json falcon.receive.wrong-type falcon.disconnect.raised falcon.disconnect.code falcon.send.text
falcon.send.bytes falcon.send.json falcon.send.lost falcon.send.told falcon.close.code falcon.close.reason
falcon.close.again falcon.state.initial falcon.state.accepted falcon.state.disconnected falcon.state.closed
falcon.handler.returns falcon.handler.error falcon.handler.http-error
quart.accept.sent quart.accept.subprotocol quart.accept.headers quart.accept.automatic quart.response.denies
quart.receive.text quart.receive.bytes quart.send.text quart.send.bytes quart.disconnect.raised quart.close.code
sanic.receive.text sanic.receive.bytes sanic.disconnect.raised sanic.iter.ends sanic.send.text sanic.send.bytes
sanic.close.code sanic.close.reason
suite.middleware.transparent suite.handler.disconnect-caught suite.handler.input-tolerated suite.handler.ends
suite.handler.tasks-ended suite.handler.loop-free suite.framework.no-exception suite.server.goes-on
suite.server.headers-once
channels.accept.sent channels.accept.subprotocol channels.accept.headers channels.receive.text channels.receive.bytes
channels.receive.json channels.send.text channels.send.bytes channels.send.json channels.disconnect.raised
channels.disconnect.code channels.close.sent channels.close.code channels.close.reason channels.send.lost
blacksheep.accept.sent blacksheep.accept.subprotocol blacksheep.accept.headers blacksheep.receive.text
blacksheep.receive.bytes blacksheep.receive.json blacksheep.receive.wrong-type blacksheep.send.text
blacksheep.send.bytes blacksheep.send.json blacksheep.send.lost blacksheep.disconnect.raised
blacksheep.disconnect.code blacksheep.close.sent blacksheep.close.code blacksheep.close.reason
blacksheep.state.accepted blacksheep.state.disconnected blacksheep.state.closed blacksheep.handler.error
blacksheep.handler.contained
rfc6455.handshake.tls rfc6455.handshake.authentication rfc6455.handshake.redirect rfc6455.handshake.origin
rfc6455.handshake.resource rfc6455.handshake.subprotocol-once rfc6455.frames.length-minimal
rfc6455.frames.extension-data rfc6455.fragments.server-own rfc6455.fragments.both-supported rfc6455.ping.keepalive
rfc6455.ping.last-only rfc6455.text.partial-frames rfc6455.extensions.reserved rfc6455.send.open-only
rfc6455.receive.message rfc6455.close.clean rfc6455.close.client-waits rfc6455.close.as-needed rfc6455.codes.meaning
rfc6455.extensions.order rfc6455.security.origin rfc6455.security.validated rfc6455.security.authentication
asgi.scope.keys asgi.scope.per-connection asgi.event.plain-values asgi.event.namespaced asgi.scope.negotiation-hidden
asgi.application.async-only asgi.lifespan.startup-first asgi.lifespan.optional
asgi.lifespan.startup-failed asgi.lifespan.shutdown-last asgi.lifespan.shutdown-waits asgi.lifespan.namespace
asgi.denial.reply asgi.denial.default asgi.extensions.tls asgi.extensions.unknown
rfc6455.codes.too-big suite.limits.exact suite.limits.kept suite.pings.sent suite.pings.answered-stays
suite.pings.unanswered-ends suite.shutdown.code
""".split()


def file_of(**changes: str | None) -> str:
    values = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return DOCUMENT + "[[requirement]]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())


def everything() -> list[Requirement]:
    return list(requirements.load().values())


def test_no_id_was_renamed_or_added_in_silence() -> None:
    assert sorted(requirements.load()) == sorted(FROZEN)


def test_each_document_has_requirements_in_the_order_of_authority() -> None:
    assert tuple(requirements.documents()) == requirements.KEYS
    assert list(dict.fromkeys(r.document for r in everything())) == list(requirements.KEYS)


def test_loading_is_done_once_and_cannot_be_changed() -> None:
    assert requirements.load() is requirements.load()
    with pytest.raises(TypeError):
        requirements.load()["x"] = everything()[0]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        everything()[0].level = Level.MAY  # type: ignore[misc]


def test_an_unknown_id_is_a_key_error_with_the_id() -> None:
    with pytest.raises(KeyError, match=r"asgi\.no\.such"):
        requirements.get("asgi.no.such")


@pytest.mark.parametrize("requirement", everything(), ids=lambda r: r.id)
def test_a_requirement_is_readable(requirement: Requirement) -> None:
    for text in (requirement.statement, requirement.fix):
        assert text is None or re.fullmatch(r"[A-Z].*\.", text), "it is a sentence"
        assert text is None or not re.search(r"[.!?] [A-Z]", text), "it is one sentence"
    assert len(requirement.statement) <= 240
    assert requirement.note is None or requirement.note.endswith(".")
    assert requirement.source.startswith(tuple(titles(requirement.document)))
    assert requirement.source.endswith(requirement.section)


@pytest.mark.parametrize("requirement", everything(), ids=lambda r: r.id)
def test_what_can_be_breached_can_be_mended(requirement: Requirement) -> None:
    judged = requirement.level in (Level.MUST, Level.SHOULD) and requirement.no_case is None
    assert judged == (requirement.fix is not None)


@pytest.mark.parametrize("requirement", everything(), ids=lambda r: r.id)
def test_silence_blames_nobody(requirement: Requirement) -> None:
    about_the_text = requirement.statement.startswith(("The text ", "The documentation "))
    assert about_the_text == (requirement.level is Level.SILENT)


def titles(key: str) -> list[str]:
    document = requirements.documents()[key]
    return [document.title, *(part.title for part in document.parts.values())]


def test_our_own_rules_demand_nothing() -> None:
    assert {r.level for r in everything() if r.document == "suite"} == {Level.SHOULD}


@pytest.mark.parametrize(
    ("id", "level", "binds"),
    [
        ("rfc6455.close.echo", "MUST", "server"),
        ("rfc6455.close.echo-code", "MAY", "server"),
        ("rfc6455.fail.close-frame", "SHOULD", "server"),
        ("rfc6455.fail.ends", "MUST", "server"),
        ("rfc6455.codes.application-legal", "MUST", "application"),
        ("asgi.disconnect.default-code", "MUST", "server"),
        ("asgi.disconnect.lost-code", "SHOULD", "server"),
        ("asgi.disconnect.once", "SILENT", "server"),
        ("asgi.disconnect.before-accept", "SILENT", "server"),
        ("asgi.send.after-disconnect", "SHOULD", "server"),
        ("asgi.application.no-send-after-end", "MUST", "application"),
        ("asgi.middleware.valid", "MUST", "middleware"),
        ("suite.middleware.transparent", "SHOULD", "middleware"),
        ("starlette.send.lost", "MUST", "framework"),
        ("fastapi.surface.identity", "MUST", "framework"),
    ],
)
def test_levels_that_were_decided(id: str, level: str, binds: str) -> None:
    requirement = requirements.get(id)
    assert (requirement.level, requirement.binds) == (Level(level), Layer(binds))


@pytest.mark.parametrize(
    ("id", "source", "url"),
    [
        ("rfc6455.close.echo", "RFC 6455, section 5.5.1", "https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1"),
        (
            "asgi.disconnect.code",
            "ASGI WebSocket specification, Disconnect (receive event)",
            "https://asgi.readthedocs.io/en/latest/specs/www.html#websocket",
        ),
        (
            "asgi.middleware.valid",
            "ASGI specification 3.0, Middleware",
            "https://asgi.readthedocs.io/en/latest/specs/main.html",
        ),
        (
            "asgi.application.no-send-after-end",
            "RFC 6455, sections 5.5.1 and 6.1",
            "https://www.rfc-editor.org/rfc/rfc6455",
        ),
        ("starlette.send.lost", "Starlette release notes, 0.36.0", "https://starlette.dev/release-notes/"),
        ("suite.handler.ends", "asgi-conformance, Handlers", ""),
    ],
)
def test_the_source_and_its_link_are_derived(id: str, source: str, url: str) -> None:
    requirement = requirements.get(id)
    assert (requirement.source, requirements.url(requirement)) == (source, url)


@pytest.mark.parametrize(
    ("id", "applying", "not_applying"),
    [
        ("asgi.accept.headers", ("2.1", "2.3", "2.10"), ("2.0",)),
        ("asgi.send.after-disconnect", ("2.4", "2.5", "3.0"), ("2.0", "2.3")),
        ("asgi.send.after-disconnect-ignored", ("2.0", "2.3"), ("2.4", "2.10")),
        ("asgi.close.code", ("2.0", "2.5"), ()),
    ],
)
def test_the_advertised_version_decides(id: str, applying: tuple[str, ...], not_applying: tuple[str, ...]) -> None:
    requirement = requirements.get(id)
    assert [requirements.applies(requirement, version) for version in applying] == [True] * len(applying)
    assert [requirements.applies(requirement, version) for version in not_applying] == [False] * len(not_applying)


@pytest.mark.parametrize("version", ["", "2", "2.4.1", "two", "2.x"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        requirements.applies(requirements.get("asgi.accept.headers"), version)


def test_a_good_file_is_read() -> None:
    document, (requirement,) = requirements.parse(file_of(since="2.1", until="2.3", note="N."), "asgi")
    assert (document.title, requirement.source) == ("T", "T, Close")
    assert (requirement.since, requirement.until, requirement.note, requirement.fix) == ("2.1", "2.3", "N.", None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[document", "asgi.toml"),
        (DOCUMENT, "requirement is missing"),
        (file_of() + "[extra]\n", "unknown key 'extra'"),
        (file_of(level=None), "level is missing"),
        (file_of(level="must"), "'must' is not one of MUST, SHOULD"),
        (file_of(binds="client"), "'client' is not one of server"),
        (file_of(severity="high"), "unknown key 'severity'"),
        (file_of(no_case=" "), "no_case must be text"),
        (file_of(id="rfc6455.close.code"), "an id is"),
        (file_of(id="asgi.close"), "an id is"),
        (file_of(id="asgi.Close.code"), "an id is"),
        (file_of(since="2"), "since is a version"),
        (file_of(since="2.4", until="2.3"), "since is later"),
        (file_of(part="nowhere"), "no part 'nowhere'"),
        (file_of().replace('key = "asgi"', 'key = "other"'), "its file says 'asgi'"),
        (file_of().replace('title = "T"\n', ""), "title is missing"),
        (file_of().replace('title = "T"', "title = 5"), "title must be text"),
        (file_of().replace("[[", '[document.parts.p]\ntitle = "P"\n[['), "url is missing"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(requirements.RequirementsError, match=re.escape(complaint)):
        requirements.parse(text, "asgi")


def test_a_rule_of_our_own_is_never_a_must() -> None:
    text = file_of(id="suite.close.code").replace('key = "asgi"', 'key = "suite"')
    with pytest.raises(requirements.RequirementsError, match="SHOULD at most"):
        requirements.parse(text, "suite")
