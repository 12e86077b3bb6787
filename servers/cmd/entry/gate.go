package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	// inceptionDeadline is how long another task may take from inception to its first checkpoint.
	inceptionDeadline = 5 * time.Minute
	lockWait          = 2 * time.Second
)

// gate decides whether a log server may start. What a server signs follows its database alone, and it makes a tree and
// a checkpoint where it finds none: with a database restored from a backup, or a bucket that was emptied or exchanged,
// it would sign a second history.
type gate struct {
	config  *gateConfig
	log     objects
	records objects
	trees   trees
	// keyID asks for the id of the key that the server signs with; nil for a server that keeps its own.
	keyID    func(context.Context) (string, error)
	readOnly bool
	now      func() time.Time
	deadline time.Duration
}

// openGate returns nil if there is no gate to pass. It makes no request.
func (i *inputs) openGate() (*gate, error) {
	config := i.gate
	if config == nil {
		return nil, nil
	}
	// The database of a log that only reads may be gone, and its password with it.
	readOnly := config.kind == "rekor" && onlyReads(i.args)
	password := i.variables[config.database.passwordVariable]
	if password == "" && !readOnly {
		return nil, unset(gateVariable, "the variable %s is not set, or empty", config.database.passwordVariable)
	}
	ca, found := i.files[config.database.caFile]
	if !found {
		return nil, unset(gateVariable, "SIGSTEAD_FILES has no file %q", config.database.caFile)
	}
	trees, err := openDatabase(config.database, password, ca)
	if err != nil {
		return nil, err
	}
	log, err := openBucket(config.bucket, config.region, config.pathStyle)
	if err != nil {
		return nil, err
	}
	records, err := openBucket(config.records, config.recordsRegion, config.pathStyle)
	if err != nil {
		return nil, err
	}
	opened := &gate{
		config: config, log: log, records: records, trees: trees, readOnly: readOnly,
		now: time.Now, deadline: inceptionDeadline,
	}
	if config.signingKey != nil {
		opened.keyID = idOfKey(*config.signingKey)
	}
	return opened, nil
}

// onlyReads tells whether Rekor is told once, and in the form that it is rendered in, to take no entries.
func onlyReads(args []string) bool {
	var given []string
	for _, argument := range args {
		if strings.HasPrefix(argument, "--read-only") {
			given = append(given, argument)
		}
	}
	return slices.Equal(given, []string{"--read-only"}) || slices.Equal(given, []string{"--read-only=true"})
}

func (g *gate) close() {
	g.trees.close()
}

// check returns whether this is the log's first start, which has to end in recordFirstCheckpoint. The lock is then held.
func (g *gate) check() (first bool, err error) {
	ctx := context.Background()
	if err := g.checkKey(ctx); err != nil {
		return false, err
	}
	begun, err := has(ctx, g.records, firstCheckpointKey(g.config.shard))
	if err != nil {
		return false, err
	}
	if !begun {
		if begun, err = g.lockInception(ctx); err != nil {
			return false, err
		}
	}
	if begun {
		return false, g.checkBegun(ctx)
	}
	return g.checkInception(ctx)
}

// lockInception returns true if the first checkpoint came on record meanwhile, else it holds the lock.
func (g *gate) lockInception(ctx context.Context) (begun bool, err error) {
	for end := g.now().Add(g.deadline); g.now().Before(end); {
		locked, err := g.trees.lock(ctx, lockWait)
		if err != nil {
			return false, err
		}
		// Asked with the lock held, the answer stays true.
		begun, err := has(ctx, g.records, firstCheckpointKey(g.config.shard))
		if err != nil || begun || locked {
			return begun, err
		}
	}
	return false, unavailable("shard "+g.config.shard, errors.New("another task began this log and has published no checkpoint"))
}

// checkInception decides while no first checkpoint is on record: nothing may be there but what a start left behind
// that was ended before it published.
func (g *gate) checkInception(ctx context.Context) (first bool, err error) {
	recorded, err := has(ctx, g.records, inceptionKey(g.config.shard))
	if err != nil {
		return false, err
	}
	if recorded {
		if err := g.checkRecord(ctx); err != nil {
			return false, err
		}
	}
	published, err := g.published(ctx)
	switch {
	case errors.Is(err, errAbsent):
	case err != nil:
		return false, err
	case !recorded:
		return false, refuse("gate-foreign-checkpoint", "bucket %s has a checkpoint, and shard %s has no inception record", g.config.bucket, g.config.shard)
	default:
		// The first start was ended between the two writes.
		if err := g.checkPublished(ctx, published); err != nil {
			return false, err
		}
		_, err := g.records.create(ctx, firstCheckpointKey(g.config.shard), published)
		return false, err
	}
	found, err := g.trees.current(ctx)
	if err != nil {
		return false, err
	}
	if found != nil && found.size > 0 {
		return false, refuse("gate-empty-bucket", "database %s has a tree of %d entries, and bucket %s no checkpoint", g.config.database.name, found.size, g.config.bucket)
	}
	if recorded {
		return true, nil
	}
	return true, g.writeRecord(ctx)
}

