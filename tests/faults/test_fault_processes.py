"""Faults 23 to 30 in processes of their own: forks, exits, signals, threads that cannot be started."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from fault_kit import Script

RunScript = Callable[..., Script]

START_UP = 5.0
"""Seconds that a loaded machine may take to start Python."""


def test_23_process_ends_beside_a_job_that_never_returns(run_script: RunScript) -> None:
    """The main thread ends, a job ignores its context: the process is gone within the stop time-out and a second."""
    script = run_script(
        """
        def stuck():
            say("stuck")
            while True:
                time.sleep(100)
        s = gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=0.5)))
        s.new_job(every(10), gocron.new_task(stuck), gocron.with_name("stuck"),
                  gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE))
        s.start()
        time.sleep(0.1)
        say("end of main")
        """
    )
    ending = script.expect("end of main")
    ended = script.end()
    assert 0.5 <= time.monotonic() - ending < 1.5
    assert 0 == ended.code
    assert "Traceback" not in ended.err
    assert "still running: stuck" in ended.err


def test_23_many_schedulers_with_stuck_jobs_end_together(run_script: RunScript) -> None:
    """Their time-outs run at the same time: ten of them take no longer than one."""
    script = run_script(
        """
        running = []
        def stuck():
            running.append(1)
            while True:
                time.sleep(100)
        schedulers = [gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=0.5))) for _ in range(10)]
        for s in schedulers:
            s.new_job(every(3_600_000), gocron.new_task(stuck), gocron.with_start_at(gocron.with_start_immediately()))
            s.start()
        until(lambda: len(running) == 10)
        say("end of main")
        """
    )
    ending = script.expect("end of main")
    assert 0 == script.end().code
    assert time.monotonic() - ending < 1.7


def test_23_a_job_busy_in_python_does_not_keep_the_process(run_script: RunScript) -> None:
    """Nor does one that never sleeps, and one that swallows whatever is thrown at it."""
    script = run_script(
        """
        started = []
        def busy():
            started.append(1)
            while True:
                try:
                    sum(range(1000))
                except BaseException:
                    pass
        s = gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=0.3)))
        s.new_job(every(3_600_000), gocron.new_task(busy), gocron.with_start_at(gocron.with_start_immediately()))
        s.start()
        until(lambda: started)
        say("end of main")
        """
    )
    ending = script.expect("end of main")
    assert 0 == script.end().code
    assert time.monotonic() - ending < 1.6


FORKED = """
    ticks = []
    s = gocron.new_scheduler()
    job = s.new_job(every(20), gocron.new_task(lambda: ticks.append(os.getpid())), gocron.with_name("parents"))
    s.start()
    until(lambda: ticks)
