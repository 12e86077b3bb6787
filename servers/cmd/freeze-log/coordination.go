package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/go-sql-driver/mysql"
	"github.com/transparency-dev/formats/log"
	"sigstead.dev/servers/internal/database"
)

// coordination is the database in which Tessera's servers agree on the order of entries.
type coordination struct {
	pool *sql.DB
	user string
}

func openCoordination(ctx context.Context, o *options) (*coordination, error) {
	settings, err := o.database.Config(o.databaseName, o.password)
	if err != nil {
		return nil, input("", "database: %w", err)
	}
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return nil, input("", "database: %w", err)
	}
	pool := sql.OpenDB(connector)
	// One: every other connection of this user is then somebody else's.
	pool.SetMaxOpenConns(1)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, environment("", "database %s at %s: %w", o.databaseName, settings.Addr, err)
	}
	if err := database.AssertWriter(ctx, pool); err != nil {
		pool.Close()
		return nil, environment("ask again once the name of the database leads to its writer", "database %s at %s: %w", o.databaseName, settings.Addr, err)
	}
	return &coordination{pool: pool, user: o.database.User}, nil
}

func (c *coordination) close() { c.pool.Close() }

// settled passes if nothing waits to get into the published tree, and no server is connected.
func (c *coordination) settled(ctx context.Context, head *log.Checkpoint) error {
	var others, waiting int
	// A user without further privileges sees the connections of its own name, and each shard has its own user.
	const list = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ? AND ID <> CONNECTION_ID()"
	if err := c.pool.QueryRowContext(ctx, list, c.user).Scan(&others); err != nil {
		return environment("", "connections to the database: %w", err)
	}
	if others > 0 {
		return stillWriting(fmt.Sprintf("%d other connections to its database as %s", others, c.user))
	}
	if err := c.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM Seq WHERE id = 0").Scan(&waiting); err != nil {
		return environment("", "database table Seq: %w", err)
	}
	if waiting > 0 {
		return environment("start one server of this log again until it has published them, and stop it",
			"%d batches of entries wait in the database", waiting)
	}
	var size uint64
	var root []byte
	if err := c.pool.QueryRowContext(ctx, "SELECT seq, rootHash FROM IntCoord WHERE id = 0").Scan(&size, &root); err != nil {
		return environment("", "database table IntCoord: %w", err)
	}
	return compareTrees("the tree of the database", size, root, head)
}

// compareTrees holds what was integrated last against what is published.
func compareTrees(what string, size uint64, root []byte, head *log.Checkpoint) error {
	if size > head.Size {
		return environment("start one server of this log again until it has published them, and stop it",
			"%s has %d entries, and the checkpoint %d", what, size, head.Size)
	}
	if size < head.Size || !bytes.Equal(root, head.Hash) {
		return evidence("the log was rolled back or mixed up with another: see the runbook, and do not start its servers",
			"%s has %d entries with root %x, and the checkpoint %d with root %x", what, size, root, head.Size, head.Hash)
	}
	return nil
}
