package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"sigstead.dev/servers/internal/kmskey"
)

const (
	recordName = "inception/rekor-log2026-1.json"
	firstName  = "first-checkpoint/rekor-log2026-1"
)

func TestGateAcceptsALogThatGrows(t *testing.T) {
	for _, kind := range []string{"rekor", "ct"} {
		for _, size := range []uint64{0, 1, 2, 255, 256, 257, 300, 511, 512, 513} {
			for _, ahead := range []uint64{0, 1, 2, 255, 256, 257, 700} {
				s := newShard(t, kind)
				s.begin()
				s.grow("a", size)
				s.publish()
				s.grow("a", size+ahead)
				if first, err := s.gate.check(); err != nil || first {
					t.Errorf("%s, published %d, database %d: %v %v", kind, size, size+ahead, first, err)
				}
			}
		}
	}
}

func TestGateAcceptsATileThatGrewFull(t *testing.T) {
	s := newShard(t, "rekor")
	s.begin()
	s.grow("a", 300)
	delete(s.log.objects, "tile/0/001.p/44")
	delete(s.log.objects, "tile/1/000.p/1")
	full := newShard(t, "rekor")
	full.grow("a", 256*256)
	for _, key := range []string{"tile/0/001", "tile/1/000"} {
		s.log.objects[key] = full.log.objects[key]
	}
	s.publish()
	if first, err := s.gate.check(); err != nil || first {
		t.Errorf("got %v %v", first, err)
	}
}

// changes turn a log of 300 published entries and 400 in the database into one whose server must not start.
var changes = map[string]struct {
	anchor string
	change func(s *shard)
}{
	"the database rolled back":              {"gate-rollback", func(s *shard) { s.grow("a", 299) }},
	"the database regrown to the same size": {"gate-regrown", func(s *shard) { s.grow("b", 300) }},
	"the database regrown beyond it":        {"gate-regrown", func(s *shard) { s.grow("b", 400) }},
	"the database regrown, tiles as before": {"gate-regrown", func(s *shard) { s.trees.tree.root[5] ^= 1 }},
	"a tile changed":                        {"gate-regrown", func(s *shard) { s.log.objects["tile/0/001.p/144"][77] ^= 1 }},
	"a tile too long":                       {"gate-regrown", func(s *shard) { s.log.objects["tile/0/001.p/144"] = make([]byte, maxTile+1) }},
	"a tile cut off":                        {"gate-regrown", func(s *shard) { s.log.objects["tile/0/001.p/144"] = make([]byte, 31) }},
	"tiles lost, the published ones too": {"gate-empty-bucket", func(s *shard) {
		delete(s.log.objects, "tile/0/001.p/144")
		delete(s.log.objects, "tile/0/001.p/44")
	}},
	"tiles never written": {"gate-regrown", func(s *shard) { delete(s.log.objects, "tile/0/001.p/144") }},
	"tiles lost, database as published": {"gate-empty-bucket", func(s *shard) {
		s.grow("a", 300)
		delete(s.log.objects, "tile/0/001.p/44")
	}},
	"the bucket emptied":        {"gate-empty-bucket", func(s *shard) { s.log.objects = map[string][]byte{} }},
	"the checkpoint lost":       {"gate-empty-bucket", func(s *shard) { delete(s.log.objects, checkpointKey) }},
	"the database dropped":      {"gate-empty-database", func(s *shard) { s.trees.tree = nil }},
	"the database emptied":      {"gate-empty-database", func(s *shard) { s.grow("a", 0) }},
	"both emptied":              {"gate-both-lost", func(s *shard) { s.log.objects, s.trees.tree = map[string][]byte{}, nil }},
	"both emptied, tables made": {"gate-both-lost", func(s *shard) { s.log.objects = map[string][]byte{}; s.grow("a", 0) }},
	"frozen": {"gate-frozen", func(s *shard) {
		if s.gate.config.kind == "ct" {
			s.log.objects[frozenKey] = make([]byte, maxCheckpoint+1)
		} else {
			s.publish(frozenLine + "Mon Jan  2 15:04:05 UTC 2006")
		}
	}},
	"no checkpoint at all":           {"gate-foreign-checkpoint", func(s *shard) { s.log.objects[checkpointKey] = []byte("hello") }},
	"a checkpoint too large":         {"gate-foreign-checkpoint", func(s *shard) { s.log.objects[checkpointKey] = make([]byte, maxCheckpoint+1) }},
	"another log's checkpoint":       {"gate-foreign-checkpoint", func(s *shard) { s.log.objects[checkpointKey] = foreignCheckpoint(s) }},
	"the inception record lost":      {"gate-record-differs", func(s *shard) { delete(s.records.objects, recordName) }},
	"the inception record emptied":   {"gate-record-differs", func(s *shard) { s.records.objects[recordName] = nil }},
	"the inception record too large": {"gate-record-differs", func(s *shard) { s.records.objects[recordName] = make([]byte, maxRecord+1) }},
	"another bucket":                 {"gate-record-differs", func(s *shard) { s.gate.config.bucket = "other" }},
	"another database":               {"gate-record-differs", func(s *shard) { s.gate.config.database.name = "other" }},
	"another origin":                 {"gate-record-differs", func(s *shard) { s.gate.config.origin = "other.example" }},
	"another key":                    {"gate-record-differs", func(s *shard) { s.gate.config.keyID = strings.Repeat("0", 64) }},
	"another format of the record": {"gate-record-differs", func(s *shard) {
		s.records.objects[recordName] = []byte(strings.Replace(string(s.records.objects[recordName]), "v1", "v2", 1))
	}},
	"one more key in the record": {"gate-record-differs", func(s *shard) {
		s.records.objects[recordName] = []byte(strings.Replace(string(s.records.objects[recordName]), "{", `{"more":"x",`, 1))
	}},
}