"""


def test_25_fork_after_start(run_script: RunScript) -> None:
    """Every call of scheduler and job in the child says that it belongs to the parent; the parent goes on as it was."""
    script = run_script(
        FORKED
        + """
    child = os.fork()
    if not child:
        calls = dict(
            start=s.start, stop_jobs=s.stop_jobs, shutdown=s.shutdown, jobs=s.jobs, wait=s.wait,
            queue=s.jobs_waiting_in_queue, new_job=lambda: s.new_job(every(1), gocron.new_task(print)),
            update=lambda: s.update(job.id(), every(1), gocron.new_task(print)),
            remove_job=lambda: s.remove_job(job.id()), remove_by_tags=lambda: s.remove_by_tags("a"),
            run_until_signal=s.run_until_signal, enter=s.__enter__,
            stop_ctx=lambda: s.stop_jobs_with_context(gocron.context.background()),
            shutdown_ctx=lambda: s.shutdown_with_context(gocron.context.background()),
            run_now=job.run_now, next_run=job.next_run, next_runs=lambda: job.next_runs(1), history=job.history,
            is_running=job.is_running, last_run=job.last_run, completed=job.last_run_completed_at,
        )
        wrong = []
        for name, call in calls.items():
            try:
                call()
            except gocron.ErrSchedulerForked as error:
                if "create and start one in the child" not in str(error):
                    wrong.append(name)
            else:
                wrong.append(name)
        before = len(ticks)
        time.sleep(0.2)
        say("wrong", wrong, "ticks", len(ticks) - before, "threads", threading.active_count())
        sys.exit(7)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    before = len(ticks)
    until(lambda: len(ticks) > before + 3)
    say("child", code, "foreign ticks", len([pid for pid in ticks if pid != os.getpid()]))
    s.shutdown()
    """
    )
    ended = script.end()
    assert (0, "") == (ended.code, ended.err)
    assert ["wrong [] ticks 0 threads 1", "child 7 foreign ticks 0"] == ended.out


def test_25_the_child_has_a_scheduler_of_its_own(run_script: RunScript) -> None:
    """A scheduler made and started in the child runs there, and both shut down well."""
    script = run_script(
        FORKED
        + """
    child = os.fork()
    if not child:
        own, mine = [], gocron.new_scheduler()
        mine.new_job(every(20), gocron.new_task(lambda: own.append(os.getpid())))
        with mine:
            until(lambda: len(own) > 3)
        until(lambda: threading.active_count() == 1)  # workers end by themselves, nobody waits for them
        say("own", {pid == os.getpid() for pid in own}, "threads", threading.active_count())
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    s.shutdown()
    say("child", code)
    """
    )
    ended = script.end()
    assert (0, "", ["own {True} threads 1", "child 0"]) == (ended.code, ended.err, ended.out)


@pytest.mark.slow
def test_25_fork_at_any_moment(run_script: RunScript) -> None:
    """A fork while the library's locks are held by other threads hangs neither child, at its exit either."""
    script = run_script(
        """
        sys.setswitchinterval(1e-6)
        s = gocron.new_scheduler(gocron.with_logger(gocron.new_logger(gocron.LOG_LEVEL_ERROR)))
        for _ in range(20):
            s.new_job(every(1), gocron.new_task(lambda: None))
        s.start()
        bad = 0
        for n in range(60):
            child = os.fork()
            if not child:
                try:
                    s.jobs()
                except gocron.ErrSchedulerForked:
                    inner = gocron.new_scheduler()
                    ran = threading.Event()
                    inner.new_job(every(1), gocron.new_task(ran.set))
                    with inner:
                        sys.exit(0 if ran.wait(10) else 1)
                sys.exit(2)
            bad += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        s.shutdown()
        say("bad", bad)
        """
    )
    ended = script.end(limit=50)
    assert (0, "", ["bad 0"]) == (ended.code, ended.err, ended.out)


def test_25_preloaded_and_forked_as_by_gunicorn(run_script: RunScript) -> None:
    """A master that makes a scheduler and forks workers: theirs says what to do; one made after the fork runs.

    The scheduler of the master, not started, belongs to the master.
    """
    script = run_script(
        """
        s = gocron.new_scheduler()
        s.new_job(every(20), gocron.new_task(print))
        def worker(n):
            try:
                s.start()
            except gocron.ErrSchedulerForked:
                say("worker", n, "refused")
            ran = threading.Event()
            own = gocron.new_scheduler()
            own.new_job(every(20), gocron.new_task(ran.set))
            own.start()
            say("worker", n, ran.wait(10))
            while True:  # gunicorn's worker waits for its SIGTERM; a pause() would miss one that comes just before it
                time.sleep(0.05)
        signal.signal(signal.SIGTERM, lambda *a: sys.exit(0))
        workers = []
        for n in range(2):
            pid = os.fork()
            if not pid:
                worker(n)
            workers.append(pid)
        until(lambda: sys.stdin.readline())
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        say([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers])
        """
    )
    lines = sorted(script.line() for _ in range(4))
    script.type("go")
    ended = script.end()
    assert ["worker 0 True", "worker 0 refused", "worker 1 True", "worker 1 refused"] == lines
    assert (0, "", ["[0, 0]"]) == (ended.code, ended.err, ended.out)


@pytest.mark.parametrize(
    "ending",
    ["pass", "sys.exit(0)", "s.stop_jobs()", "s.shutdown()", "s = None", "del s; import gc; gc.collect()"],
)
def test_26_exit_while_running(run_script: RunScript, ending: str) -> None:
    """The end of the program while jobs run: no traceback, no word, no hang (APScheduler #918, #985)."""
    script = run_script(
        f"""
        import concurrent.futures, logging
        s = gocron.new_scheduler()
        def task():
            # What a thread that outlives the interpreter falls over.
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(str, range(10)))
        for _ in range(20):
            s.new_job(every(1), gocron.new_task(task))
        ran = threading.Event()
        s.new_job(every(1), gocron.new_task(ran.set))
        s.start()
        ran.wait(10)
        {ending}
        """
    )
    ended = script.end()
    assert 0 == ended.code
    # What concurrent.futures or, from 3.12 on, any new thread gets to hear at the end: an error of the task's own.
    own_errors = "cannot schedule new futures after", "can't create new thread at interpreter shutdown"
    if not any(each in ended.err for each in own_errors):
        assert [] == ended.err.splitlines()


