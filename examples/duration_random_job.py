"""A random time passes between the runs: so that many machines do not all ask one server at once."""

from datetime import timedelta
from itertools import pairwise

import gocron_py as gocron

least, most = timedelta(seconds=1), timedelta(seconds=5)

with gocron.new_scheduler() as scheduler:
    job = scheduler.new_job(gocron.duration_random_job(least, most), gocron.new_task(print, "work"))
    gaps = [later - earlier for earlier, later in pairwise(job.next_runs(1000))]
    print("at least 1 s:", min(gaps) >= least)
    print("less than 5 s:", max(gaps) < most)

# Output:
# at least 1 s: True
# less than 5 s: True
