package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/transparency-dev/formats/log"
)

const maxObjectBytes = 128 << 20

// bucket is a log that Tessera's AWS storage wrote.
type bucket struct {
	client *s3.Client
	name   string
	// database is nil where none was named.
	database *coordination

	mutex sync.Mutex
	etags map[string]string
}

func openStorage(ctx context.Context, o *options, talk func(string, ...any)) (storage, error) {
	if o.directory != "" {
		return openDirectory(o.directory)
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, environment("", "AWS configuration: %w", err)
	}
	client := s3.NewFromConfig(sdk, func(s *s3.Options) { s.UsePathStyle = o.pathStyle })
	opened := &bucket{client: client, name: o.bucket, etags: map[string]string{}}
	if !o.hasDatabase() {
		talk("warning: no database was named: entries that wait there, and servers that are idle, are not seen")
		return opened, nil
	}
	opened.database, err = openCoordination(ctx, o)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (b *bucket) close() {
	if b.database != nil {
		b.database.close()
	}
}

func (b *bucket) settled(ctx context.Context, head *log.Checkpoint) error {
	if b.database == nil {
		return nil
	}
	return b.database.settled(ctx, head)
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, error) {
	answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &name})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, os.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("s3://%s/%s: %w", b.name, name, err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxObjectBytes))
	if err != nil {
		return nil, fmt.Errorf("s3://%s/%s: %w", b.name, name, err)
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.etags[name] = aws.ToString(answer.ETag)
	return content, nil
}

func (b *bucket) replace(ctx context.Context, name string, old, content []byte) error {
	// The ETag of the very bytes that are frozen, whoever has read the object since they were.
	now, err := b.read(ctx, name)
	if err != nil {
		return environment("", "%w", err)
	}
	etag := b.etags[name]
	if !bytes.Equal(now, old) || etag == "" {
		return stillWriting("a new checkpoint was published meanwhile")
	}
	return b.put(ctx, &s3.PutObjectInput{Key: &name, Body: bytes.NewReader(content), IfMatch: &etag})
}

func (b *bucket) create(ctx context.Context, name string, content []byte) error {
	return b.put(ctx, &s3.PutObjectInput{Key: &name, Body: bytes.NewReader(content), IfNoneMatch: aws.String("*")})
}

// put writes with the headers that Tessera gives checkpoints.
func (b *bucket) put(ctx context.Context, object *s3.PutObjectInput) error {
	object.Bucket = &b.name
	object.ContentType = aws.String("text/plain; charset=utf-8")
	object.CacheControl = aws.String("no-cache")
	_, err := b.client.PutObject(ctx, object)
	var problem smithy.APIError
	if errors.As(err, &problem) && (problem.ErrorCode() == "PreconditionFailed" || problem.ErrorCode() == "ConditionalRequestConflict") {
		return stillWriting(aws.ToString(object.Key) + " was written meanwhile")
	}
	if err != nil {
		return environment("", "s3://%s/%s: %w", b.name, aws.ToString(object.Key), err)
	}
	return nil
}
