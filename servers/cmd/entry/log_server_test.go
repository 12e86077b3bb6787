package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/tessera"
	tesseraaws "github.com/transparency-dev/tessera/storage/aws"
)

// logServerCode is what the log server of the tests ends with after SIGTERM.
const logServerCode = 42

// serveLog is a log server over Tessera's own AWS storage: it appends entries of one history, waits until they are
// published, says its process id and the log's size, and waits for SIGTERM. Arguments: bucket, DSN, key file, origin, history, count.
func serveLog(args []string) int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	count, err := strconv.Atoi(args[5])
	if err == nil {
		err = appendEntries(args, count)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "log server:", err)
		return 1
	}
	<-terminated
	return logServerCode
}

func appendEntries(args []string, count int) error {
	ctx := context.Background()
	options, err := appendOptions(args[2], args[3])
	if err != nil {
		return err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	driver, err := tesseraaws.New(ctx, tesseraaws.Config{
		SDKConfig: &sdk, S3Options: func(o *s3.Options) { o.UsePathStyle = true }, Bucket: args[0], DSN: args[1], MaxOpenConns: 8, MaxIdleConns: 8,
	})
	if err != nil {
		return err
	}
	appender, _, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	var added []tessera.IndexFuture
	for i := range count {
		added = append(added, appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "%s %d", args[4], i))))
	}
	for _, index := range added {
		if _, _, err := awaiter.Await(ctx, index); err != nil {
			return err
		}
	}
	return await("checkpoint", func() error {
		raw, err := reader.ReadCheckpoint(ctx)
		if err == nil {
			_, err = fmt.Printf("ready %d %d bytes\n", os.Getpid(), len(raw))
		}
		return err
	})
}

func appendOptions(keyFile, origin string) (*tessera.AppendOptions, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadSigner(key, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	noteSigner, err := rekornote.NewNoteSigner(context.Background(), origin, signer)
	if err != nil {
		return nil, err
	}
	return tessera.NewAppendOptions().WithCheckpointSigner(noteSigner).WithCheckpointInterval(time.Second).
		WithBatching(16, 20*time.Millisecond).WithGarbageCollectionInterval(0), nil
}

func readKey(path string) (crypto.PrivateKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New("expected a key in PEM")
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}
