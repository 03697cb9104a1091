"""Verdicts as the text that a report has of them: which is the worse, and what that of a run is called."""

from __future__ import annotations

from asgi_conformance.model import Verdict

#: Of a case or a finding; the worse, the higher.
RANK = {str(verdict): rank for rank, verdict in enumerate(Verdict)}
#: Of a run, as what is said of its target.
HEADLINES = {"pass": "conforms", "fail": "does not conform", "partial": "partly judged", "error": "could not be judged"}
