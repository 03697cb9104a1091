"""A case as a program of its own, which shows a finding to somebody who does not have the suite."""

from __future__ import annotations

from .program import Subject, Unreplayable, program

__all__ = ["Subject", "Unreplayable", "program"]
