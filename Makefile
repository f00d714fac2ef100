# The few words a developer types. Each one is done by ./run, which makes and fills .venv.

.PHONY: test test-fast images soak # The pictures in docs/images, after the dashboard's pages have changed. Needs chromium.
images:
	GOCRON_WRITE_IMAGES=1 ./run tests tests/browser/test_images.py

lint format types bench docs build clean

test:
	./run tests

test-fast:
	./run tests -m "not slow"

lint format types bench docs build clean:
	./run $@

# A hundred thousand made-up worlds, after the two thousand of the tests.
soak:
	./run soak --seeds 100000 --first 2000
