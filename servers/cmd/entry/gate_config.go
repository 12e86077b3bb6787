package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/logkey"
)

var shardName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}$`)

// gateConfig names a log shard and where it lies.
type gateConfig struct {
	kind          string
	origin        string
	shard         string
	bucket        string
	region        string
	records       string
	recordsRegion string
	pathStyle     bool
	// keyID is the SHA-256 of the log's public key (SPKI) in hexadecimal.
	keyID    string
	verifier note.Verifier
	// signingKey is what the server is told to sign with; nil for one that keeps its own key.
	signingKey *kmskey.Reference
	database   databaseConfig
}

type databaseConfig struct {
	host             string
	port             uint16
	name             string
	user             string
	passwordVariable string
	caFile           string
}

// member takes a non-empty string into place.
type member struct {
	key   string
	place *string
}

func takeStrings(members object, wanted ...member) error {
	for _, each := range wanted {
		value, err := take[string](members, each.key)
		if err != nil {
			return err
		}
		if value == "" {
			return fmt.Errorf("%q: expected not to be empty", each.key)
		}
		*each.place = value
	}
	return nil
}

func parseGateConfig(text string) (*gateConfig, error) {
	members, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	parsed := &gateConfig{}
	var publicKey string
	if err := takeStrings(members,
		member{"kind", &parsed.kind}, member{"origin", &parsed.origin}, member{"shard", &parsed.shard},
		member{"bucket", &parsed.bucket}, member{"region", &parsed.region}, member{"records", &parsed.records},
		member{"publicKeyPem", &publicKey},
	); err != nil {
		return nil, err
	}
	if err := parsed.takeOptional(members); err != nil {
		return nil, err
	}
	nested, found := members["database"]
	if !found {
		return nil, errors.New(`"database": expected, got nothing`)
	}
	delete(members, "database")
	if parsed.database, err = parseDatabaseConfig(string(nested)); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return parsed, errors.Join(members.done(), parsed.identify(publicKey))
}

// takeOptional takes what may be missing.
func (c *gateConfig) takeOptional(members object) error {
	c.recordsRegion = c.region
	var key string
	for _, each := range []member{{"key", &key}, {"recordsRegion", &c.recordsRegion}} {
		if _, found := members[each.key]; !found {
			continue
		}
		if err := takeStrings(members, each); err != nil {
			return err
		}
	}
	if key != "" {
		reference, err := kmskey.ParseReference(key)
		if err != nil {
			return fmt.Errorf(`"key": %w`, err)
		}
		c.signingKey = &reference
	}
	if _, found := members["pathStyle"]; !found {
		return nil
	}
	var err error
	c.pathStyle, err = take[bool](members, "pathStyle")
	return err
}

func parseDatabaseConfig(text string) (databaseConfig, error) {
	var parsed databaseConfig
	members, err := parseObject(text)
	if err != nil {
		return parsed, err
	}
	if err := takeStrings(members,
		member{"host", &parsed.host}, member{"name", &parsed.name}, member{"user", &parsed.user},
		member{"passwordVariable", &parsed.passwordVariable}, member{"caFile", &parsed.caFile},
	); err != nil {
		return parsed, err
	}
	parsed.port, err = take[uint16](members, "port")
	if err == nil && parsed.port == 0 {
		err = errors.New(`"port": expected 1 to 65535, got 0`)
	}
	return parsed, errors.Join(err, members.done())
}

// identify fills what follows from the log's key, and checks the names that go into objects and signed notes.
func (c *gateConfig) identify(publicKeyPem string) error {
	if strings.IndexFunc(c.origin, unicode.IsSpace) >= 0 || strings.Contains(c.origin, "+") {
		return fmt.Errorf(`"origin": expected no space and no +, got %q`, c.origin)
	}
	if !shardName.MatchString(c.shard) {
		return fmt.Errorf(`"shard": expected a name that matches %s, got %q`, shardName, c.shard)
	}
	block, rest := pem.Decode([]byte(publicKeyPem))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return errors.New(`"publicKeyPem": expected one PUBLIC KEY in PEM`)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf(`"publicKeyPem": %w`, err)
	}
	digest := sha256.Sum256(block.Bytes)
	c.keyID = hex.EncodeToString(digest[:])
	verifiers, err := logkey.NewVerifiers(logkey.Kind(c.kind), c.origin, key)
	if err != nil {
		return fmt.Errorf(`"kind", "publicKeyPem": %w`, err)
	}
	c.verifier = verifiers.Checkpoints
	return nil
}
