// Command tink-keyset makes the signing key of a Rekor log in a Tink keyset: what it writes is wrapped by a KMS key, which
// a CloudHSM key store may hold. Rekor unwraps it at its start, and signs with a key in its own memory.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"sigstead.dev/servers/internal/tinkkey"
)

const help = `tink-keyset: make the signing key of a Rekor log in a Tink keyset

USAGE
  tink-keyset --kek=aws-kms://ARN --keyset=FILE --public-key=FILE

Makes an ECDSA P-256 key, has the KMS key wrap it (kms:Encrypt), unwraps it once (kms:Decrypt), and writes the wrapped
keyset and the public key (PEM). Neither is secret. A file that is there already is left as it is.

EXIT CODES
  0    made
  2    wrong arguments
  5    KMS refused, or a file could not be written
`

type options struct {
	kek       tinkkey.KEK
	keyset    string
	publicKey string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "tink-keyset: error: %v\ntink-keyset: hint: see tink-keyset --help\n", err)
		return 2
	}
	if err := makeKeyset(ctx, options); err != nil {
		fmt.Fprintf(stderr, "tink-keyset: error: %v\n", err)
		return 5
	}
	return 0
}

func parseOptions(args []string) (*options, error) {
	var kek string
	o := &options{}
	f := flag.NewFlagSet("tink-keyset", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&kek, "kek", "", "")
	f.StringVar(&o.keyset, "keyset", "", "")
	f.StringVar(&o.publicKey, "public-key", "", "")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.keyset == "" || o.publicKey == "" {
		return nil, errors.New("expected --keyset and --public-key")
	}
	var err error
	if o.kek, err = tinkkey.ParseKEK(kek); err != nil {
		return nil, fmt.Errorf("--kek: %w", err)
	}
	return o, nil
}

func makeKeyset(ctx context.Context, o *options) error {
	wrapped, public, err := tinkkey.New(ctx, o.kek)
	if err != nil {
		return err
	}
	text, err := publicPEM(public)
	if err != nil {
		return err
	}
	if err := create(o.keyset, wrapped); err != nil {
		return err
	}
	return create(o.publicKey, text)
}

func publicPEM(key *ecdsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// create never writes over a file: it could be the only copy of a log's key.
func create(name string, content []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Sync(); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
