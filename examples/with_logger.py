"""A logger of one's own: four methods that take a message and key, value pairs."""

import gocron_py as gocron


class ListLogger:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, msg: str, *args: object) -> None:
        self.lines.append(f"debug {msg} {args}")

    def error(self, msg: str, *args: object) -> None:
        self.lines.append(f"error {msg} {args}")

    def info(self, msg: str, *args: object) -> None:
        self.lines.append(f"info {msg}")  # the pairs, left out here, have the number of the process

    def warn(self, msg: str, *args: object) -> None:
        self.lines.append(f"warn {msg} {args}")


logger = ListLogger()
with gocron.new_scheduler(gocron.with_logger(logger)) as scheduler:
    scheduler.start()  # the second time
print(*logger.lines, sep="\n")

# Output:
# info gocron: scheduler started
# warn gocron: scheduler already started ()
# info gocron: scheduler stopped
