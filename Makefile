# The few words a developer types. Each one is done by ./run, which makes and fills .venv.

.PHONY: test test-fast lint format types images bench soak docs build clean

test:
	./run tests

test-fast:
	./run tests -m "not slow and not server"

lint format types bench docs build clean:
	./run $@

# The pictures in docs/images, after the dashboard's pages have changed. Needs chromium.
images:
	GOCRON_WRITE_IMAGES=1 ./run tests tests/browser/test_images.py

# A hundred thousand made-up worlds, after the two thousand of the tests.
soak:
	./run soak --seeds 100000 --first 2000
