package main

import (
	"context"
	"crypto"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/transparency-dev/tessera"
	taws "github.com/transparency-dev/tessera/storage/aws"
	antispam "github.com/transparency-dev/tessera/storage/aws/antispam"
	"github.com/transparency-dev/tesseract"
	"github.com/transparency-dev/tesseract/storage"
	"github.com/transparency-dev/tesseract/storage/aws"
	"golang.org/x/mod/sumdb/note"
)

// logStorage makes the log's storage when the library asks for it, and can flush it.
type logStorage struct {
	options  *options
	reader   tessera.LogReader
	shutdown func(context.Context) error
}

// storageFailure crosses the library as a panic: it would end the process on an error, without our exit code.
type storageFailure struct{ error }

// handler returns the submission API of the log, once its storage can be reached.
func (l *logStorage) handler(ctx context.Context, signer crypto.Signer) (handler http.Handler, err error) {
	defer func() {
		problem := recover()
		if failure, ok := problem.(storageFailure); ok {
			err = failure.error
		} else if problem != nil {
			panic(problem)
		}
	}()
	create := func(ctx context.Context, signer note.Signer) (*storage.CTStorage, error) {
		made, err := l.create(ctx, signer)
		if err != nil {
			panic(storageFailure{err})
		}
		return made, nil
	}
	o := l.options
	return tesseract.NewLogHandler(ctx, o.origin, signer, o.chains(), create,
		o.httpDeadline, o.maskInternalErrors, o.pathPrefix, o.limits())
}

func (l *logStorage) create(ctx context.Context, signer note.Signer) (*storage.CTStorage, error) {
	settings, err := l.options.storageConfig(ctx)
	if err != nil {
		return nil, err
	}
	driver, err := taws.New(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	appending, err := l.appendOptions(ctx, signer)
	if err != nil {
		return nil, err
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, appending)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	l.reader, l.shutdown = reader, shutdown
	issuers, err := aws.NewIssuerStorage(ctx, aws.Options{
		Bucket:    l.options.bucket,
		SDKConfig: settings.SDKConfig,
		S3Options: settings.S3Options,
	})
	if err != nil {
		return nil, fmt.Errorf("issuers: %w", err)
	}
	return storage.NewCTStorage(ctx, &storage.CTStorageOptions{
		Appender:      appender,
		Reader:        reader,
		IssuerStorage: issuers,
		EnableAwaiter: l.options.enablePublicationAwaiter,
	})
}

func (l *logStorage) appendOptions(ctx context.Context, signer note.Signer) (*tessera.AppendOptions, error) {
	o := l.options
	duplicates, err := l.antispam(ctx)
	if err != nil {
		return nil, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCTLayout().
		WithAntispam(o.antispamCacheSize, duplicates).
		WithCheckpointInterval(o.checkpointInterval).
		WithCheckpointRepublishInterval(o.checkpointRepublishInterval).
		WithBatching(o.batchMaxSize, o.batchMaxAge).
		WithPushback(o.pushbackMaxOutstanding).
		WithGarbageCollectionInterval(o.garbageCollectionInterval)
	if o.witnessPolicyFile == "" {
		return options, nil
	}
	policy, err := os.ReadFile(o.witnessPolicyFile)
	if err != nil {
		return nil, fmt.Errorf("--witness_policy_file: %w", err)
	}
	witnesses, err := tessera.NewWitnessGroupFromPolicy(policy)
	if err != nil {
		return nil, fmt.Errorf("--witness_policy_file: %s: %w", o.witnessPolicyFile, err)
	}
	// Upstream publishes without its witnesses where they do not answer. Whoever writes a policy wants it kept.
	return options.WithWitnesses(witnesses, &tessera.WitnessOptions{FailOpen: false, Timeout: o.witnessTimeout}), nil
}

// antispam returns nil, which Tessera takes as "in memory only", where no database for it is named.
func (l *logStorage) antispam(ctx context.Context) (tessera.Antispam, error) {
	o := l.options
	if o.antispamDBName == "" {
		return nil, nil
	}
	dsn, err := o.database.Config(o.antispamDBName, o.password)
	if err != nil {
		return nil, err
	}
	duplicates, err := antispam.NewAntispam(ctx, dsn.FormatDSN(), antispam.AntispamOpts{
		PushbackThreshold: o.pushbackMaxAntispamLag,
		MaxOpenConns:      o.dbMaxConns,
		// Unset, each lookup would make its own connection, handshake and all.
		MaxIdleConns: o.dbMaxIdle,
	})
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", o.antispamDBName, err)
	}
	return duplicates, nil
}

func (o *options) storageConfig(ctx context.Context) (taws.Config, error) {
	dsn, err := o.database.Config(o.dbName, o.password)
	if err != nil {
		return taws.Config{}, err
	}
	settings := taws.Config{
		Bucket:       o.bucket,
		DSN:          dsn.FormatDSN(),
		MaxOpenConns: o.dbMaxConns,
		MaxIdleConns: o.dbMaxIdle,
	}
	if !o.pathStyle {
		return settings, nil
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return taws.Config{}, fmt.Errorf("AWS configuration: %w", err)
	}
	settings.SDKConfig = &sdk
	settings.S3Options = func(s *s3.Options) { s.UsePathStyle = true }
	return settings, nil
}
