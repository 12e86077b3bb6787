package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"time"

	"sigstead.dev/servers/internal/database"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/logkey"
	"sigstead.dev/servers/internal/tinkkey"
)

// A note's signatures are found by name. It begins with a letter or digit, so that nothing that is signed as a note
// can be read as the structures that a CT log signs, which begin with a zero byte.
var originForm = regexp.MustCompile(`^[a-z0-9][a-z0-9./_:-]{0,254}$`)

type options struct {
	kind        string
	origin      string
	check       bool
	quietPeriod time.Duration

	directory string
	bucket    string
	pathStyle bool

	keyFile    string
	kmsKey     string
	tinkKEK    string
	tinkKeyset string

	database     database.Options
	databaseName string

	key      kmskey.Reference
	kek      tinkkey.KEK
	password string
}

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
	f := flag.NewFlagSet("freeze-log", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.kind, "kind", "", "rekor or ct")
	f.StringVar(&o.origin, "origin", "", "origin of the log, the first line of its checkpoints")
	f.BoolVar(&o.check, "check", false, "do everything but sign and write")
	f.DurationVar(&o.quietPeriod, "quiet-period", time.Minute, "how long the checkpoint must not change; an idle Rekor signs every 10 minutes, an idle CT log every 30 seconds")
	f.StringVar(&o.directory, "directory", "", "the log, where it is a directory")
	f.StringVar(&o.bucket, "bucket", "", "the log, where it is an S3 bucket")
	f.BoolVar(&o.pathStyle, "s3-path-style", false, "name the bucket in paths instead of host names")
	f.StringVar(&o.keyFile, "key-file", "", "the log's key: PEM without encryption, PKCS#8 or SEC 1; may be a pipe")
	f.StringVar(&o.kmsKey, "kms-key", "", "the log's key: awskms:/// and the ARN of a KMS key, or pkcs11://token=TOKEN;object=KEY")
	f.StringVar(&o.tinkKEK, "tink-kek", "", "what wraps the keyset of a Rekor log's key: aws-kms:// and the ARN of a KMS key")
	f.StringVar(&o.tinkKeyset, "tink-keyset", "", "the wrapped keyset: JSON, as tink-keyset made it; with --tink-kek")
	f.StringVar(&o.database.Host, "db-host", "", "host of the log's MySQL database; with --bucket")
	f.IntVar(&o.database.Port, "db-port", 3306, "port of the database")
	f.StringVar(&o.databaseName, "db-name", "", "name of the database")
	f.StringVar(&o.database.User, "db-user", "", "user of this log alone; the password is in the variable "+database.PasswordVariable)
	f.StringVar(&o.database.CAFile, "db-tls-ca", "", "CA certificates of the database's TLS; optional on loopback only")
	return f
}

func (o *options) complete() error {
	if kind := logkey.Kind(o.kind); kind != logkey.Rekor && kind != logkey.CT {
		return fmt.Errorf("--kind: expected rekor or ct, got %q", o.kind)
	}
	if !originForm.MatchString(o.origin) {
		return fmt.Errorf("--origin: expected the origin of a log, got %q", o.origin)
	}
	if (o.directory == "") == (o.bucket == "") {
		return errors.New("expected either --directory or --bucket")
	}
	if o.quietPeriod < 0 {
		return errors.New("--quiet-period: expected 0 or more")
	}
	if err := o.completeKey(); err != nil {
		return err
	}
	return o.checkDatabase()
}

func (o *options) completeKey() (err error) {
	given := 0
	for _, source := range []string{o.keyFile, o.kmsKey, o.tinkKEK} {
		if source != "" {
			given++
		}
	}
	if given != 1 {
		return errors.New("expected one of --key-file, --kms-key and --tink-kek")
	}
	if (o.tinkKEK == "") != (o.tinkKeyset == "") {
		return errors.New("--tink-kek and --tink-keyset belong together")
	}
	if o.kmsKey != "" {
		if o.key, err = kmskey.ParseReference(o.kmsKey); err != nil {
			return fmt.Errorf("--kms-key: %w", err)
		}
	}
	if o.tinkKEK != "" {
		if o.kek, err = tinkkey.ParseKEK(o.tinkKEK); err != nil {
			return fmt.Errorf("--tink-kek: %w", err)
		}
	}
	return nil
}

func (o *options) checkDatabase() error {
	if !o.hasDatabase() {
		return nil
	}
	if o.bucket == "" {
		return errors.New("--db-host: a log in a directory has no database")
	}
	if o.databaseName == "" {
		return errors.New("--db-name is missing")
	}
	if err := o.database.Check(); err != nil {
		return fmt.Errorf("--db-host, --db-port, --db-user, --db-tls-ca: %w", err)
	}
	return nil
}

func (o *options) hasDatabase() bool {
	return o.database.Host != "" || o.databaseName != "" || o.database.User != "" || o.database.CAFile != ""
}

func help() string {
	var text bytes.Buffer
	fmt.Fprint(&text, `freeze-log: end a shard of a Rekor or CT log with a signed statement that it is frozen

USAGE
  freeze-log --kind=rekor|ct --origin=ORIGIN --directory=DIR --key-file=FILE
  freeze-log --kind=rekor|ct --origin=ORIGIN --bucket=BUCKET --kms-key=awskms:///ARN
             --db-host=HOST --db-tls-ca=FILE --db-user=USER --db-name=NAME

Stop every server that writes to the log first. A log that is frozen already is left as it is.

OPTIONS
`)
	flags := (&options{}).flags()
	flags.SetOutput(&text)
	flags.PrintDefaults()
	fmt.Fprint(&text, `
EXIT CODES
  0    frozen, now or before; with --check: it can be
  2    wrong arguments
  3    there is no such log, or the key cannot be read
  4    the log is not what its checkpoint says, or the key is not its key
  5    a server still writes to it, or something could not be reached
`)
	return text.String()
}
