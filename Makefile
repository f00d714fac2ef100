# The few words a developer types. Each one is done by ./run, which makes and fills .venv.
.PHONY: test test-fast lint format types bench docs build clean

test:
	./run tests

test-fast:
	./run tests -m "not slow"

lint format types bench docs build clean:
	./run $@
