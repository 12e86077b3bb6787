// Package database says how the MySQL of a log shard is reached: with TLS, and with a password from the environment.
package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// PasswordVariable holds the password. Arguments can be read by whoever sees the process table or a task definition.
const PasswordVariable = "DATABASE_PASSWORD"

// tlsName is what the driver's list of TLS configurations calls ours; it ends up in the DSN.
const tlsName = "sigstead"

// A writer whose host is lost closes no connection: without limits its client would wait until TCP gives up.
const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 30 * time.Second
)

// Options say where the database is.
type Options struct {
	Host string
	Port int
	User string
	// CAFile holds the certificates that the server's must chain to. Empty means plaintext, which stays on this machine.
	CAFile string
}

// Check passes if nothing would cross a network in plaintext.
func (o Options) Check() error {
	switch {
	case o.Host == "":
		return errors.New("the host of the database is missing")
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("port of the database: expected 1 to 65535, got %d", o.Port)
	case o.User == "":
		return errors.New("the user of the database is missing")
	case o.CAFile == "" && !isLoopback(o.Host):
		return fmt.Errorf("%s is not on this machine: its password and the log's entries need TLS", o.Host)
	}
	return nil
}

// Config returns what the MySQL driver needs for one database of the server.
func (o Options) Config(name, password string) (*mysql.Config, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, errors.New("the name of the database is missing")
	}
	if password == "" {
		return nil, fmt.Errorf("%s is not set", PasswordVariable)
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = o.User, password, name
	config.Net, config.Addr = "tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	config.Timeout, config.ReadTimeout, config.WriteTimeout = dialTimeout, answerTimeout, answerTimeout
	if o.CAFile == "" {
		return config, nil
	}
	settings, err := o.tls()
	if err != nil {
		return nil, err
	}
	if err := mysql.RegisterTLSConfig(tlsName, settings); err != nil {
		return nil, err
	}
	config.TLSConfig = tlsName
	return config, nil
}

// tls trusts the given CA alone: the roots of the system would let any public CA speak for the database.
func (o Options) tls() (*tls.Config, error) {
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: expected PEM certificates", o.CAFile)
	}
	return &tls.Config{RootCAs: roots, ServerName: o.Host, MinVersion: tls.VersionTLS12}, nil
}

// AssertWriter refuses a server that only reads: it lags behind, which would look like a rollback, and does not know who
// is connected to the writer.
func AssertWriter(ctx context.Context, server interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) error {
	var readOnly bool
	err := server.QueryRowContext(ctx, "SELECT @@innodb_read_only").Scan(&readOnly)
	if err == nil && readOnly {
		err = errors.New("expected the writer, got a server that only reads")
	}
	return err
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}
