package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const (
	firstPoll = 500 * time.Millisecond
	// stopGrace is longer than any server takes to drain.
	stopGrace = 90 * time.Second
)

// runFirst runs the server as a child until it ends, and records the first checkpoint that it publishes. From then on
// a start that finds neither tree nor checkpoint is refused. A server whose first checkpoint cannot be recorded is ended.
func runFirst(server *server, gate *gate) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	child := &exec.Cmd{
		Path: server.argv[0], Args: server.argv, Env: server.environment, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		// Without a container around it, nothing else ends a server whose parent was killed.
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	}
	if err := child.Start(); err != nil {
		return 0, server.unusable(err)
	}
	go func() {
		for received := range signals {
			_ = child.Process.Signal(received)
		}
	}()
	running, ended := context.WithCancel(context.Background())
	go func() {
		_ = child.Wait() // The process state says how it ended.
		ended()
	}()
	err := gate.awaitFirstCheckpoint(running)
	gate.close()
	if err != nil {
		_ = child.Process.Signal(syscall.SIGTERM)
		defer time.AfterFunc(stopGrace, func() { _ = child.Process.Kill() }).Stop()
	}
	<-running.Done()
	return exitCode(child.ProcessState), err
}

// awaitFirstCheckpoint returns nil once the first checkpoint is on record, or when the server is no longer running.
func (g *gate) awaitFirstCheckpoint(running context.Context) error {
	poll := time.NewTicker(firstPoll)
	defer poll.Stop()
	for end := g.now().Add(g.deadline); ; {
		select {
		case <-running.Done():
			return nil
		case <-poll.C:
		}
		recorded, err := g.recordFirstCheckpoint(running)
		var known *failure
		switch {
		case recorded, running.Err() != nil:
			return nil
		case errors.As(err, &known) && known.code == exitRefused:
			return err
		case g.now().Before(end):
		case err == nil:
			return unavailable("shard "+g.config.shard, errors.New("the server published no checkpoint in time"))
		default:
			return err
		}
	}
}

func (g *gate) recordFirstCheckpoint(ctx context.Context) (recorded bool, err error) {
	raw, err := g.published(ctx)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := g.verify(raw); err != nil {
		return false, err
	}
	_, err = g.records.create(ctx, firstCheckpointKey(g.config.shard), raw)
	return err == nil, err
}

func exitCode(state *os.ProcessState) int {
	if status, known := state.Sys().(syscall.WaitStatus); known && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
