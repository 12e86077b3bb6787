package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

const requestTimeout = 30 * time.Second

// errAbsent says that a bucket exists and has no such object. S3 tells so only to who may list the bucket; to others
// it answers 403, which is an error and never "absent".
var errAbsent = errors.New("no such object")

// objects is a bucket, as far as the gate needs one.
type objects interface {
	// get returns errAbsent, or an object of at most maxBytes.
	get(ctx context.Context, key string, maxBytes int64) ([]byte, error)
	// create returns false if the key is taken.
	create(ctx context.Context, key string, content []byte) (bool, error)
}

type bucket struct {
	client *s3.Client
	name   string
}

// openBucket takes credentials and endpoint from where every AWS SDK does; it makes no request.
func openBucket(name, region string, pathStyle bool) (*bucket, error) {
	sdk, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(region))
	if err != nil {
		return nil, unavailable("AWS configuration", err)
	}
	client := s3.NewFromConfig(sdk, func(options *s3.Options) {
		options.UsePathStyle = pathStyle
		options.DisableLogOutputChecksumValidationSkipped = true
	})
	return &bucket{client: client, name: name}, nil
}

func (b *bucket) get(ctx context.Context, key string, maxBytes int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, errAbsent
	}
	if err != nil {
		return nil, unavailable(fmt.Sprintf("s3://%s/%s", b.name, key), err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxBytes+1))
	if err != nil {
		return nil, unavailable(fmt.Sprintf("s3://%s/%s", b.name, key), err)
	}
	if int64(len(content)) > maxBytes {
		return nil, fmt.Errorf("s3://%s/%s: expected at most %d bytes", b.name, key, maxBytes)
	}
	return content, nil
}

func (b *bucket) create(ctx context.Context, key string, content []byte) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(content), IfNoneMatch: aws.String("*"),
		// A bucket with Object Lock takes no object without a checksum.
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	})
	var refusal smithy.APIError
	if errors.As(err, &refusal) && refusal.ErrorCode() == "PreconditionFailed" {
		return false, nil
	}
	if err != nil {
		return false, unavailable(fmt.Sprintf("s3://%s/%s", b.name, key), err)
	}
	return true, nil
}
