"""Random scripts against a target: a walk through the state table and the wire, the table as oracle, the shortest
script that fails as the answer. Hypothesis draws and shrinks; running and judging are those of every other case.
"""
