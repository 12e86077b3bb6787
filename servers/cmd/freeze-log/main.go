// Command freeze-log ends a shard of a transparency log: it proves that the log is whole and that nobody writes to it,
// and then says under the log's own key that no further checkpoint follows.
//
// A Rekor log gets upstream's form: its last checkpoint with the extension line "Log frozen — TIME". The signature of a
// CT log's checkpoint is a tree head of RFC 6962, which has no place for such a line, and verifiers refuse a checkpoint
// that has one. So a CT log's checkpoint stays as it is, and the same line stands in a second signed note beside it,
// "frozen".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
	"sigstead.dev/servers/internal/database"
)

// Exit codes of the toolkit.
const (
	exitUsage       = 2
	exitInput       = 3
	exitEvidence    = 4
	exitEnvironment = 5
)

// failure is an error with the exit code that says who has to act on it.
type failure struct {
	code int
	hint string
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func input(hint, format string, args ...any) error {
	return &failure{exitInput, hint, fmt.Errorf(format, args...)}
}

func evidence(hint, format string, args ...any) error {
	return &failure{exitEvidence, hint, fmt.Errorf(format, args...)}
}

func environment(hint, format string, args ...any) error {
	return &failure{exitEnvironment, hint, fmt.Errorf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code. Its one document goes to stdout, and everything else to stderr.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	// Tessera reports its progress there.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	options, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help())
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "freeze-log: error: %v\nfreeze-log: hint: see freeze-log --help\n", err)
		return exitUsage
	}
	options.password = getenv(database.PasswordVariable)
	talk := func(format string, args ...any) { fmt.Fprintf(stderr, "freeze-log: "+format+"\n", args...) }
	outcome, err := freeze(ctx, options, talk)
	if err != nil {
		return report(talk, err)
	}
	if err := json.NewEncoder(stdout).Encode(outcome); err != nil {
		return report(talk, err)
	}
	return 0
}

func report(talk func(string, ...any), err error) int {
	talk("error: %v", err)
	known := &failure{code: exitEnvironment}
	if errors.As(err, &known) && known.hint != "" {
		talk("hint: %s", known.hint)
	}
	return known.code
}
