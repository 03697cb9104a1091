"""All 65,536 close codes in both directions: each observed lightly; what an outcome is worth is decided by an
ordinary case of one code that came to it.
"""
