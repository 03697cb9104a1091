"""A script as the source of a case, ready to paste into a file of the user's own cases."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Case, Finding, Step
from ..replay.source import source

# The methods of the client lane: by opcode for a whole message, and for steps whose own name is not the method's.
_SENDS = {1: "sends_text", 2: "sends_bytes", 9: "pings"}
_OTHER = {"ended": "is_ended", "half-close": "half_closes"}


def pasted(case: Case, findings: tuple[Finding, ...], seed: int) -> str:
    """Source of a case with these steps that decides what the findings name."""
    requires = list(dict.fromkeys(finding.requirement for finding in findings))
    lines = [
        "from asgi_conformance import case",
        "",
        "",
        f"@case({_quoted(f'found.by-seed-{seed}')}, requires=[{', '.join(map(_quoted, requires))}])",
        "def found(client, app):",
        f'    """{_sentence(findings)}"""',
    ]
    group: int | None = None
    for step in case.steps:
        if step.group is not None and step.group != group:
            lines.append("    with app.together():")
        group = step.group
        lines.append(f"    {'' if group is None else '    '}{_call(step)}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text + '"'


def _sentence(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "Found at random."
    text = f"{findings[0].expected}; seen was: {findings[0].observed}."
    return text.encode("ascii", "backslashreplace").decode().replace("\\", "\\\\").replace('"', "'")


def _call(step: Step) -> str:
    args = step.args
    if step.lane == "app":
        if step.op == "return":
            return "app.returns()"
        given = dict(args.get("args") or {})
        words = [_quoted(step.op), "raises=True", *_keywords(given)]
        return f"app.calls({', '.join(words)})"
    if step.op == "open":
        return "client.opens()"
    if step.op == "close":
        words = [source(args["code"])] + ([source(args["reason"])] if args.get("reason") is not None else [])
        return f"client.closes({', '.join(words)})"
    if step.op == "pong":
        return f"client.is_ponged({source(args['payload'])})"
    if step.op == "send":
        plain = args.get("fin", True) and not args.get("rsv") and args.get("masked", True)
        method = _SENDS.get(args["opcode"])
        if plain and method is not None and isinstance(args["payload"], str) == (args["opcode"] == 1):
            return f"client.{method}({source(args['payload'])})"
        given = {name: args[name] for name in ("fin", "rsv", "masked") if name in args}
        return f"client.sends_frame({', '.join([str(args['opcode']), source(args['payload']), *_keywords(given)])})"
    return f"client.{_OTHER[step.op]}()"


def _keywords(given: dict[str, object]) -> Iterator[str]:
    return (f"{name}={source(value)}" for name, value in given.items())
