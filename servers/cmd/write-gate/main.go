// Command write-gate stands in front of Rekor, and lets only holders of a certificate of this instance write.
//
// It reads an entry as Rekor does, judges the certificate in it, and forwards what it read, not what it was sent: there
// is nothing that the two could understand differently (docs/adr/0020). Whether the sender holds the certificate's key
// is proven to Rekor, by the signature.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// drainTime is more than Rekor allows itself for a request, and with time to spare within the task's.
	drainTime = 25 * time.Second
	// answerTime is more than Rekor allows itself, so that its own error arrives.
	answerTime = 25 * time.Second
	// idleTime is longer than the load balancer's: whoever closes first must not be the one that is written to.
	idleTime = 75 * time.Second
)

type options struct {
	listen  string
	rekor   string
	issuers string
	maxBody int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx is done and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help())
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "write-gate: error: %v\nwrite-gate: hint: see write-gate --help\n", err)
		return 2
	}
	if err := serve(ctx, options, log.New(stderr, "write-gate: ", log.LstdFlags|log.LUTC)); err != nil {
		fmt.Fprintf(stderr, "write-gate: error: %v\n", err)
		return 1
	}
	return 0
}

func parseOptions(args []string) (*options, error) {
	options := &options{}
	flags := options.flags()
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case options.issuers == "":
		return nil, errors.New("--issuers is missing")
	case options.maxBody < 1:
		return nil, errors.New("--max-body: expected a number of bytes")
	}
	return options, nil
}

func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("write-gate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:3000", "address for clients, host:port")
	flags.StringVar(&o.rekor, "rekor", "127.0.0.1:3002", "address of Rekor's HTTP, which nobody else may reach")
	flags.StringVar(&o.issuers, "issuers", "", "certificates of the authorities whose holders may write, in PEM")
	flags.Int64Var(&o.maxBody, "max-body", 64<<10, "most bytes of an entry")
	return flags
}

func serve(ctx context.Context, options *options, logger *log.Logger) error {
	writers, err := readWriters(options.issuers)
	if err != nil {
		return fmt.Errorf("--issuers: %w", err)
	}
	listener, err := net.Listen("tcp", options.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	server := &http.Server{
		Handler:           newGate(options, writers, logger),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      answerTime + 15*time.Second,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          logger,
	}
	logger.Printf("listens on %s", listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return server.Shutdown(drain)
}

func help() string {
	return `write-gate: lets holders of a certificate write to Rekor, and nobody else

USAGE
  write-gate --issuers=FILE [--listen=HOST:PORT] [--rekor=HOST:PORT] [--max-body=BYTES]

FILE holds issuing certificates, each of which is trusted by itself: not the roots above them, and nothing else that
those issued. Reads and the health of Rekor pass through.

EXIT CODES
  0 stopped · 1 it cannot serve · 2 usage
`
}
