package main

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestGateOverRealParts(t *testing.T) {
	l := newRealLog(t, "grown")
	name, at5, at10 := l.name, l.name+"_at_5", l.name+"_at_10"
	l.execute(t, "DROP DATABASE "+name)
	l.expectExit("no database at inception", nil, exitEnvironment, "database "+name+" on 127.0.0.1")
	l.execute(t, "CREATE DATABASE "+name)
	l.startTwoAtOnce()
	l.run("a", 5)
	l.copyDatabase(t, name, at5)
	l.copyBucket(name, name+"-at-5")
	l.run("b", 5)
	l.copyDatabase(t, name, at10)

	l.copyDatabase(t, at5, name)
	l.expectExit("rolled back", nil, exitRefused, "database "+name+" has 5 entries, and the checkpoint 10", "#gate-rollback")
	for _, count := range []int{5, 7} {
		l.copyDatabase(t, at5, name)
		l.regrow(count)
		l.expectExit("regrown", nil, exitRefused, "#gate-regrown")
	}
	l.execute(t, "DROP DATABASE "+name, "CREATE DATABASE "+name)
	l.expectExit("database emptied", nil, exitRefused, "database "+name+" has no tree", "#gate-empty-database")
	l.execute(t, "DROP DATABASE "+name)
	l.expectExit("database dropped", nil, exitRefused, "#gate-empty-database")

	l.copyDatabase(t, at10, name)
	l.run("c", 3) // Nothing that was refused has changed the log.
	l.emptyBucket(name)
	l.expectExit("bucket emptied", nil, exitRefused, "#gate-empty-bucket")
	l.execute(t, "DROP DATABASE "+name)
	l.expectExit("both lost", nil, exitRefused, "#gate-both-lost")
}

// startTwoAtOnce makes two tasks race for the inception: one is the parent of its server until the first checkpoint is
// on record, and the other becomes its server after that.
func (l *realLog) startTwoAtOnce() {
	l.t.Helper()
	commands := []*exec.Cmd{l.command("x", 0, nil), l.command("y", 0, nil)}
	results := make(chan *started, 2)
	for _, command := range commands {
		go func() { results <- l.start(command) }()
	}
	parents := 0
	for range commands {
		s := <-results
		if s.pid != s.command.Process.Pid {
			parents++
		}
		defer l.stop(s)
	}
	if parents != 1 {
		l.t.Errorf("expected one first start, got %d", parents)
	}
	records, err := openBucket(l.name+"-records", "eu-central-1", true)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, key := range []string{"inception/rekor-" + l.name + ".json", "first-checkpoint/rekor-" + l.name} {
		if content, err := records.get(context.Background(), key, maxRecord); err != nil || !strings.Contains(string(content), "log.example") {
			l.t.Errorf("%s: %q %v", key, content, err)
		}
		if created, err := records.create(context.Background(), key, []byte("again")); err != nil || created {
			l.t.Errorf("%s: expected it to be written once, got %v %v", key, created, err)
		}
	}
}

// regrow lets the database grow over a copy of the bucket, as a restored one would over a bucket that takes overwrites.
func (l *realLog) regrow(count int) {
	l.t.Helper()
	other := fmt.Sprintf("%s-elsewhere-%d", l.name, count)
	l.copyBucket(l.name+"-at-5", other)
	command := l.command("other", count, nil)
	command.Args[2] = other
	command.Env = append(command.Env, roleVariable+"=log")
	command.Args = append(command.Args[:1], command.Args[2:]...)
	command.Args[2] = strings.Replace(command.Args[2], "${env:DATABASE_PASSWORD}", databasePassword, 1)
	keyFile := l.t.TempDir() + "/key.pem"
	der, err := x509.MarshalPKCS8PrivateKey(l.key)
	if err == nil {
		err = os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	command.Args[3] = keyFile
	l.stop(l.start(command))
}

func TestGateOverRealPartsReportsWhatItCannotReach(t *testing.T) {
	l := newRealLog(t, "unreached")
	l.expectExit("wrong password", map[string]string{"DATABASE_PASSWORD": "wrong"}, exitEnvironment, "Access denied", "entry: hint:")
	l.expectExit("no password", map[string]string{"DATABASE_PASSWORD": ""}, exitUnset, "DATABASE_PASSWORD")
	l.expectExit("another CA", map[string]string{filesVariable: toJSON(t, map[string]string{"database-ca.pem": issueRoot(t, "other").pem, "key.pem": ""})},
		exitEnvironment, "certificate signed by unknown authority")
	l.expectExit("no CA", map[string]string{filesVariable: `{"key.pem":""}`}, exitUnset, "database-ca.pem")
	l.expectExit("no S3", map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}, exitEnvironment, "s3://"+l.name+"-records/")
	l.expectExit("no right to read", map[string]string{"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, exitEnvironment, "s3://"+l.name+"-records/")
	l.expectExit("no records bucket", map[string]string{gateVariable: strings.Replace(l.variables[gateVariable], l.name+"-records", "nowhere", 1)},
		exitEnvironment, "s3://nowhere/", "NoSuchBucket")
	if keys := l.keys(l.name + "-records"); len(keys) > 0 {
		t.Errorf("expected nothing on record, got %q", keys)
	}
}

func TestFirstStartEndsWithItsServer(t *testing.T) {
	l := newRealLog(t, "ended")
	broken := l.command("x", 0, nil)
	broken.Args[4] = "/nowhere/key.pem"
	_ = broken.Run()
	if code := broken.ProcessState.ExitCode(); code != 1 {
		t.Errorf("expected the server's exit code 1, got %d", code)
	}
	// Nothing was published, so the next start is the first again, and at once: its lock went with it.
	s := l.start(l.command("x", 1, nil))
	if s.pid == s.command.Process.Pid {
		t.Error("expected a first start")
	}
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.command.Wait()
	if err := await("the end of a server whose parent was killed", func() error { return gone(s.pid) }); err != nil {
		t.Error(err)
	}
	l.run("y", 1)
}

// gone returns an error while a process runs. One that ended may wait for its new parent.
func gone(pid int) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil && !strings.Contains(string(stat), ") Z ") {
		return fmt.Errorf("process %d runs", pid)
	}
	return nil
}

func TestFirstStartEndsAServerThatSignsAsAnother(t *testing.T) {
	l := newRealLog(t, "stranger")
	l.variables[gateVariable] = strings.Replace(l.variables[gateVariable], toJSON(t, publicPem(t, l.key.Public())), toJSON(t, publicPem(t, newKey(t, elliptic.P256()).Public())), 1)
	l.expectExit("another key", nil, exitRefused, "the checkpoint in bucket "+l.name+" is not one of log.example", "#gate-foreign-checkpoint")
	if keys := l.keys(l.name + "-records"); len(keys) != 1 {
		t.Errorf("expected only the inception on record, got %q", keys)
	}
}
