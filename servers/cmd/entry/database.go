package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
	mysqldb "sigstead.dev/servers/internal/database"
)

// Error numbers of MySQL and MariaDB.
const (
	unknownDatabase = 1049
	unknownTable    = 1146
)

// tree is what Tessera's coordination tables say that the log holds.
type tree struct {
	size uint64
	root []byte
}

// trees is the database of a log, as far as the gate needs it.
type trees interface {
	// current returns nil if there is no tree: no database, no table, or no row.
	current(ctx context.Context) (*tree, error)
	// lock waits for the lock that one task holds from before a log's inception until its first checkpoint is on record.
	lock(ctx context.Context, wait time.Duration) (bool, error)
	// close gives up the lock.
	close()
}

type database struct {
	config databaseConfig
	pool   *sql.DB
	// connection is opened when it is first needed: the database of a frozen log may be gone.
	connection *sql.Conn
}

// openDatabase makes no connection yet. Each one is TLS, to a server that the given CA vouches for.
func openDatabase(config databaseConfig, password, ca string) (*database, error) {
	roots := x509.NewCertPool()
	certificates, err := parseRoots(ca)
	if err != nil {
		return nil, badInput(filesVariable, "%s: %v", config.caFile, err)
	}
	for _, certificate := range certificates {
		roots.AddCert(certificate)
	}
	settings := mysql.NewConfig()
	settings.Net, settings.Addr = "tcp", net.JoinHostPort(config.host, strconv.Itoa(int(config.port)))
	settings.User, settings.Passwd, settings.DBName = config.user, password, config.name
	settings.TLS = &tls.Config{RootCAs: roots, ServerName: config.host, MinVersion: tls.VersionTLS12}
	settings.Timeout, settings.ReadTimeout, settings.WriteTimeout = requestTimeout, requestTimeout, requestTimeout
	settings.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, unavailable("database "+config.name, err)
	}
	return &database{config: config, pool: sql.OpenDB(connector)}, nil
}

// connect refuses a server that does not write.
func (d *database) connect(ctx context.Context) (*sql.Conn, error) {
	if d.connection != nil {
		return d.connection, nil
	}
	connection, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if err := mysqldb.AssertWriter(ctx, connection); err != nil {
		_ = connection.Close()
		return nil, err
	}
	d.connection = connection
	return connection, nil
}

func (d *database) current(ctx context.Context) (*tree, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	connection, err := d.connect(ctx)
	if isNumber(err, unknownDatabase) {
		return nil, nil
	}
	if err != nil {
		return nil, d.unavailable(err)
	}
	found := &tree{}
	// The table that storage/aws of Tessera v1.0.4 keeps its integrated tree in.
	row := connection.QueryRowContext(ctx, "SELECT seq, rootHash FROM IntCoord WHERE id = 0")
	switch err := row.Scan(&found.size, &found.root); {
	case errors.Is(err, sql.ErrNoRows), isNumber(err, unknownTable):
		return nil, nil
	case err != nil:
		return nil, d.unavailable(err)
	}
	return found, nil
}

func (d *database) lock(ctx context.Context, wait time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	connection, err := d.connect(ctx)
	if err != nil {
		return false, d.unavailable(err)
	}
	var taken sql.NullBool
	row := connection.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", "sigstead inception "+d.config.name, int(wait.Seconds()))
	if err := row.Scan(&taken); err != nil {
		return false, d.unavailable(err)
	}
	return taken.Bool, nil
}

func (d *database) close() {
	_ = d.pool.Close()
	if d.connection != nil {
		_ = d.connection.Close()
		d.connection = nil
	}
}

func (d *database) unavailable(err error) error {
	return unavailable(fmt.Sprintf("database %s on %s", d.config.name, d.config.host), err)
}

func isNumber(err error, number uint16) bool {
	var refusal *mysql.MySQLError
	return errors.As(err, &refusal) && refusal.Number == number
}
