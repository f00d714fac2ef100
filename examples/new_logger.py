"""The plain logger that prints lines to standard output, as Go's does."""

import contextlib
import io

import gocron_py as gocron

output = io.StringIO()
with contextlib.redirect_stdout(output):
    logger = gocron.new_logger(gocron.LogLevel.INFO)
    logger.debug("not printed at this level")
    logger.info("job done", "job", "backup", "took", 1.5)
    logger.error("job failed", "job", "backup", "error", OSError("disk full"))

for line in output.getvalue().splitlines():
    print(line[len("2024/06/15 12:00:00 ") :])

# Output:
# INFO: job done, job=backup, took=1.5
# ERROR: job failed, job=backup, error=disk full
