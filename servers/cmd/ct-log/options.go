package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/transparency-dev/tessera"
	antispam "github.com/transparency-dev/tessera/storage/aws/antispam"
	"github.com/transparency-dev/tesseract"
	"sigstead.dev/servers/internal/database"
	"sigstead.dev/servers/internal/kmskey"
)

// options is all that the server does. Only the password comes from elsewhere.
type options struct {
	httpEndpoint       string
	httpDeadline       time.Duration
	maskInternalErrors bool
	origin             string
	pathPrefix         string
	signerKMSKey       string

	rootsPEMFile     string
	rejectExpired    bool
	rejectUnexpired  bool
	extKeyUsages     string
	rejectExtension  string
	acceptSHA1       bool
	notAfterStart    instant
	notAfterLimit    instant
	dedupRate        float64
	oldNotBeforeRate string

	enablePublicationAwaiter    bool
	witnessPolicyFile           string
	witnessTimeout              time.Duration
	antispamCache               string
	checkpointInterval          time.Duration
	checkpointRepublishInterval time.Duration
	batchMaxSize                uint
	batchMaxAge                 time.Duration
	pushbackMaxOutstanding      uint
	pushbackMaxAntispamLag      uint
	garbageCollectionInterval   time.Duration

	bucket         string
	pathStyle      bool
	database       database.Options
	dbName         string
	antispamDBName string
	dbMaxConns     int
	dbMaxIdle      int

	// Parsed from the above, and the environment.
	key               kmskey.Reference
	antispamCacheSize uint
	notBefore         *tesseract.NotBeforeRL
	password          string
}

// parseOptions reads the flags and refuses what could not run.
func parseOptions(args []string) (*options, error) {
	options := &options{}
	flags := options.flags()
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return options, options.complete()
}

func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("ct-log", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o.logFlags(flags)
	o.chainFlags(flags)
	o.storageFlags(flags)
	o.performanceFlags(flags)
	return flags
}

func (o *options) logFlags(f *flag.FlagSet) {
	f.StringVar(&o.httpEndpoint, "http_endpoint", "localhost:6962", "address of the submission API, host:port")
	f.DurationVar(&o.httpDeadline, "http_deadline", 10*time.Second, "deadline for each request")
	f.BoolVar(&o.maskInternalErrors, "mask_internal_errors", false, "answer internal errors without their text")
	f.StringVar(&o.origin, "origin", "", "origin of the log, the submission prefix without its scheme")
	f.StringVar(&o.pathPrefix, "path_prefix", "", "prefix of the API's paths, before /ct/v1/")
	f.StringVar(&o.signerKMSKey, "signer_kms_key", "", "ECDSA P-256 key: awskms:/// and its ARN in KMS, or pkcs11://token=TOKEN;object=KEY in an HSM")
	f.BoolVar(&o.enablePublicationAwaiter, "enable_publication_awaiter", true, "answer once the entry is in a published checkpoint")
	f.StringVar(&o.witnessPolicyFile, "witness_policy_file", "", "witness policy (sigsum's format); no checkpoint is published that does not satisfy it")
	f.DurationVar(&o.witnessTimeout, "witness_timeout", tessera.DefaultWitnessTimeout, "how long to wait for witnesses")
}

func (o *options) chainFlags(f *flag.FlagSet) {
	f.StringVar(&o.rootsPEMFile, "roots_pem_file", "", "root certificates that chains may end in")
	f.BoolVar(&o.rejectExpired, "reject_expired", false, "refuse certificates that have expired")
	f.BoolVar(&o.rejectUnexpired, "reject_unexpired", false, "refuse certificates that have not expired")
	f.StringVar(&o.extKeyUsages, "ext_key_usages", "", "accepted extended key usages, with commas; default: all")
	f.StringVar(&o.rejectExtension, "reject_extension", "", "OIDs of extensions that are refused, with commas")
	f.BoolVar(&o.acceptSHA1, "accept_sha1_signing_algorithms", false, "accept chains signed with SHA-1")
	f.Var(&o.notAfterStart, "not_after_start", "refuse certificates that end before this time, RFC 3339 in UTC")
	f.Var(&o.notAfterLimit, "not_after_limit", "refuse certificates that end at this time or later, RFC 3339 in UTC")
	f.Float64Var(&o.dedupRate, "rate_limit_dedup", 100, "answers for entries that are in the log already, per second; 0: none, negative: no limit")
	f.StringVar(&o.oldNotBeforeRate, "rate_limit_old_not_before", "", "AGE:RATE, certificates older than AGE (e.g. 720h) per second; default: no limit")
}

func (o *options) storageFlags(f *flag.FlagSet) {
	f.StringVar(&o.bucket, "bucket", "", "S3 bucket of this log alone")
	f.BoolVar(&o.pathStyle, "s3_use_path_style", false, "name the bucket in paths instead of host names")
	f.StringVar(&o.database.Host, "db_host", "", "host of the MySQL database")
	f.IntVar(&o.database.Port, "db_port", 3306, "port of the database")
	f.StringVar(&o.database.User, "db_user", "", "user; the password is in the variable "+database.PasswordVariable)
	f.StringVar(&o.database.CAFile, "db_tls_ca", "", "CA certificates of the database's TLS; optional on loopback only")
	f.StringVar(&o.dbName, "db_name", "", "database of this log alone")
	f.StringVar(&o.antispamDBName, "antispam_db_name", "", "database that remembers entries; default: in memory only")
	f.IntVar(&o.dbMaxConns, "db_max_conns", 0, "most connections to each database; 0: no limit")
	f.IntVar(&o.dbMaxIdle, "db_max_idle_conns", 2, "most idle connections to each database")
}

