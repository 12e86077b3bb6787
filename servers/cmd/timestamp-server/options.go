package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// passphraseVariable is the name under which upstream's binary reads its flag --file-signer-passwd from the
// environment. There is no such flag here: every user of the machine can read a command line.
const passphraseVariable = "FILE-SIGNER-PASSWD"

type options struct {
	host            string
	port            int
	metricsPort     int
	signer          string
	signerHash      string
	keyPath         string
	kmsKey          string
	chainPath       string
	enforceEku      bool
	maxBody         uint64
	gracefulTimeout time.Duration
	logType         string
}

// flagSet declares the flags, named as upstream's where it has them.
func flagSet(o *options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("timestamp-server", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.Usage = func() {}
	flags.StringVar(&o.host, "host", "127.0.0.1", "the loopback IP address to listen on")
	flags.IntVar(&o.port, "port", 0, "the port to listen on; 0 takes a free one")
	flags.IntVar(&o.metricsPort, "metrics-port", 0, "the port of /metrics on the same address; 0 serves none")
	flags.StringVar(&o.signer, "timestamp-signer", "file", "where the key lives: file or kms")
	flags.StringVar(&o.signerHash, "timestamp-signer-hash", "sha256", "sha256, sha384 or sha512")
	flags.StringVar(&o.keyPath, "file-signer-key-path", "", "the PEM file of the private key, for --timestamp-signer=file")
	flags.StringVar(&o.kmsKey, "kms-key-resource", "", "the URI of the private key, for --timestamp-signer=kms")
	flags.StringVar(&o.chainPath, "certificate-chain-path", "", "the PEM file of the certificate chain, leaf first")
	flags.BoolVar(&o.enforceEku, "enforce-intermediate-eku", true, "refuse intermediate certificates without the timestamping usage")
	flags.Uint64Var(&o.maxBody, "max-request-body-size", 1<<20, "the largest request in bytes")
	flags.DurationVar(&o.gracefulTimeout, "graceful-timeout", 15*time.Second, "how long requests may take to end after SIGTERM")
	flags.StringVar(&o.logType, "log-type", "prod", "prod (JSON) or dev")
	return flags
}

// parseOptions returns pflag.ErrHelp if help was asked for.
func parseOptions(args []string) (*options, error) {
	parsed := &options{}
	flags := flagSet(parsed)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if !slices.Equal(flags.Args(), []string{"serve"}) {
		return nil, fmt.Errorf("expected the command serve, got %q", strings.Join(flags.Args(), " "))
	}
	return parsed, parsed.check()
}

func (o *options) check() error {
	ip := net.ParseIP(o.host)
	switch {
	// A name could be made to point elsewhere.
	case ip == nil || !ip.IsLoopback():
		return fmt.Errorf("--host: expected a loopback IP address such as 127.0.0.1, got %q", o.host)
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("--port: expected 0 to 65535, got %d", o.port)
	case o.metricsPort < 0 || o.metricsPort > 65535:
		return fmt.Errorf("--metrics-port: expected 0 to 65535, got %d", o.metricsPort)
	case o.signer != "file" && o.signer != "kms":
		return fmt.Errorf("--timestamp-signer: expected file or kms, got %q", o.signer)
	case (o.signer == "file") != (o.keyPath != ""):
		return errors.New("--file-signer-key-path: expected with --timestamp-signer=file, and only then")
	case (o.signer == "kms") != (o.kmsKey != ""):
		return errors.New("--kms-key-resource: expected with --timestamp-signer=kms, and only then")
	case o.chainPath == "":
		return errors.New("--certificate-chain-path: expected a path")
	case o.maxBody == 0:
		return errors.New("--max-request-body-size: expected at least 1; upstream reads 0 as no limit")
	case o.logType != "prod" && o.logType != "dev":
		return fmt.Errorf("--log-type: expected prod or dev, got %q", o.logType)
	}
	return nil
}

func help() string {
	return `Runs the Sigstore timestamp authority on loopback only.

USAGE
  timestamp-server serve [OPTIONS]

OPTIONS
` + flagSet(&options{}).FlagUsages() + `
ENVIRONMENT
  ` + passphraseVariable + `   the passphrase of the private key file

EXAMPLES
  timestamp-server serve --port=3004 --file-signer-key-path=tsa.pem --certificate-chain-path=chain.pem

EXIT CODES
  0 stopped by SIGTERM or SIGINT, 1 could not serve, 2 usage
`
}
