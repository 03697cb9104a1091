"""The app lane: it performs a script's app steps in order, each through the framework's own public API."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List

from .recorder import Run, step_beside
from .wire import decode, describe_exception, encode

# A second task has come to its wait when nothing of the run has been seen for so many turns of the loop.
STILL_TURNS = 40
# So many turns at most are given to a second task that never waits.
MOST_TURNS = 20_000


class Failed(Exception):
    """The lane itself cannot do what the script says: an error of the suite, never a finding."""


class Requested(Exception):
    """What the script's own ``raises`` step raises out of the handler."""


async def perform(run: Run, connection: Any) -> None:
    """Perform the run's steps on a connection.

    ``connection`` offers ``perform(op, args)`` and ``states()``, and ``cancels`` where its framework cancels a handler
    whose client has gone. The lane ends early where an operation raises that the
    script does not expect to raise: the steps below it would stand on something that never was.
    """
    outcome: Dict[str, Any] = {"outcome": "completed"}
    others: "List[asyncio.Future[Any]]" = []
    try:
        for index, op, args, wait, may_raise in run.steps:
            if wait:
                run.waiting["barrier"] = str(index)
                try:
                    await run.may_start(index)
                except asyncio.CancelledError as exc:
                    if getattr(connection, "cancels", False):
                        run.observe("app", "op", {"step": index, "op": op, "raised": describe_exception(exc)})
                    raise
                del run.waiting["barrier"]
            if op == "return":
                break
            if op == "raise":
                raise Requested("asked for by the script")
            if op == "hang":
                await asyncio.get_running_loop().create_future()
            if op == "cancel":
                await _cancel_itself()
            arguments = {key: decode(value) for key, value in args.items()}
            if op in ("join", "abandon"):
                run.step = index
                if op == "abandon":
                    for other in others:
                        other.cancel()
                await _all_ended(run, others)
                run.observe("app", "op", dict(connection.states(), step=index, op=op, returned=None))
                continue
            if arguments.pop("beside", False):
                others.append(asyncio.ensure_future(_beside(run, connection, index, op, arguments)))
                await _come_to_rest(run, others[-1])
                run.observe("app", "begun", {"step": index})
                continue
            if not await _step(run, connection, index, op, arguments) and not may_raise:
                outcome = {"outcome": "stopped", "step": index}
                break
    except asyncio.CancelledError:
        outcome = {"outcome": "cancelled"}
        raise
    except Requested:
        outcome = {"outcome": "raised"}
        raise
    finally:
        for other in others:
            other.cancel()
        run.step = None
        run.observe("app", "exit", outcome)


async def _cancel_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.get_running_loop().create_future()


async def _beside(run: Run, connection: Any, index: int, op: str, args: Dict[str, Any]) -> None:
    """Perform one step in a task of its own, while the lane goes on."""
    step_beside.set(index)
    await _step(run, connection, index, op, args)


async def _come_to_rest(run: Run, task: "asyncio.Future[Any]") -> None:
    """Let a second task run until it has ended or waits: whether it waits, the observations say."""
    before, still = -1, 0
    for _ in range(MOST_TURNS):
        await asyncio.sleep(0)
        seen = sum(run.seen.values())
        still = still + 1 if seen == before else 0
        before = seen
        if task.done() or still >= STILL_TURNS:
            return


async def _all_ended(run: Run, others: "List[asyncio.Future[Any]]") -> None:
    if others:
        run.waiting["join"] = "the handler's other tasks"
        try:
            await asyncio.wait(others)
        finally:
            run.waiting.pop("join", None)


async def _step(run: Run, connection: Any, index: int, op: str, args: Dict[str, Any]) -> bool:
    """Perform one step and observe how it ended; True when it returned."""
    if step_beside.get() is None:
        run.step = index
    times = args.pop("until_raises", 1)
    data: Dict[str, Any] = {"step": index, "op": op}
    try:
        for attempt in range(times):
            data["attempts"] = attempt + 1
            value = await connection.perform(op, args)
            if times > 1:
                # The loop must turn between sends, or the server never learns what the network has told it.
                await asyncio.sleep(0)
        data["returned"] = encode(value)
        returned = True
    except asyncio.CancelledError as exc:
        if getattr(connection, "cancels", False):
            # So this framework tells its handler that the client has gone: what an operation raises is what is asked.
            data["raised"] = describe_exception(exc)
            run.observe("app", "op", data)
        raise
    except BaseException as exc:
        data["raised"] = describe_exception(exc)
        returned = False
        if not isinstance(exc, Exception):
            run.observe("app", "op", data)
            raise  # what ends the process must end it
    if times == 1:
        del data["attempts"]
    data.update(connection.states())
    run.observe("app", "op", data)
    return returned
