"""Waiting for what must come true: every test polls a condition against a deadline, none sleeps for luck."""

import asyncio
import inspect
import time


async def eventually(condition, what, within=10.0, every=0.1):
    """The first truthy value of `condition()` (plain or async); fails after `within` seconds, saying `what` was awaited.

    `what` may be a function, called at the end, so that it can show the last state."""
    __tracebackhide__ = True
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what() if callable(what) else what}")
        await asyncio.sleep(every)


async def steadily(condition, what, during=1.0, every=0.1):
    """Fails as soon as `condition()` is false within `during` seconds: for what must not happen."""
    __tracebackhide__ = True
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        assert value, f"no longer true: {what() if callable(what) else what}"
        await asyncio.sleep(every)
