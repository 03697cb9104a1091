"""The frameworks that are known, one module each: what finds their applications, injects the probe and observes.

A module offers ``NAME``, ``OPERATIONS`` (what of the app lane its public API can do; None: all of it), ``loaded()``,
``versions()``, ``is_application(value)``, ``install(probe_path, target)``, ``discover(target)`` and ``inside(target)``.
A framework is looked at only once the target has imported it; nothing is imported for it.
"""
