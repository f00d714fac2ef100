// The Go side of the benchmarks: the same measurements as benchmarks/cell.py makes, of gocron itself.
//
//	benchmark '{"kind": "load", ...}'     prints one line of JSON
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-co-op/gocron/v2"
)

type spec struct {
	Kind    string  `json:"kind"`
	Rate    int     `json:"rate"`
	Seconds float64 `json:"seconds"`
	WarmUp  float64 `json:"warm_up"`
	Drain   float64 `json:"drain"`
	File    string  `json:"file"`
	Started bool    `json:"started"`
	Crontab string  `json:"crontab"`
	Marks   []int   `json:"marks"`
	Jobs    int     `json:"jobs"`
	Traced  bool    `json:"traced"`
	Settle  float64 `json:"settle"`
}

type result map[string]float64

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func timestamp(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

func cpuSeconds() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func residentBytes() float64 {
	var total, resident int
	text, err := os.ReadFile("/proc/self/statm")
	check(err)
	_, err = fmt.Sscan(string(text), &total, &resident)
	check(err)
	return float64(resident * os.Getpagesize())
}

func newScheduler() gocron.Scheduler {
	s, err := gocron.NewScheduler(gocron.WithLocation(time.UTC))
	check(err)
	return s
}

func nothing(int) {}

// The allocator's own count is the nearest that Go has to Python's tracemalloc.
func memoryNow(traced bool) float64 {
	runtime.GC()
	if !traced {
		return residentBytes()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

func add(s gocron.Scheduler, number int) { addJob(s, gocron.DurationJob(time.Hour), number) }

func addJob(s gocron.Scheduler, definition gocron.JobDefinition, number int) {
	_, err := s.NewJob(definition, gocron.NewTask(nothing, number))
	check(err)
}

func measureLoad(p spec) result {
	capacity := int(float64(p.Rate)*(p.WarmUp+p.Seconds+p.Drain+5)) + 1000
	when := make([]int64, capacity)
	which := make([]int32, capacity)
	var noted atomic.Int64
	note := func(job int) {
		at := time.Now().UnixNano()
		index := noted.Add(1) - 1
		when[index] = at
		which[index] = int32(job)
	}
	s := newScheduler()
	first := time.Now().Add(seconds(0.5 + float64(p.Rate)*50e-6)).Truncate(time.Microsecond)
	for job := 0; job < p.Rate; job++ {
		due := first.Add(time.Second * time.Duration(job) / time.Duration(p.Rate))
		start := gocron.WithStartAt(gocron.WithStartDateTime(due))
		_, err := s.NewJob(gocron.DurationJob(time.Second), gocron.NewTask(note, job), start)
		check(err)
	}
	runtime.GC()
	s.Start()
	if time.Until(first) < 200*time.Millisecond {
		check(fmt.Errorf("%d jobs could not be set up in time", p.Rate))
	}
	time.Sleep(time.Until(first.Add(seconds(p.WarmUp))))
	cpu, begin := cpuSeconds(), time.Now()
	time.Sleep(time.Until(first.Add(seconds(p.WarmUp + p.Seconds))))
	cpu, wall := cpuSeconds()-cpu, time.Since(begin).Seconds()
	time.Sleep(time.Until(first.Add(seconds(p.WarmUp + p.Seconds + p.Drain))))
	save(p.File, when, which, int(noted.Load()))
	return result{"first": timestamp(first), "cpu_seconds": cpu, "wall_seconds": wall}
}

func save(path string, when []int64, which []int32, noted int) {
	raw := make([]byte, 0, 12*noted)
	for _, at := range when[:noted] {
		raw = binary.NativeEndian.AppendUint64(raw, math.Float64bits(float64(at)/1e9))
	}
	for _, job := range which[:noted] {
		raw = binary.NativeEndian.AppendUint32(raw, uint32(job))
	}
	check(os.WriteFile(path, raw, 0o600))
}

func measureAdd(p spec) result {
	s := newScheduler()
	if p.Started {
		s.Start()
	}
	out := result{}
	held := 0
	addUpTo := func(end int) {
		for ; held < end; held++ {
			if p.Crontab == "" {
				add(s, held)
			} else {
				addJob(s, gocron.CronJob(p.Crontab, false), held)
			}
		}
	}
	for _, mark := range p.Marks {
		begin, before := time.Now(), held
		addUpTo(mark)
		out[fmt.Sprintf("us_%d", mark)] = float64(time.Since(begin).Microseconds()) / float64(mark-before)
	}
	if !p.Started {
		begin := time.Now()
		s.Start()
		_ = s.Jobs() // answered when the start has been worked off
		out["start_us"] = float64(time.Since(begin).Microseconds()) / float64(held)
	}
	return out
}

func measureMemory(p spec) result {
	s := newScheduler()
	s.Start()
	for number := 0; number < 100; number++ {
		add(s, number)
	}
	before := memoryNow(p.Traced)
	for number := 0; number < p.Jobs; number++ {
		add(s, number)
	}
	after := memoryNow(p.Traced)
	runtime.KeepAlive(s)
	return result{"bytes": (after - before) / float64(p.Jobs)}
}

func measureIdle(p spec) result {
	s := newScheduler()
	for number := 0; number < p.Jobs; number++ {
		add(s, number)
	}
	s.Start()
	time.Sleep(seconds(p.Settle))
	cpu, begin := cpuSeconds(), time.Now()
	time.Sleep(seconds(p.Seconds))
	percent := (cpuSeconds() - cpu) / time.Since(begin).Seconds() * 100
	runtime.KeepAlive(s)
	return result{"percent": percent}
}

func measureSleepers(p spec) result {
	s := newScheduler()
	due := time.Now().Add(time.Second)
	ended := make(chan time.Time, p.Jobs)
	for number := 0; number < p.Jobs; number++ {
		_, err := s.NewJob(
			gocron.DurationJob(time.Hour),
			gocron.NewTask(func() { time.Sleep(time.Second); ended <- time.Now() }),
			gocron.WithStartAt(gocron.WithStartDateTime(due)),
		)
		check(err)
	}
	s.Start()
	last := due
	for number := 0; number < p.Jobs; number++ {
		if at := <-ended; at.After(last) {
			last = at
		}
	}
	return result{"seconds": last.Sub(due).Seconds()}
}

func measureFirstRun(spec) result {
	s := newScheduler()
	ran := make(chan time.Time, 1)
	_, err := s.NewJob(
		gocron.DurationJob(time.Hour),
		gocron.NewTask(func() { ran <- time.Now() }),
		gocron.WithStartAt(gocron.WithStartImmediately()),
	)
	check(err)
	s.Start()
	return result{"at": timestamp(<-ran)}
}

func main() {
	var p spec
	check(json.Unmarshal([]byte(os.Args[1]), &p))
	measures := map[string]func(spec) result{
		"load": measureLoad, "add": measureAdd, "memory": measureMemory,
		"idle": measureIdle, "sleepers": measureSleepers, "first_run": measureFirstRun,
	}
	check(json.NewEncoder(os.Stdout).Encode(measures[p.Kind](p)))
}
