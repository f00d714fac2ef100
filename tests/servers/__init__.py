"""Real servers for tests: each starts on a free loopback port, in a temporary directory, and ends with the tests.

Tests take the fixtures of ``fixtures.py``; ``python -m tests.servers redis`` keeps one up for a person. They need
Linux: the end of the tests, whatever it is, is the servers' end by its means.
"""
