"""gocron_py measured beside its peers: ``python -m benchmarks`` (``make bench``)."""