@pytest.mark.parametrize("round_", range(5))
def test_26_exit_while_short_jobs_run(run_script: RunScript, round_: int) -> None:
    """The same many times over with jobs that only count: nothing at all is printed."""
    script = run_script(
        """
        s, runs = gocron.new_scheduler(), []
        for _ in range(50):
            s.new_job(every(1), gocron.new_task(runs.append, 1))
        s.start()
        until(lambda: len(runs) > 100)
        """
    )
    ended = script.end()
    assert (0, "", []) == (ended.code, ended.err, ended.out)


def test_26_an_exception_of_main_is_all_that_is_shown(run_script: RunScript) -> None:
    """A program that dies by an exception shows that one, and ends as quickly."""
    script = run_script(
        """
        s, runs = gocron.new_scheduler(), []
        s.new_job(every(1), gocron.new_task(runs.append, 1))
        s.start()
        until(lambda: runs)
        raise LookupError("of main")
        """
    )
    ended = script.end()
    assert (1, 1) == (ended.code, ended.err.count("Traceback"))
    assert ended.err.endswith("LookupError: of main\n")


def test_26_contexts_are_cancelled_at_the_end(run_script: RunScript) -> None:
    """A job that waits for its context hears of the end of the program, and finishes its work."""
    script = run_script(
        """
        started = threading.Event()
        def task(ctx: gocron.Context):
            started.set()
            ctx.wait(10)
            say("done", ctx.done())
        s = gocron.new_scheduler()
        s.new_job(every(3_600_000), gocron.new_task(task), gocron.with_start_at(gocron.with_start_immediately()))
        s.start()
        started.wait(10)
        """
    )
    ended = script.end()
    assert (0, "", ["done True"]) == (ended.code, ended.err, ended.out)


UNTIL_SIGNAL = """
    started = threading.Event()
    def task(ctx: gocron.Context):
        if not started.is_set():
            started.set()
            say("running")
        ctx.wait(10)
        say("done", ctx.done())
    s = gocron.new_scheduler()
    s.new_job(every(20), gocron.new_task(task), gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE))
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    got = s.run_until_signal()
    say(got.name, before == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)], s.jobs())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_27_run_until_signal(run_script: RunScript, number: signal.Signals) -> None:
    """The signal ends the wait; contexts are cancelled, the job ends in its own time, the program with code 0."""
    script = run_script(UNTIL_SIGNAL)
    script.expect("running")
    script.send(number)
    sent = time.monotonic()
    ended = script.end()
    assert (0, "", ["done True", f"{number.name} True []"]) == (ended.code, ended.err, ended.out)
    assert time.monotonic() - sent < 1.5


def test_27_second_ctrl_c_is_not_gentle(run_script: RunScript) -> None:
    """While a stuck job is waited for, another Ctrl-C ends the program at once, as it always does in Python."""
    script = run_script(
        """
        def stuck():
            say("running")
            while True:
                time.sleep(100)
        s = gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=8)))
        s.new_job(every(3_600_000), gocron.new_task(stuck), gocron.with_start_at(gocron.with_start_immediately()))
        def watch():
            until(lambda: "started" in repr(s))
            until(lambda: "stopped" in repr(s))
            say("stopping")
        threading.Thread(target=watch, daemon=True).start()
        s.run_until_signal()
        """
    )
    script.expect("running")
    script.send(signal.SIGINT)
    script.expect("stopping")
    # From the first one on the end of the process is near: the time-out does not begin anew.
    script.send(signal.SIGINT)
    ended = script.end(limit=12)
    assert "KeyboardInterrupt" in ended.err


@pytest.mark.parametrize("how", ["s.wait()", "s.wait(60)", "s.wait(timedelta(seconds=60))"])
def test_27_ctrl_c_during_wait(run_script: RunScript, how: str) -> None:
    """wait() is interrupted by Ctrl-C at once; the with block then shuts the scheduler down."""
    script = run_script(
        f"""
        def task(ctx: gocron.Context):
            say("running")
            ctx.wait(10)
            say("done", ctx.done())
        s = gocron.new_scheduler()
        s.new_job(every(3_600_000), gocron.new_task(task), gocron.with_start_at(gocron.with_start_immediately()))
        try:
            with s:
                {how}
        except KeyboardInterrupt:
            say("interrupted", s.wait(0))
        """
    )
    script.expect("running")
    time.sleep(0.05)  # into the wait
    script.send(signal.SIGINT)
    sent = time.monotonic()
    ended = script.end()
    assert (0, "", ["done True", "interrupted True"]) == (ended.code, ended.err, ended.out)
    assert time.monotonic() - sent < 1.5


def test_27_sigterm_without_a_handler_ends_the_process(run_script: RunScript) -> None:
    """The library takes no signal that it was not given: SIGTERM kills a program that only waits."""
    script = run_script(
        """
        s = gocron.new_scheduler()
        s.new_job(every(20), gocron.new_task(lambda: None))
        with s:
            say("waiting")
            s.wait()
        """
    )
    script.expect("waiting")
    script.send(signal.SIGTERM)
    assert -signal.SIGTERM == script.end().code


def test_27_signal_storm(run_script: RunScript) -> None:
    """A hundred signals of the program's own, in the midst of ticks, disturb nothing."""
    script = run_script(
        """
        got, runs = [], []
        signal.signal(signal.SIGUSR1, lambda *a: got.append(s.jobs()))  # a call from within a handler
        s = gocron.new_scheduler()
        s.new_job(every(5), gocron.new_task(runs.append, 1))
        with s:
            for n in range(100):
                s.new_job(every(3_600_000), gocron.new_task(print))
                os.kill(os.getpid(), signal.SIGUSR1)
                time.sleep(0.001)
            until(lambda: len(runs) > 5)
        say(len(got), len(got[-1]))
        """
    )
    ended = script.end()
    assert (0, "", ["100 101"]) == (ended.code, ended.err, ended.out)


