// Command timestamp-server runs upstream's timestamp authority on loopback only.
//
// Upstream's own binary serves its metrics on port 2112 of every interface and ends if that port is taken, so a
// machine can run one. This one takes its whole state from its flags: no configuration file, and no environment but
// the passphrase of the key and what the client of a KMS reads. It asks no NTP server.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sigstore/timestamp-authority/v2/pkg/log"
	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Time limits of upstream's command line.
const (
	requestTimeout = 30 * time.Second
	idleTimeout    = 620 * time.Second
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until SIGTERM or SIGINT and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	options, err := parseOptions(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(stdout, help())
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "timestamp-server: error: %v\ntimestamp-server: hint: see timestamp-server --help\n", err)
		return 2
	}
	if err := serve(options); err != nil {
		fmt.Fprintf(stderr, "timestamp-server: error: %v\n", err)
		return 1
	}
	return 0
}

func serve(options *options) (err error) {
	log.ConfigureLogger(options.logType)
	configureUpstream(options)
	stopMetrics, err := serveMetrics(options)
	if err != nil {
		return err
	}
	defer stopMetrics()

	// Upstream reports a bad key or certificate chain by a panic.
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	api := server.NewRestAPIServer(options.host, options.port, []string{"http"}, false, requestTimeout, requestTimeout)
	api.CleanupTimeout = idleTimeout
	api.GracefulTimeout = options.gracefulTimeout
	return api.Serve()
}

// configureUpstream fills the global state that upstream's packages read. What its command line would default to has
// to be set here: unset, max-request-body-size means no limit and enforce-intermediate-eku means no check.
func configureUpstream(options *options) {
	const sigstorePolicy = "1.3.6.1.4.1.57264.2"
	viper.Set("timestamp-signer", options.signer)
	viper.Set("timestamp-signer-hash", options.signerHash)
	viper.Set("file-signer-key-path", options.keyPath)
	viper.Set("file-signer-passwd", os.Getenv(passphraseVariable))
	viper.Set("kms-key-resource", options.kmsKey)
	viper.Set("certificate-chain-path", options.chainPath)
	viper.Set("max-request-body-size", options.maxBody)
	viper.Set("enforce-intermediate-eku", options.enforceEku)
	viper.Set("include-chain-in-response", false)
	viper.Set("use-http-201", false)
	viper.Set("default-policy-oid", sigstorePolicy)
	viper.Set("accepted-policy-oids", []string{sigstorePolicy})
	viper.Set("allow-custom-extensions", false)
	// The generated server lets these override its fields, and ends the process if a port is no number.
	for _, name := range []string{"HOST", "PORT", "TLS_HOST", "TLS_PORT"} {
		os.Unsetenv(name)
	}
}

// serveMetrics serves /metrics beside the API, or nothing if no port was asked for.
func serveMetrics(options *options) (stop func(), err error) {
	if options.metricsPort == 0 {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(options.host, strconv.Itoa(options.metricsPort)))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.Handler())
	metrics := &http.Server{Handler: mux, ReadTimeout: requestTimeout, WriteTimeout: requestTimeout}
	go func() {
		if err := metrics.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Logger.Errorf("metrics: %v", err)
		}
	}()
	return func() { _ = metrics.Close() }, nil
}