func (o *options) performanceFlags(f *flag.FlagSet) {
	f.StringVar(&o.antispamCache, "inmemory_antispam_cache_size", "256k", "entries to remember in memory, e.g. 256k")
	f.DurationVar(&o.checkpointInterval, "checkpoint_interval", 1500*time.Millisecond, "between checkpoints of a log that grows, at least 1s")
	f.DurationVar(&o.checkpointRepublishInterval, "checkpoint_republish_interval", 30*time.Second, "between checkpoints of a log that does not grow")
	f.UintVar(&o.batchMaxSize, "batch_max_size", tessera.DefaultBatchMaxSize, "most entries that are sequenced at once")
	f.DurationVar(&o.batchMaxAge, "batch_max_age", tessera.DefaultBatchMaxAge, "how long an entry may wait for others")
	f.UintVar(&o.pushbackMaxOutstanding, "pushback_max_outstanding", tessera.DefaultPushbackMaxOutstanding, "most entries that are sequenced and not yet in the tree")
	f.UintVar(&o.pushbackMaxAntispamLag, "pushback_max_antispam_lag", antispam.DefaultPushbackThreshold, "most entries that the memory of entries may be behind")
	f.DurationVar(&o.garbageCollectionInterval, "garbage_collection_interval", 10*time.Second, "between removals of obsolete partial tiles; 0: never")
}

// complete parses what flags hold as text, and checks what upstream would find out only while it starts.
func (o *options) complete() error {
	required := []struct{ name, value string }{
		{"origin", o.origin}, {"roots_pem_file", o.rootsPEMFile}, {"signer_kms_key", o.signerKMSKey},
		{"bucket", o.bucket}, {"db_host", o.database.Host}, {"db_user", o.database.User}, {"db_name", o.dbName},
	}
	for _, flag := range required {
		if flag.value == "" {
			return fmt.Errorf("--%s is missing", flag.name)
		}
	}
	if o.dbName == o.antispamDBName {
		return errors.New("--db_name and --antispam_db_name: expected two databases, got one")
	}
	var err error
	if o.key, err = kmskey.ParseReference(o.signerKMSKey); err != nil {
		return fmt.Errorf("--signer_kms_key: %w", err)
	}
	if err := o.database.Check(); err != nil {
		return fmt.Errorf("--db_host, --db_port, --db_tls_ca: %w", err)
	}
	if o.antispamCacheSize, err = cacheSize(o.antispamCache); err != nil {
		return err
	}
	o.notBefore, err = notBeforeLimit(o.oldNotBeforeRate)
	return err
}

func (o *options) chains() tesseract.ChainValidationConfig {
	return tesseract.ChainValidationConfig{
		RootsPEMFile:     o.rootsPEMFile,
		RejectExpired:    o.rejectExpired,
		RejectUnexpired:  o.rejectUnexpired,
		ExtKeyUsages:     o.extKeyUsages,
		RejectExtensions: o.rejectExtension,
		NotAfterStart:    o.notAfterStart.time,
		NotAfterLimit:    o.notAfterLimit.time,
		AcceptSHA1:       o.acceptSHA1,
	}
}

func (o *options) limits() tesseract.LogHandlerOpts {
	return tesseract.LogHandlerOpts{NotBeforeRL: o.notBefore, DedupRL: o.dedupRate}
}

func cacheSize(text string) (uint, error) {
	size, unit, err := humanize.ParseSI(text)
	if err != nil || unit != "" || size < 0 || size > 1<<31 {
		return 0, fmt.Errorf("--inmemory_antispam_cache_size: expected a number such as 256k, got %q", text)
	}
	return uint(size), nil
}

func notBeforeLimit(text string) (*tesseract.NotBeforeRL, error) {
	if text == "" {
		return nil, nil
	}
	age, rate, _ := strings.Cut(text, ":")
	threshold, err := time.ParseDuration(age)
	limit, notNumber := strconv.ParseFloat(rate, 64)
	if err != nil || notNumber != nil {
		return nil, fmt.Errorf("--rate_limit_old_not_before: expected AGE:RATE such as 720h:50, got %q", text)
	}
	return &tesseract.NotBeforeRL{AgeThreshold: threshold, RateLimit: limit}, nil
}

// instant is a flag with a time in UTC; empty is none, as upstream has it.
type instant struct{ time *time.Time }

func (i *instant) String() string {
	if i.time == nil {
		return ""
	}
	return i.time.Format(time.RFC3339)
}

func (i *instant) Set(text string) error {
	if text == "" {
		return nil
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil || !strings.HasSuffix(text, "Z") {
		return errors.New("expected a time in UTC such as 2026-01-02T15:04:05Z")
	}
	i.time = &parsed
	return nil
}

func help() string {
	var text bytes.Buffer
	fmt.Fprintf(&text, `ct-log: a CT log on S3 and MySQL, with its key in KMS or an HSM

USAGE
  ct-log --origin=ORIGIN --signer_kms_key=awskms:///ARN --roots_pem_file=FILE --bucket=BUCKET
         --db_host=HOST --db_tls_ca=FILE --db_user=USER --db_name=NAME --antispam_db_name=NAME

The password of the database is read from the variable %s.

OPTIONS
`, database.PasswordVariable)
	flags := (&options{}).flags()
	flags.SetOutput(&text)
	flags.PrintDefaults()
	return text.String()
}
