// Command ct-log runs TesseraCT on AWS with its key in KMS, or in an HSM.
//
// It is upstream's cmd/tesseract/aws over the same library, with another key, TLS to the database, the password from
// the environment, and witnesses that fail closed (docs/adr/0015). Its flags are upstream's where they mean the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/klog/v2"
	"sigstead.dev/servers/internal/database"
	"sigstead.dev/servers/internal/kmskey"
)

const (
	// drainTime is upstream's for requests that are under way.
	drainTime = 60 * time.Second
	// maxBodyBytes is far above the largest chain; upstream reads whatever it is sent.
	maxBodyBytes = 1 << 20
)

// flushTime is for what was sequenced to get into a published checkpoint. With drainTime it fits into Fargate's 120 s.
var flushTime = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	klog.Flush()
	os.Exit(code)
}

// run serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	options, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help())
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "ct-log: error: %v\nct-log: hint: see ct-log --help\n", err)
		return 2
	}
	options.password = getenv(database.PasswordVariable)
	if options.password == "" {
		fmt.Fprintf(stderr, "ct-log: error: %s is not set\n", database.PasswordVariable)
		return 2
	}
	if err := serve(ctx, options); err != nil {
		fmt.Fprintf(stderr, "ct-log: error: %v\n", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, options *options) error {
	signer, err := kmskey.Open(ctx, options.key)
	if err != nil {
		return fmt.Errorf("--signer_kms_key: %w", err)
	}
	// Background work of the log outlives the signal that ends the server: what was acknowledged has to be published.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	log := &logStorage{options: options}
	handler, err := log.handler(background, signer)
	if err != nil {
		return err
	}
	health, err := newHealth(options, signer.Public(), log.reader)
	if err != nil {
		return err
	}
	go health.watch(background)
	listener, err := net.Listen("tcp", options.httpEndpoint)
	if err != nil {
		return fmt.Errorf("--http_endpoint: %w", err)
	}
	klog.Infof("log %s listens on %s", options.origin, listener.Addr())
	if err := serveUntilDone(ctx, serverOf(handler, health), listener); err != nil {
		return err
	}
	flush, done := context.WithTimeout(background, flushTime)
	defer done()
	if err := log.shutdown(flush); err != nil {
		return fmt.Errorf("entries may be left that no checkpoint has yet; the next start publishes them: %w", err)
	}
	klog.Info("log stopped")
	return nil
}

func serverOf(log, health http.Handler) *http.Server {
	routes := http.NewServeMux()
	routes.Handle("/", log)
	routes.Handle(healthPath, health)
	// Fulcio logs what it is about to sign, never what it has signed. A certificate that somebody sends here would pass for
	// one more that was issued, where signatures are counted against the log.
	routes.Handle("/ct/v1/add-chain", http.NotFoundHandler())
	return &http.Server{
		Handler: http.MaxBytesHandler(routes, maxBodyBytes),
		// Upstream's: a client that sends its headers slowly holds a connection no longer.
		ReadHeaderTimeout: 5 * time.Second,
	}
}

// serveUntilDone stops taking requests when ctx is done, and returns once those under way are answered.
func serveUntilDone(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	klog.Info("stopping")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		klog.Errorf("requests were cut off: %v", err)
	}
	return nil
}