func (g *gate) writeRecord(ctx context.Context) error {
	record, err := g.config.record().marshal(g.now())
	if err != nil {
		return err
	}
	created, err := g.records.create(ctx, inceptionKey(g.config.shard), record)
	if err == nil && !created {
		// Not the task that waits for the same database's lock, so its record may name another. The next start compares.
		err = unavailable("shard "+g.config.shard, errors.New("another task wrote the inception record"))
	}
	return err
}

// checkBegun decides every start after the first.
func (g *gate) checkBegun(ctx context.Context) error {
	if err := g.checkRecord(ctx); err != nil {
		return err
	}
	published, err := g.published(ctx)
	if err == nil {
		return g.checkPublished(ctx, published)
	}
	if !errors.Is(err, errAbsent) {
		return err
	}
	found, err := g.trees.current(ctx)
	if err != nil {
		return err
	}
	if found == nil || found.size == 0 {
		return refuse("gate-both-lost", "shard %s has published, but bucket %s has no checkpoint and database %s no tree", g.config.shard, g.config.bucket, g.config.database.name)
	}
	return refuse("gate-empty-bucket", "shard %s has published, but bucket %s has no checkpoint", g.config.shard, g.config.bucket)
}

func (g *gate) checkRecord(ctx context.Context) error {
	raw, err := g.records.get(ctx, inceptionKey(g.config.shard), maxRecord)
	if errors.Is(err, errAbsent) {
		err = errors.New("expected beside the first checkpoint, got nothing")
	}
	var then inceptionRecord
	if err == nil {
		then, err = parseRecord(raw)
	}
	if err == nil {
		err = then.matches(g.config.record())
	}
	if err == nil || errors.As(err, new(*failure)) {
		return err
	}
	return refuse("gate-record-differs", "inception record of shard %s: %v", g.config.shard, err)
}

// checkPublished compares the database's tree with a checkpoint that was read before it, so that a server which goes on
// publishing meanwhile can only be ahead.
func (g *gate) checkPublished(ctx context.Context, raw []byte) error {
	published, err := g.verify(raw)
	if err != nil {
		return err
	}
	if frozen, err := g.frozen(ctx, published); err != nil || frozen && g.readOnly {
		return err // A server that only reads writes nothing, and the database of a frozen log may be gone.
	} else if frozen {
		return refuse("gate-frozen", "%s is frozen since its %d entries", g.config.origin, published.size)
	}
	found, err := g.trees.current(ctx)
	if err != nil {
		return err
	}
	name := g.config.database.name
	switch {
	case found == nil, found.size == 0 && published.size > 0:
		return refuse("gate-empty-database", "the checkpoint has %d entries, and database %s has no tree", published.size, name)
	case found.size < published.size:
		return refuse("gate-rollback", "database %s has %d entries, and the checkpoint %d", name, found.size, published.size)
	case found.size == published.size && !bytes.Equal(found.root, published.root):
		return refuse("gate-regrown", "database %s has the root %x at size %d, and the checkpoint %x", name, found.root, found.size, published.root)
	}
	return g.proveExtension(ctx, published, found)
}

// published returns the log's checkpoint as it stands in the bucket, or errAbsent.
func (g *gate) published(ctx context.Context) ([]byte, error) {
	raw, err := g.log.get(ctx, checkpointKey, maxCheckpoint)
	if err == nil || errors.Is(err, errAbsent) || errors.As(err, new(*failure)) {
		return raw, err
	}
	return nil, refuse("gate-foreign-checkpoint", "%v", err)
}

func (g *gate) verify(raw []byte) (*checkpoint, error) {
	verified, err := verifyCheckpoint(raw, g.config)
	if err != nil {
		return nil, refuse("gate-foreign-checkpoint", "the checkpoint in bucket %s is not one of %s: %v", g.config.bucket, g.config.origin, err)
	}
	return verified, nil
}

// frozen tells whether the log was ended. For a CT log whatever stands in that place is enough.
func (g *gate) frozen(ctx context.Context, published *checkpoint) (bool, error) {
	if g.config.kind != "ct" {
		return published.frozen(), nil
	}
	return has(ctx, g.log, frozenKey)
}

// has tells whether a bucket has an object, of whatever size.
func has(ctx context.Context, bucket objects, key string) (bool, error) {
	_, err := bucket.get(ctx, key, maxCheckpoint)
	if errors.As(err, new(*failure)) {
		return false, err
	}
	return !errors.Is(err, errAbsent), nil
}
