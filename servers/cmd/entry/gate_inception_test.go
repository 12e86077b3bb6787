package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestGateAtInception(t *testing.T) {
	s := newShard(t, "rekor")
	s.begin()
	want := fmt.Sprintf(`{
  "bucket": "tiles",
  "database": "rekor_log2026_1",
  "format": "sigstead inception v1",
  "keyId": %q,
  "origin": "log.example",
  "shard": "rekor-log2026-1",
  "time": "2026-01-02T03:04:08Z"
}`, s.gate.config.keyID)
	if got := string(s.records.objects[recordName]); got != want {
		t.Errorf("expected the record %s, got %s", want, got)
	}
	if string(s.records.objects[firstName]) != string(s.log.objects[checkpointKey]) {
		t.Error("expected the first checkpoint itself on record")
	}
}

func TestGateAtInceptionRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		anchor string
		change func(s *shard)
	}{
		"a checkpoint":           {"gate-foreign-checkpoint", func(s *shard) { s.grow("a", 0); s.publish() }},
		"a tree":                 {"gate-empty-bucket", func(s *shard) { s.grow("a", 3) }},
		"a tree and its tiles":   {"gate-foreign-checkpoint", func(s *shard) { s.grow("a", 3); s.publish() }},
		"something for a record": {"gate-record-differs", func(s *shard) { s.records.objects[recordName] = []byte("{}") }},
	} {
		s := newShard(t, "rekor")
		test.change(s)
		first, err := s.gate.check()
		expectRefused(t, name, err, test.anchor)
		if _, recorded := s.records.objects[firstName]; first || recorded {
			t.Errorf("%s: expected no first start", name)
		}
	}
}

func TestGateAfterAFirstStartThatWasEnded(t *testing.T) {
	began := func() *shard {
		s := newShard(t, "rekor")
		if first, err := s.gate.check(); err != nil || !first {
			t.Fatalf("expected a first start, got %v %v", first, err)
		}
		return s
	}
	s := began()
	for _, tables := range []bool{false, true} {
		if tables {
			s.grow("a", 0)
		}
		if first, err := s.gate.check(); err != nil || !first {
			t.Errorf("before it published, tables %v: expected a first start, got %v %v", tables, first, err)
		}
	}
	s.grow("a", 2)
	s.publish()
	if first, err := s.gate.check(); err != nil || first || s.records.objects[firstName] == nil {
		t.Errorf("before it was recorded: got %v %v", first, err)
	}
	s = began()
	s.grow("a", 2)
	_, err := s.gate.check()
	expectRefused(t, "a tree, and no checkpoint", err, "gate-empty-bucket")
	s = began()
	s.log.objects[checkpointKey] = foreignCheckpoint(s)
	_, err = s.gate.check()
	expectRefused(t, "a foreign checkpoint", err, "gate-foreign-checkpoint")
	s = began()
	s.gate.config.bucket = "other"
	_, err = s.gate.check()
	expectRefused(t, "another bucket", err, "gate-record-differs")
}

func TestGateWaitsForTheTaskThatBeganTheLog(t *testing.T) {
	s, asked := newShard(t, "rekor"), 0
	other := *s.gate
	other.trees = &memoryTrees{}
	s.trees.locked = func() bool {
		if asked++; asked == 1 {
			if first, err := other.check(); err != nil || !first {
				t.Errorf("the other task: %v %v", first, err)
			}
		}
		if asked == 5 {
			s.grow("a", 1)
			s.publish()
			if _, err := other.recordFirstCheckpoint(context.Background()); err != nil {
				t.Error(err)
			}
		}
		return true
	}
	if first, err := s.gate.check(); err != nil || first || asked != 5 {
		t.Errorf("expected a later start after 5 questions, got %v %v after %d", first, err, asked)
	}
	s = newShard(t, "rekor")
	s.trees.locked = func() bool { return true }
	if first, err := s.gate.check(); first || codeOf(err) != exitEnvironment || !strings.Contains(err.Error(), "another task") {
		t.Errorf("after the deadline: %v %v", first, err)
	}
}

func TestGateRefusesToRecordAForeignFirstCheckpoint(t *testing.T) {
	s := newShard(t, "ct")
	s.log.objects[checkpointKey] = foreignCheckpoint(s)
	recorded, err := s.gate.recordFirstCheckpoint(context.Background())
	expectRefused(t, "foreign", err, "gate-foreign-checkpoint")
	if recorded || len(s.records.objects) > 0 {
		t.Error("expected nothing on record")
	}
}
