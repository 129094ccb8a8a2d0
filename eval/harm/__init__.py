"""Reads a request and says how harmful it is, from context: the small model inside the mitigation guard.

An encoder (all-MiniLM-L6-v2) with an adapter trained here on contrast sets, in which the same alarming words stand in
harmless and in harmful requests. It is no safety filter: it knows short English requests, and errs.
"""
