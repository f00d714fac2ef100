package main

import (
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
)

const step = 5 * time.Minute

// script moves a fake clock and prints what was said at each of its steps, sorted: jobs run side by side.
type script struct {
	clock    *clockwork.FakeClock
	location *time.Location
	mutex    sync.Mutex
	lines    []string
	ended    int
	expected int
}

func newScript(start time.Time) *script {
	return &script{clock: clockwork.NewFakeClockAt(start), location: start.Location()}
}

func (s *script) say(format string, arguments ...any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.clock.Now().In(s.location).Format("02 15:04 ")
	s.lines = append(s.lines, now+fmt.Sprintf(format, arguments...))
}

// end counts a run that is over.
func (s *script) end() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ended++
}

// pass lets time go by and waits for the runs of each step.
func (s *script) pass(scheduler gocron.Scheduler, length time.Duration) {
	for end := s.clock.Now().Add(length); s.clock.Now().Before(end); {
		due := s.due(scheduler, s.clock.Now().Add(step))
		s.clock.Advance(step)
		s.settle(scheduler, due)
	}
}

// due counts the jobs whose next run comes no later than a time.
func (s *script) due(scheduler gocron.Scheduler, at time.Time) int {
	count := 0
	for _, job := range scheduler.Jobs() {
		if next, err := job.NextRun(); err == nil && !next.IsZero() && !next.After(at) {
			count++
		}
	}
	return count
}

// settle waits until so many more runs are over and every job has its next time.
func (s *script) settle(scheduler gocron.Scheduler, runs int) {
	s.expected += runs
	for !s.caughtUp() || s.due(scheduler, s.clock.Now()) > 0 {
		time.Sleep(time.Millisecond)
	}
	sort.Strings(s.lines)
	for _, line := range s.lines {
		fmt.Println(line)
	}
	s.lines = nil
}

func (s *script) caughtUp() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.ended == s.expected
}
