// A Go instance of a mixed fleet: locks and elections as Go programs that use gocron have them.
//
// Its parent writes words to its standard input, a line each, and reads a line of JSON for each thing that happens.
// It ends when its input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"
)

var (
	kind     = flag.String("kind", "", "redis, etcd-key, etcd-mutex, sql (locks); etcd-election, lease (elections)")
	address  = flag.String("address", "", "of the server")
	name     = flag.String("name", "", "of the lock or the election, as it is in the server")
	ttl      = flag.Duration("ttl", 8*time.Second, "of a lock, a session or a Lease")
	deadline = flag.Duration("deadline", 10*time.Second, "lease: RenewDeadline")
	retry    = flag.Duration("retry", 2*time.Second, "lease: RetryPeriod")
	identity = flag.String("identity", "", "of this instance in an election")
	token    = flag.String("token", "", "lease: the bearer token")
	ca       = flag.String("ca", "", "lease: the file of the certificate")
	job      = flag.String("job", "", "run a job of this name with gocron, instead of obeying")
	every    = flag.Duration("every", time.Second, "the job's interval")
	work     = flag.Duration("work", 100*time.Millisecond, "how long the job takes")
	log      = flag.String("log", "", "the file that the job's runs are appended to")
)

var telling sync.Mutex

// tell writes what happened, as one line.
func tell(what string, details map[string]any) {
	telling.Lock()
	defer telling.Unlock()
	event := map[string]any{"what": what, "at": time.Now().UnixMicro()}
	for key, value := range details {
		event[key] = value
	}
	line, _ := json.Marshal(event)
	fmt.Println(string(line))
}

func said(err error) map[string]any {
	if err == nil {
		return nil
	}
	return map[string]any{"error": err.Error()}
}

func main() {
	flag.Parse()
	ctx, cancel := context.WithCancel(context.Background())
	words := make(chan string)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			words <- lines.Text()
		}
		close(words)
	}()
	var err error
	switch *kind {
	case "redis", "etcd-key", "etcd-mutex", "sql":
		err = withLocker(ctx, words)
	case "etcd-election", "lease":
		err = withElector(ctx, words)
	default:
		err = fmt.Errorf("no such kind: %q", *kind)
	}
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// withLocker locks and unlocks as it is told, or has gocron do so.
func withLocker(ctx context.Context, words <-chan string) error {
	locker, err := newLocker()
	if err != nil {
		return err
	}
	if *job != "" {
		return runJob(words, gocron.WithDistributedLocker(locker))
	}
	tell("ready", nil)
	var held gocron.Lock
	for word := range words {
		switch word {
		case "lock":
			lock, err := locker.Lock(ctx, *name)
			if err == nil {
				held = lock
				tell("locked", nil)
			} else {
				tell("refused", said(err))
			}
		case "unlock":
			err := errors.New("there is no lock")
			if held != nil {
				err = held.Unlock(ctx)
			}
			held = nil
			tell("unlocked", said(err))
		case "time":
			timed(func() error { return lockAndUnlock(ctx, locker) })
		default:
			return fmt.Errorf("no such word: %q", word)
		}
	}
	return nil
}

// withElector campaigns, and resigns when it is told, or has gocron ask who leads. Elections are timed after that.
func withElector(ctx context.Context, words <-chan string) error {
	elector, err := newElector(ctx)
	if err != nil {
		return err
	}
	if *job != "" {
		defer elector.Close()
		return runJob(words, gocron.WithDistributedElector(elector))
	}
	lead, err := leadAndResign()
	if err != nil {
		return err
	}
	tell("ready", nil)
	for word := range words {
		switch word {
		case "leads":
			err := elector.IsLeader(ctx)
			tell("answer", map[string]any{"leads": err == nil})
		case "resign":
			elector.Close()
			tell("resigned", nil)
		case "time":
			limited, stop := context.WithTimeout(ctx, 30*time.Second)
			timed(func() error { return lead(limited) })
			stop()
		default:
			return fmt.Errorf("no such word: %q", word)
		}
	}
	elector.Close()
	return nil
}

// runJob has gocron run a job that notes its runs, until the input ends.
func runJob(words <-chan string, option gocron.SchedulerOption) error {
	file, err := os.OpenFile(*log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	scheduler, err := gocron.NewScheduler(option)
	if err != nil {
		return err
	}
	_, err = scheduler.NewJob(
		gocron.DurationJob(*every),
		gocron.NewTask(func() {
			note(file, "start")
			time.Sleep(*work)
			note(file, "end")
		}),
		gocron.WithName(*job),
	)
	if err != nil {
		return err
	}
	scheduler.Start()
	tell("ready", nil)
	for range words {
	}
	return scheduler.Shutdown()
}

// note appends a line in one write, so that lines of several processes do not mix.
func note(file *os.File, what string) {
	line, _ := json.Marshal(map[string]any{"pid": os.Getpid(), "what": what, "at": time.Now().UnixMicro()})
	_, _ = file.Write(append(line, '\n'))
}