def test_28_thread_of_the_program_that_is_no_daemon(run_script: RunScript) -> None:
    """As long as a non-daemon thread of the program lives, jobs run; when it ends, the process does, in time."""
    script = run_script(
        """
        s, runs = gocron.new_scheduler(), []
        s.new_job(every(20), gocron.new_task(runs.append, 1))
        s.start()
        def other():
            before = len(runs)
            until(lambda: len(runs) > before + 10)
            say("last of the program")
        threading.Thread(target=other, daemon=False).start()
        """
    )
    last = script.expect("last of the program")
    ended = script.end()
    assert (0, "") == (ended.code, ended.err)
    assert time.monotonic() - last < 1.0


def test_28_first_run_after_the_main_thread_has_ended(run_script: RunScript) -> None:
    """From then on Python 3.12 starts no thread: the one worker that start() started runs every tick."""
    script = run_script(
        """
        s, runs = gocron.new_scheduler(), []
        s.start()
        def other():
            threading.main_thread().join(10)
            for n in range(20):
                s.new_job(every(20), gocron.new_task(runs.append, n))
            until(lambda: set(runs) == set(range(20)))
            say("all ran")
        threading.Thread(target=other, daemon=False).start()
        """
    )
    ended = script.end()
    assert (0, "", ["all ran"]) == (ended.code, ended.err, ended.out)


def test_28_threads_of_the_library_are_daemons(run_script: RunScript) -> None:
    """All threads that the library starts are daemons: the interpreter does not wait for them before its hooks."""
    script = run_script(
        """
        s, gate, runs = gocron.new_scheduler(), threading.Event(), []
        def task():
            runs.append(1)
            gate.wait(10)
        for _ in range(30):
            s.new_job(every(3_600_000), gocron.new_task(task), gocron.with_start_at(gocron.with_start_immediately()))
        s.start()
        until(lambda: len(runs) == 30)
        others = [t for t in threading.enumerate() if t is not threading.main_thread()]
        say(len(others) > 30, all(t.daemon for t in others))
        gate.set()
        """
    )
    assert ["True True"] == script.end().out


NO_THREADS = """
    import resource, logging, zoneinfo, concurrent.futures
    from gocron_py.testing import FakeClock
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)  # the limit does not hold for root
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    def no_more_threads():
        resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
        try:
            threading.Thread(target=print, daemon=True).start()
        except RuntimeError:
            return
        say("no limit here")
        sys.exit()
    def threads_again():
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    class Log:
        lines = []
        def error(self, msg, *args): self.lines.append(msg)
        debug = info = warn = lambda *a: None
    clock, runs = FakeClock(), []
    s = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(Log()))
    job = s.new_job(every(1000), gocron.new_task(lambda: runs.append(1)))
"""


