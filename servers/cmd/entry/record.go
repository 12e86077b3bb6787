package main

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	recordFormat = "sigstead inception v1"
	maxRecord    = 16 << 10
)

// inceptionRecord says which key, bucket and database a shard began with. It lies outside both, is written once, and
// is never changed: a log's later starts are held against it.
type inceptionRecord struct {
	shard    string
	origin   string
	keyID    string
	bucket   string
	database string
}

func inceptionKey(shard string) string {
	return "inception/" + shard + ".json"
}

func firstCheckpointKey(shard string) string {
	return "first-checkpoint/" + shard
}

// record leaves the database's host out: a shard may move to another cluster, where the gate judges its tree.
func (c *gateConfig) record() inceptionRecord {
	return inceptionRecord{shard: c.shard, origin: c.origin, keyID: c.keyID, bucket: c.bucket, database: c.database.name}
}

func (r inceptionRecord) marshal(now time.Time) ([]byte, error) {
	return json.MarshalIndent(map[string]string{
		"format": recordFormat, "shard": r.shard, "origin": r.origin, "keyId": r.keyID,
		"bucket": r.bucket, "database": r.database, "time": now.UTC().Format(time.RFC3339),
	}, "", "  ")
}

func parseRecord(raw []byte) (inceptionRecord, error) {
	var parsed inceptionRecord
	members, err := parseObject(string(raw))
	if err != nil {
		return parsed, err
	}
	var format, at string
	if err := takeStrings(members,
		member{"format", &format}, member{"time", &at}, member{"shard", &parsed.shard}, member{"origin", &parsed.origin},
		member{"keyId", &parsed.keyID}, member{"bucket", &parsed.bucket}, member{"database", &parsed.database},
	); err != nil {
		return parsed, err
	}
	if format != recordFormat {
		return parsed, fmt.Errorf(`"format": expected %q, got %q`, recordFormat, format)
	}
	if _, err := time.Parse(time.RFC3339, at); err != nil {
		return parsed, fmt.Errorf(`"time": expected an RFC 3339 time, got %q`, at)
	}
	return parsed, members.done()
}

// matches names the first thing that is not what the shard began with.
func (r inceptionRecord) matches(now inceptionRecord) error {
	for _, each := range []struct{ name, then, now string }{
		{"shard", r.shard, now.shard}, {"origin", r.origin, now.origin}, {"keyId", r.keyID, now.keyID},
		{"bucket", r.bucket, now.bucket}, {"database", r.database, now.database},
	} {
		if each.then != each.now {
			return fmt.Errorf("%s: expected %q, as when the shard began, got %q", each.name, each.then, each.now)
		}
	}
	return nil
}
