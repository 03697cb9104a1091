"""How many exchanges a run of the benchmarks has."""

from __future__ import annotations

import os

COUNT = int(os.environ.get("BENCHMARK_CASES", "2500"))