func foreignCheckpoint(s *shard) []byte {
	other := newShard(s.t, s.gate.config.kind)
	other.grow("a", 300)
	other.publish()
	return other.log.objects[checkpointKey]
}

func TestGateRefuses(t *testing.T) {
	for _, kind := range []string{"rekor", "ct"} {
		for name, test := range changes {
			s := newShard(t, kind)
			s.begin()
			s.grow("a", 300)
			s.publish()
			s.grow("a", 400)
			test.change(s)
			first, err := s.gate.check()
			expectRefused(t, kind+", "+name, err, test.anchor)
			if first {
				t.Errorf("%s, %s: expected no first start", kind, name)
			}
		}
	}
}

func TestGateComparesTheKeyFirst(t *testing.T) {
	other := strings.Repeat("0", 64)
	for name, test := range map[string]struct {
		keyID string
		err   error
		check func(err error) bool
	}{
		"the log's key":         {check: func(err error) bool { return err == nil }},
		"another key":           {keyID: other, check: isKeyRefusal},
		"a key of another kind": {err: fmt.Errorf("arn: %w", kmskey.Unusable{}), check: isKeyRefusal},
		"KMS is not reachable":  {err: errBroken, check: func(err error) bool { return codeOf(err) == exitEnvironment }},
	} {
		s := newShard(t, "rekor")
		s.gate.keyID = func(context.Context) (string, error) {
			if test.keyID == "" && test.err == nil {
				return s.gate.config.keyID, nil
			}
			return test.keyID, test.err
		}
		first, err := s.gate.check()
		if !test.check(err) || first != (err == nil) {
			t.Errorf("%s: got %v %v", name, first, err)
		}
		if err != nil && len(s.records.objects) > 0 {
			t.Errorf("%s: expected nothing on record, got %v", name, s.records.objects)
		}
	}
}

func isKeyRefusal(err error) bool {
	var known *failure
	return errors.As(err, &known) && known.code == exitRefused && strings.HasSuffix(known.hint, "#gate-key-differs")
}

func TestGateAsksForNoKeyOfALogThatOnlyReads(t *testing.T) {
	s := newShard(t, "rekor")
	s.begin()
	s.publish(frozenLine + "today")
	s.gate.readOnly = true
	s.gate.keyID = func(context.Context) (string, error) { return "", errBroken }
	if _, err := s.gate.check(); err != nil {
		t.Error(err)
	}
}

func expectRefused(t *testing.T, name string, err error, anchor string) {
	t.Helper()
	var known *failure
	if !errors.As(err, &known) || known.code != exitRefused || !strings.HasSuffix(known.hint, "docs/operator-runbook.md#"+anchor) {
		t.Errorf("%s: expected a refusal with %s, got %v", name, anchor, err)
	}
}

func TestGateAcceptsAFrozenLogThatOnlyReads(t *testing.T) {
	s := newShard(t, "rekor")
	s.begin()
	s.grow("a", 3)
	s.publish(frozenLine + "today")
	s.gate.readOnly, s.trees.err = true, errBroken // Its database was deleted.
	if first, err := s.gate.check(); err != nil || first {
		t.Errorf("got %v %v", first, err)
	}
	s.publish()
	if _, err := s.gate.check(); codeOf(err) != exitEnvironment {
		t.Errorf("not frozen: expected the database to be asked, got %v", err)
	}
}

func TestOnlyReads(t *testing.T) {
	for text, want := range map[string]bool{
		"serve --read-only": true, "serve --read-only=true --x=1": true, "serve": false, "--read-only=false": false, "--read-only=1": false,
		"--read-only --read-only=false": false, "--read-only-x": false, "--hostname=--read-only": false,
	} {
		if got := onlyReads(strings.Fields(text)); got != want {
			t.Errorf("%q: expected %v, got %v", text, want, got)
		}
	}
}

func TestGateRefusesAnExtensionLineOfACtLog(t *testing.T) {
	s := newShard(t, "ct")
	s.begin()
	s.publish(frozenLine + "today")
	_, err := s.gate.check()
	expectRefused(t, "an extension line", err, "gate-foreign-checkpoint")
}

func TestGateReportsWhatItCannotReach(t *testing.T) {
	for name, change := range map[string]func(s *shard){
		"database":         func(s *shard) { s.trees.err = errBroken },
		"checkpoint":       func(s *shard) { s.log.broken[checkpointKey] = true },
		"tile":             func(s *shard) { s.log.broken["tile/0/000.p/5"] = true },
		"inception record": func(s *shard) { s.records.broken[recordName] = true },
		"first checkpoint": func(s *shard) { s.records.broken[firstName] = true },
	} {
		s := newShard(t, "rekor")
		s.begin()
		s.grow("a", 3)
		s.publish()
		s.grow("a", 5)
		change(s)
		if first, err := s.gate.check(); first || codeOf(err) != exitEnvironment {
			t.Errorf("%s: expected exit code %d, got %v", name, exitEnvironment, err)
		}
	}
}
