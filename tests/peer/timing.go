package main

import (
	"context"
	"errors"
	"time"

	"github.com/go-co-op/gocron/v2"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"k8s.io/apimachinery/pkg/runtime"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection"
)

// timed does it ten times, and tells how long each took, in microseconds.
func timed(work func() error) {
	times := make([]float64, 0, 10)
	for range 10 {
		began := time.Now()
		if err := work(); err != nil {
			tell("failed", said(err))
			return
		}
		times = append(times, float64(time.Since(began).Nanoseconds())/1000)
	}
	tell("times", map[string]any{"micros": times})
}

// lockAndUnlock is what a run costs.
func lockAndUnlock(ctx context.Context, locker gocron.Locker) error {
	lock, err := locker.Lock(ctx, *name)
	if err != nil {
		return err
	}
	return lock.Unlock(ctx)
}

// leadAndResign makes what wins an election that is free, and resigns, over a connection that stays.
func leadAndResign() (func(context.Context) error, error) {
	if *kind == "lease" {
		client, err := newLeases()
		return func(ctx context.Context) error { return leadByLease(ctx, client) }, err
	}
	client, err := newEtcd()
	return func(ctx context.Context) error { return leadByEtcd(ctx, client) }, err
}

func leadByEtcd(ctx context.Context, client *clientv3.Client) error {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(int(ttl.Seconds())))
	if err != nil {
		return err
	}
	election := concurrency.NewElection(session, *name)
	err = election.Campaign(ctx, hostIdentity())
	if err == nil {
		err = election.Resign(ctx)
	}
	return errors.Join(err, session.Close())
}

func leadByLease(ctx context.Context, client coordinationv1.LeasesGetter) error {
	running, resign := context.WithCancel(ctx)
	defer resign()
	lock, leads := newLeaseLock(client), false
	// It is told before the first renewal, which would be a request more.
	lock.LockConfig.EventRecorder = recorder(func() {
		leads = true
		resign()
	})
	elector, err := leaderelection.NewLeaderElector(leaseSettings(lock, leaderelection.LeaderCallbacks{
		OnStartedLeading: func(context.Context) {},
		OnStoppedLeading: func() {},
	}))
	if err != nil {
		return err
	}
	elector.Run(running)
	if !leads || elector.GetLeader() != "" {
		return errors.New("the Lease was not got, or not released")
	}
	return nil
}

// recorder hears that client-go's elector has become the leader, and when it no longer is.
type recorder func()

func (r recorder) Eventf(runtime.Object, string, string, string, ...any) {
	r()
}
