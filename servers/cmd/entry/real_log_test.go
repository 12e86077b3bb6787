package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const databasePassword = "hunter2secret"

// realLog is a log shard over real parts.
type realLog struct {
	*parts
	t         *testing.T
	name      string
	key       *ecdsa.PrivateKey
	variables map[string]string
	bucket    *bucket
}

// made counts the logs: a test that is repeated makes another one.
var made atomic.Int32

// newRealLog makes an empty shard, whose name is the given one and a number.
func newRealLog(t *testing.T, name string) *realLog {
	t.Helper()
	name = fmt.Sprintf("%s%d", name, made.Add(1))
	l := &realLog{parts: startParts(t), t: t, name: name, key: newKey(t, elliptic.P256())}
	l.execute(t, "CREATE DATABASE "+name, fmt.Sprintf("CREATE USER %s IDENTIFIED BY '%s' REQUIRE SSL", name, databasePassword),
		fmt.Sprintf("GRANT ALL ON %s.* TO %s", name, name))
	for variable, value := range l.aws {
		t.Setenv(variable, value)
	}
	l.bucket = l.makeBucket(name, false)
	l.makeBucket(name+"-records", true)
	der, err := x509.MarshalPKCS8PrivateKey(l.key)
	if err != nil {
		t.Fatal(err)
	}
	members := gateMembers(t, "rekor", l.key.Public())
	maps.Copy(members, map[string]any{"bucket": name, "records": name + "-records", "shard": "rekor-" + name, "pathStyle": true})
	delete(members, "key") // This server keeps its own key.
	maps.Copy(members["database"].(map[string]any), map[string]any{"host": "127.0.0.1", "port": l.port, "name": name, "user": name})
	l.variables = maps.Clone(l.aws)
	maps.Copy(l.variables, map[string]string{
		gateVariable: toJSON(t, members), "DATABASE_PASSWORD": databasePassword, filesVariable: toJSON(t, map[string]string{
			"database-ca.pem": l.ca, "key.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		}),
	})
	return l
}

func (l *realLog) makeBucket(name string, lock bool) *bucket {
	l.t.Helper()
	opened, err := openBucket(name, "eu-central-1", true)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := opened.client.CreateBucket(context.Background(), &s3.CreateBucketInput{
		Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(lock),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuCentral1},
	}); err != nil {
		l.t.Fatal(err)
	}
	return opened
}

// command starts the log server by entry; changes replace variables.
func (l *realLog) command(history string, count int, changes map[string]string) *exec.Cmd {
	l.t.Helper()
	variables := maps.Clone(l.variables)
	maps.Copy(variables, changes)
	dsn := fmt.Sprintf("%s:${env:DATABASE_PASSWORD}@tcp(127.0.0.1:%d)/%s?tls=skip-verify", l.name, l.port, l.name)
	return entryCommand(l.t, "log", variables, l.name, dsn, "${file:key.pem}", "log.example", history, fmt.Sprint(count))
}

// started is a log server that has published what it was to append.
type started struct {
	command *exec.Cmd
	pid     int
}

func (l *realLog) start(command *exec.Cmd) *started {
	l.t.Helper()
	var said bytes.Buffer
	stdout, err := command.StdoutPipe()
	command.Stderr = &said
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = command.Wait()
		l.t.Fatalf("the log server did not start: %s", &said)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	s := &started{command: command}
	if _, err := fmt.Sscanf(line, "ready %d", &s.pid); err != nil {
		l.t.Fatalf("%q: %v", line, err)
	}
	return s
}

func (l *realLog) stop(s *started) {
	l.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		l.t.Fatal(err)
	}
	_ = s.command.Wait()
	if code := s.command.ProcessState.ExitCode(); code != logServerCode {
		l.t.Errorf("expected the server's exit code %d, got %d", logServerCode, code)
	}
}

func (l *realLog) run(history string, count int) {
	l.t.Helper()
	s := l.start(l.command(history, count, nil))
	if s.pid != s.command.Process.Pid {
		l.t.Errorf("expected entry to become the server, got process %d under %d", s.pid, s.command.Process.Pid)
	}
	l.stop(s)
}

func (l *realLog) expectExit(what string, changes map[string]string, code int, wants ...string) {
	l.t.Helper()
	command := l.command("never", 1, changes)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	begun := time.Now()
	_ = command.Run()
	l.t.Logf("%s: %v", what, time.Since(begun))
	if got := command.ProcessState.ExitCode(); got != code {
		l.t.Errorf("%s: expected exit code %d, got %d: %s", what, code, got, &stderr)
	}
	for _, want := range wants {
		if !strings.Contains(stderr.String(), want) {
			l.t.Errorf("%s: expected %q in %q", what, want, &stderr)
		}
	}
	if strings.Contains(stderr.String(), databasePassword) {
		l.t.Errorf("%s: the password is in %q", what, &stderr)
	}
}

func (l *realLog) keys(name string) []string {
	l.t.Helper()
	listed, err := l.bucket.client.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &name})
	if err != nil {
		l.t.Fatal(err)
	}
	var keys []string
	for _, object := range listed.Contents {
		keys = append(keys, *object.Key)
	}
	return keys
}

func (l *realLog) copyBucket(from, to string) {
	l.t.Helper()
	target := l.makeBucket(to, false)
	for _, key := range l.keys(from) {
		_, err := target.client.CopyObject(context.Background(), &s3.CopyObjectInput{Bucket: &to, Key: &key, CopySource: aws.String(from + "/" + key)})
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *realLog) emptyBucket(name string) {
	l.t.Helper()
	for _, key := range l.keys(name) {
		if _, err := l.bucket.client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &name, Key: &key}); err != nil {
			l.t.Fatal(err)
		}
	}
}
