"""SPARQL over HTTP: queries over what is published, each with a limit of time, memory and size.

Nothing is imported here: the processes that answer queries begin with `answering`, and need no web.
"""
