// The back office of a small shop: a day and a half of its jobs, over the night in which
// the clocks of Berlin go from 02:00 to 03:00. script.go lets the time pass.
package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"
	_ "time/tzdata"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
)

type shop struct {
	*script
	checks int
}

func (s *shop) checkHealth(target string, limit int) error {
	s.checks++
	if s.checks%limit == 0 {
		return errors.New(target + " does not answer")
	}
	return nil
}

func (s *shop) backUp(ctx context.Context) error {
	s.say("backing up, cancelled: %t", ctx.Err() != nil)
	return ctx.Err()
}

func (s *shop) report(to string) { s.say("report for %s", to) }
func (s *shop) migrate()         { s.say("migrating") }
func (s *shop) printInvoices()   { panic("the printer is on fire") }

func (s *shop) done(_ uuid.UUID, name string) {
	s.say("%s: done", name)
	s.end()
}

func (s *shop) failed(_ uuid.UUID, name string, err error) {
	s.say("%s: failed: %v", name, err)
	s.end()
}

func (s *shop) panicked(_ uuid.UUID, name string, data any) {
	s.say("%s: panicked: %v", name, data)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	berlin := must(time.LoadLocation("Europe/Berlin"))
	start := time.Date(2024, time.March, 31, 0, 5, 0, 0, berlin)
	s := &shop{script: newScript(start)}
	scheduler := must(gocron.NewScheduler(
		gocron.WithClock(s.clock),
		gocron.WithLocation(berlin),
		gocron.WithGlobalJobOptions(gocron.WithEventListeners(
			gocron.AfterJobRuns(s.done),
			gocron.AfterJobRunsWithError(s.failed),
			gocron.AfterJobRunsWithPanic(s.panicked),
		)),
	))

	health := must(scheduler.NewJob(
		gocron.DurationJob(2*time.Hour),
		gocron.NewTask(s.checkHealth, "the shop", 3),
		gocron.WithName("health"),
	))
	must(scheduler.NewJob(
		gocron.DailyJob(1, gocron.NewAtTimes(gocron.NewAtTime(2, 30, 0))),
		gocron.NewTask(s.backUp),
		gocron.WithName("backup"),
		gocron.WithDaylightSavingsTimePolicy(gocron.DaylightSavingsTimeRunAfterTransition),
	))
	report := must(scheduler.NewJob(
		gocron.WeeklyJob(1, gocron.NewWeekdays(time.Monday), gocron.NewAtTimes(gocron.NewAtTime(9, 15, 0))),
		gocron.NewTask(s.report, "the owner"),
		gocron.WithName("report"),
	))
	must(scheduler.NewJob(
		gocron.MonthlyJob(1, gocron.NewDaysOfTheMonth(-1), gocron.NewAtTimes(gocron.NewAtTime(23, 45, 0))),
		gocron.NewTask(s.printInvoices),
		gocron.WithName("invoices"),
	))
	must(scheduler.NewJob(
		gocron.OneTimeJob(gocron.OneTimeJobStartDateTime(start.Add(12*time.Hour))),
		gocron.NewTask(s.migrate),
		gocron.WithName("migration"),
	))
	must(scheduler.NewJob(
		gocron.CronJob("*/40 0-6 * * *", false),
		gocron.NewTask(s.report, "the baker"),
		gocron.WithName("bakery"),
		gocron.WithTags("night"),
		gocron.WithLimitedRuns(4),
	))
	_, err := scheduler.NewJob(gocron.CronJob("61 * * * *", false), gocron.NewTask(s.migrate))
	fmt.Printf("refused: %v\n", err)

	scheduler.Start()
	s.pass(scheduler, 12*time.Hour)

	must(scheduler.Update(
		health.ID(),
		gocron.CronJob("10 */6 * * *", false),
		gocron.NewTask(s.checkHealth, "the new shop", 2),
		gocron.WithName("health"),
	))
	scheduler.RemoveByTags("night")
	if err := report.RunNow(); err != nil {
		panic(err)
	}
	s.settle(scheduler, 1)
	s.pass(scheduler, 24*time.Hour)

	jobs := scheduler.Jobs()
	sort.Slice(jobs, func(i, j int) bool { return jobs[i].Name() < jobs[j].Name() })
	for _, job := range jobs {
		next := must(job.NextRun())
		if next.IsZero() {
			fmt.Printf("%s: no next run\n", job.Name())
		} else {
			fmt.Printf("%s: next run %s\n", job.Name(), next.Format(time.RFC3339))
		}
	}
	if err := scheduler.Shutdown(); err != nil {
		panic(err)
	}
	fmt.Println("closed")
}