def of_limited(script: Script) -> list[str]:
    ended = script.end()
    assert (0, "") == (ended.code, ended.err)
    if ended.out == ["no limit here"]:
        pytest.skip("this machine does not limit a user's threads (RLIMIT_NPROC)")
    return ended.out


def test_29_no_thread_for_a_tick(run_script: RunScript) -> None:
    """No thread can be started (for real, by RLIMIT_NPROC): the first worker is there already, no tick is lost."""
    script = run_script(
        NO_THREADS
        + """
    s.start()
    no_more_threads()
    clock.advance(timedelta(seconds=1))
    until(lambda: len(job.history()) == 1)
    threads_again()
    clock.advance(timedelta(seconds=1))
    until(lambda: len(job.history()) == 2)
    say(len(runs), [r.outcome.name for r in job.history()], job.next_run() > clock.now(), Log.lines)
    s.shutdown()
    """
    )
    assert ["2 ['SUCCESS', 'SUCCESS'] True []"] == of_limited(script)


def test_29_no_thread_at_the_start(run_script: RunScript) -> None:
    """start() itself finds no thread: it raises, the scheduler is stopped and well, and starts when there are some."""
    script = run_script(
        NO_THREADS
        + """
    no_more_threads()
    try:
        s.start()
    except RuntimeError as error:
        say(error)
    say(job.next_run(), s)
    s.stop_jobs()
    threads_again()
    s.start()
    clock.advance(timedelta(seconds=1))
    until(lambda: runs)
    s.shutdown()
    say(len(runs))
    """
    )
    lines = of_limited(script)
    assert "can't start new thread" == lines[0]
    assert lines[1].startswith("None <Scheduler stopped, 1 jobs")
    assert "1" == lines[-1]


def test_29_no_more_threads_than_there_are(run_script: RunScript) -> None:
    """With some workers and no more to be had, runs wait for those that are there; none is lost."""
    script = run_script(
        NO_THREADS
        + """
    for _ in range(49):
        s.new_job(every(1000), gocron.new_task(lambda: (time.sleep(0.005), runs.append(1))))
    s.start()
    clock.advance(timedelta(seconds=1))
    until(lambda: len(runs) == 50)
    no_more_threads()
    clock.advance(timedelta(seconds=1))
    until(lambda: len(runs) == 100)
    s.shutdown()
    say(len(runs), Log.lines)
    """
    )
    assert ["100 []"] == of_limited(script)


def test_29_no_thread_for_a_run_that_others_wait_for(run_script: RunScript) -> None:
    """Under a limit of one, with one worker and no more to be had, runs that wait have their turn: nothing is stuck."""
    script = run_script(
        NO_THREADS
        + """
    order = []
    s = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_logger(Log()),
                             gocron.with_limit_concurrent_jobs(1, gocron.LimitMode.WAIT),
                             gocron.with_stop_timeout(timedelta(seconds=1)))
    jobs = [s.new_job(every(1000), gocron.new_task(order.append, n)) for n in range(3)]
    s.start()
    no_more_threads()
    clock.advance(timedelta(seconds=1))
    until(lambda: set(order) == {0, 1, 2}, 5)
    say(s.jobs_waiting_in_queue(), Log.lines)
    s.shutdown()
    """
    )
    assert ["0 []"] == of_limited(script)


def test_30_pool_full(run_script: RunScript) -> None:
    """With all workers busy a tick waits, in order, and runs once, late; shutdown drops those that have not begun.

    (That with a tick locker another instance takes it is test_30 in test_fault_lockers.py.)
    """
    script = run_script(
        """
        from gocron_py.testing import FakeClock
        clock, order, gate = FakeClock(), [], threading.Event()
        s = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_max_workers(1))
        at_once = gocron.with_start_at(gocron.with_start_immediately())
        s.new_job(every(3_600_000), gocron.new_task(gate.wait, 10), at_once)
        job = s.new_job(every(1000), gocron.new_task(lambda: order.append(1)))
        s.start()
        for _ in range(3):
            clock.advance(timedelta(seconds=1))
        say(len(order), job.next_run() > clock.now())
        gate.set()
        until(lambda: len(order) == 3)
        records = job.history()
        say([(r.scheduled - records[0].scheduled).seconds for r in records], threading.active_count())
        s.shutdown()
        """
    )
    ended = script.end()
    assert 0 == ended.code
    assert ["0 True", "[0, 1, 2]"] == [ended.out[0], ended.out[1].rpartition(" ")[0]]
