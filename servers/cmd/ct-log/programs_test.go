package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"sigstead.dev/servers/internal/testbed"
)

// The programs themselves, as they are shipped: the log runs, refuses to be frozen while it does, stops, and is frozen.
func TestProgramsTogether(t *testing.T) {
	b := newBench(t)
	address := freeAddress(t)
	server, said := b.command(t, "ct-log", b.arguments("--http_endpoint="+address)...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill() })
	testbed.Until(t, "the log to be healthy", func() bool {
		answer, err := http.Get("http://" + address + "/healthz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	for range 3 {
		submission := b.issuer.Precertificate(t)
		status, answer := submission.Submit(t, "http://"+address)
		if status != http.StatusOK {
			t.Fatalf("%d %s\n%s", status, answer, said)
		}
		submission.Verify(t, answer, publicKey(t, b.key))
	}
	freeze := func() (int, string) {
		command, output := b.command(t, "freeze-log", "--kind=ct", "--origin="+origin, "--bucket="+b.bucket, "--s3-path-style",
			"--kms-key=awskms:///"+b.key, "--db-host=localhost", fmt.Sprintf("--db-port=%d", b.database.Port), "--db-tls-ca="+b.database.CAFile,
			"--db-user="+testbed.User, "--db-name="+testbed.DatabaseName, "--quiet-period=0s")
		_ = command.Run()
		return command.ProcessState.ExitCode(), output.String()
	}
	if code, output := freeze(); code != 5 || !strings.Contains(output, "other connections") {
		t.Errorf("while the log runs: got %d %s", code, output)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Fatalf("stop: %v\n%s", err, said)
	}
	if code, output := freeze(); code != 0 || !strings.Contains(output, `"size":3`) || !strings.Contains(output, `"file":"frozen"`) {
		t.Errorf("got %d %s", code, output)
	}
	if size := b.checkpoint(t, publicKey(t, b.key)).Size; size != 3 {
		t.Errorf("expected 3 entries, got %d", size)
	}
	name := "frozen"
	if _, err := b.aws.S3().HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &b.bucket, Key: &name}); err != nil {
		t.Error(err)
	}
	if strings.Contains(said.String(), testbed.Password) {
		t.Error("the password was printed")
	}
}

// command builds a program of ours, and gives it the password as its only secret.
func (b *bench) command(t *testing.T, program string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	file := filepath.Join(t.TempDir(), program)
	if output, err := exec.Command("go", "build", "-o", file, "sigstead.dev/servers/cmd/"+program).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	command, output := exec.Command(file, arguments...), &bytes.Buffer{}
	command.Env = append(os.Environ(), "DATABASE_PASSWORD="+testbed.Password)
	command.Stdout, command.Stderr = output, output
	return command, output
}
