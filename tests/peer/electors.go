package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var errNotLeader = errors.New("not the leader")

// elector is one that can let go.
type elector interface {
	IsLeader(ctx context.Context) error
	Close()
}

func newElector(ctx context.Context) (elector, error) {
	if *kind == "lease" {
		return newLeaseElector(ctx)
	}
	return newEtcdElector(ctx)
}

// etcdElector campaigns and observes as gocron-etcd-elector does, but comes back after the loss of its session.
type etcdElector struct {
	leads  atomic.Bool
	cancel context.CancelFunc
	ended  chan struct{}
}

func newEtcdElector(ctx context.Context) (elector, error) {
	client, err := newEtcd()
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	result := &etcdElector{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(result.ended)
		for running.Err() == nil {
			result.campaign(running, client)
			result.become(false)
			select {
			case <-running.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return result, nil
}

func (e *etcdElector) become(leads bool) {
	if e.leads.Swap(leads) != leads {
		tell("leads", map[string]any{"leads": leads})
	}
}

func (e *etcdElector) campaign(ctx context.Context, client *clientv3.Client) {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(int(ttl.Seconds())))
	if err != nil {
		return
	}
	defer session.Close()
	election := concurrency.NewElection(session, *name)
	observing, stop := context.WithCancel(ctx)
	defer stop()
	observed := election.Observe(observing)
	won := make(chan error, 1)
	go func() { won <- election.Campaign(ctx, hostIdentity()) }()
	for {
		select {
		case answer, ok := <-observed:
			if !ok {
				return
			}
			leader := string(answer.Kvs[0].Value)
			tell("observed", map[string]any{"leader": leader})
			e.become(leader == hostIdentity())
		case err := <-won:
			if err != nil {
				return
			}
		case <-session.Done():
			return
		case <-ctx.Done():
			e.become(false)
			resigning, done := context.WithTimeout(context.Background(), 5*time.Second)
			_ = election.Resign(resigning)
			done()
			return
		}
	}
}

func (e *etcdElector) IsLeader(context.Context) error {
	if e.leads.Load() {
		return nil
	}
	return errNotLeader
}

func (e *etcdElector) Close() {
	e.cancel()
	<-e.ended
}

// newLeases asks as often as it likes: the client's own limit, five times a second, would be all that is timed.
func newLeases() (coordinationv1.LeasesGetter, error) {
	tls := rest.TLSClientConfig{CAFile: *ca}
	return coordinationv1.NewForConfig(&rest.Config{Host: *address, BearerToken: *token, TLSClientConfig: tls, QPS: -1})
}

func newLeaseLock(client coordinationv1.LeasesGetter) *resourcelock.LeaseLock {
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Name: *name, Namespace: "default"},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: hostIdentity()},
	}
}

func leaseSettings(
	lock resourcelock.Interface, callbacks leaderelection.LeaderCallbacks,
) leaderelection.LeaderElectionConfig {
	return leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   *ttl,
		RenewDeadline:   *deadline,
		RetryPeriod:     *retry,
		ReleaseOnCancel: true,
		Callbacks:       callbacks,
	}
}

// leaseElector is client-go's leader election, run again after each loss.
type leaseElector struct {
	mutex   sync.Mutex
	current *leaderelection.LeaderElector
	cancel  context.CancelFunc
	ended   chan struct{}
}

func newLeaseElector(ctx context.Context) (elector, error) {
	client, err := newLeases()
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	result := &leaseElector{cancel: cancel, ended: make(chan struct{})}
	settings := leaseSettings(newLeaseLock(client), leaderelection.LeaderCallbacks{
		OnStartedLeading: func(context.Context) { tell("leads", map[string]any{"leads": true}) },
		OnStoppedLeading: func() { tell("leads", map[string]any{"leads": false}) },
		OnNewLeader:      func(leader string) { tell("observed", map[string]any{"leader": leader}) },
	})
	if err := result.renew(settings); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer close(result.ended)
		for running.Err() == nil {
			result.current.Run(running)
			if err := result.renew(settings); err != nil {
				return
			}
		}
	}()
	return result, nil
}

func (e *leaseElector) renew(settings leaderelection.LeaderElectionConfig) error {
	current, err := leaderelection.NewLeaderElector(settings)
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.current = current
	return err
}

func (e *leaseElector) IsLeader(context.Context) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.current.IsLeader() {
		return nil
	}
	return errNotLeader
}

func (e *leaseElector) Close() {
	e.cancel()
	<-e.ended
}
