package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	_ "github.com/lib/pq"
	"github.com/redis/go-redis/v9"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

func newLocker() (gocron.Locker, error) {
	if *kind == "redis" {
		client := redis.NewClient(&redis.Options{Addr: *address})
		return &redisLocker{redsync.New(goredis.NewPool(client))}, nil
	}
	if *kind == "sql" {
		database, err := sql.Open("postgres", *address)
		return &rowLocker{database}, err
	}
	client, err := newEtcd()
	if err != nil {
		return nil, err
	}
	if *kind == "etcd-mutex" {
		return &mutexLocker{client}, nil
	}
	return &keyLocker{client}, nil
}

func newEtcd() (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{*address}, DialTimeout: 5 * time.Second})
}

// redisLocker does what gocron-redis-lock does, with its extension of the lock.
type redisLocker struct {
	sync *redsync.Redsync
}

func (l *redisLocker) Lock(ctx context.Context, key string) (gocron.Lock, error) {
	if *job != "" {
		key = *name // as it is in the server, whatever the job is called
	}
	mutex := l.sync.NewMutex(key, redsync.WithTries(1), redsync.WithExpiry(*ttl))
	if err := mutex.LockContext(ctx); err != nil {
		return nil, err
	}
	held := &redisLock{mutex: mutex, done: make(chan struct{})}
	go held.extend()
	return held, nil
}

type redisLock struct {
	mutex *redsync.Mutex
	done  chan struct{}
}

func (l *redisLock) extend() {
	ticker := time.NewTicker(*ttl / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if ok, err := l.mutex.Extend(); err != nil || !ok {
				return
			}
		case <-l.done:
			return
		}
	}
}

func (l *redisLock) Unlock(ctx context.Context) error {
	close(l.done)
	ok, err := l.mutex.UnlockContext(ctx)
	if err == nil && !ok {
		err = errors.New("it was not ours")
	}
	return err
}

// keyLocker is the sample of gocron's guide: the key itself, under a lease, if nobody has made it.
type keyLocker struct {
	client *clientv3.Client
}

func (l *keyLocker) Lock(ctx context.Context, _ string) (gocron.Lock, error) {
	lease, err := l.client.Grant(ctx, int64(ttl.Seconds()))
	if err != nil {
		return nil, err
	}
	answer, err := l.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(*name), "=", 0)).
		Then(clientv3.OpPut(*name, "go", clientv3.WithLease(lease.ID))).
		Commit()
	if err == nil && !answer.Succeeded {
		err = errors.New("the lock is held")
	}
	if err != nil {
		_, _ = l.client.Revoke(context.Background(), lease.ID)
		return nil, err
	}
	alive, stop := context.WithCancel(context.Background())
	renewals, err := l.client.KeepAlive(alive, lease.ID)
	if err != nil {
		stop()
		return nil, err
	}
	go func() {
		for range renewals {
		}
	}()
	return &keyLock{l.client, lease.ID, stop}, nil
}

type keyLock struct {
	client *clientv3.Client
	lease  clientv3.LeaseID
	stop   context.CancelFunc
}

func (l *keyLock) Unlock(context.Context) error {
	l.stop()
	_, err := l.client.Revoke(context.Background(), l.lease)
	return err
}

// mutexLocker is clientv3/concurrency's Mutex.
type mutexLocker struct {
	client *clientv3.Client
}

func (l *mutexLocker) Lock(ctx context.Context, _ string) (gocron.Lock, error) {
	session, err := concurrency.NewSession(l.client, concurrency.WithTTL(int(ttl.Seconds())))
	if err != nil {
		return nil, err
	}
	mutex := concurrency.NewMutex(session, *name)
	if err := mutex.TryLock(ctx); err != nil {
		_ = session.Close()
		return nil, err
	}
	return &mutexLock{session, mutex}, nil
}

type mutexLock struct {
	session *concurrency.Session
	mutex   *concurrency.Mutex
}

func (l *mutexLock) Unlock(context.Context) error {
	err := l.mutex.Unlock(context.Background())
	return errors.Join(err, l.session.Close())
}

// rowLocker has the rows of gocron_py's SQLLocker in PostgreSQL: nothing of Go's has a lock that is shared with others.
type rowLocker struct {
	database *sql.DB
}

const (
	now   = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
	steal = "update gocron_locks set token = $2, expires = " + now + " + $3 where id = $1 and expires <= " + now
	make_ = "insert into gocron_locks (id, name, token, expires) values ($1, $4, $2, " + now + " + $3) on conflict do nothing"
	keep  = "update gocron_locks set expires = " + now + " + $3 where id = $1 and token = $2"
	leave = "update gocron_locks set token = '', expires = " + now + " where id = $1 and token = $2"
)

func (l *rowLocker) Lock(ctx context.Context, _ string) (gocron.Lock, error) {
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	held := &rowLock{
		database: l.database,
		id:       fmt.Sprintf("%x", sha256.Sum256([]byte(*name))),
		token:    base64.StdEncoding.EncodeToString(random),
		done:     make(chan struct{}),
	}
	ours, err := held.change(ctx, steal, held.id, held.token, ttl.Microseconds())
	if err == nil && !ours {
		ours, err = held.change(ctx, make_, held.id, held.token, ttl.Microseconds(), *name)
	}
	if err == nil && !ours {
		err = errors.New("the lock is held")
	}
	if err != nil {
		return nil, err
	}
	go held.extend()
	return held, nil
}

type rowLock struct {
	database  *sql.DB
	id, token string
	done      chan struct{}
}

func (l *rowLock) change(ctx context.Context, statement string, values ...any) (bool, error) {
	result, err := l.database.ExecContext(ctx, statement, values...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

func (l *rowLock) extend() {
	ticker := time.NewTicker(*ttl / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if ours, err := l.change(context.Background(), keep, l.id, l.token, ttl.Microseconds()); err != nil || !ours {
				return
			}
		case <-l.done:
			return
		}
	}
}

func (l *rowLock) Unlock(ctx context.Context) error {
	close(l.done)
	ours, err := l.change(ctx, leave, l.id, l.token)
	if err == nil && !ours {
		err = errors.New("it was not ours")
	}
	return err
}

func hostIdentity() string {
	if *identity != "" {
		return *identity
	}
	host, _ := os.Hostname()
	return fmt.Sprintf("%s-go-%d", host, os.Getpid())
}
