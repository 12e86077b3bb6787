// Package kmskey signs with an ECDSA P-256 key that never leaves AWS KMS, or an HSM behind a plug-in.
package kmskey

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// signTimeout is for one signature, the client's own retries included.
const signTimeout = 10 * time.Second

// An alias could be pointed at another key under a running log; an endpoint in the reference could send requests
// anywhere. Both are other spellings of what sigstore accepts, and refused here.
var reference = regexp.MustCompile(
	`^awskms:///(arn:(?:aws|aws-us-gov|aws-cn):kms:([a-z0-9-]{5,30}):\d{12}:key/[A-Za-z0-9-]{36})$`)

// plugInReference leaves the attributes to the plug-in, which parses them strictly.
var plugInReference = regexp.MustCompile(`^pkcs11://[\x21-\x7e]{1,1000}$`)

// pinAttribute is how a reference would hold a PIN, or where one is: both come from the environment. A name may have "pin-" in it.
var pinAttribute = regexp.MustCompile(`(?i)(?:^pkcs11://|[;?&])pin-(?:source|value)=`)

// Reference is a key as the command line names it: in KMS by its ARN, or behind the plug-in sigstore-kms-pkcs11.
type Reference struct {
	ARN    string
	Region string
	PlugIn string
}

// ParseReference accepts awskms:/// and the ARN of a key, or pkcs11:// and what names a key of a token.
func ParseReference(text string) (Reference, error) {
	if plugInReference.MatchString(text) && !pinAttribute.MatchString(text) {
		return Reference{PlugIn: text}, nil
	}
	match := reference.FindStringSubmatch(text)
	if match == nil {
		return Reference{}, errors.New("expected awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID (no alias, no endpoint), or pkcs11://token=TOKEN;object=KEY (no PIN)")
	}
	return Reference{ARN: match[1], Region: match[2]}, nil
}

// Unusable says that KMS or the HSM answered, and that what it has cannot be the key of a log.
type Unusable struct{ error }

// Signer is a crypto.Signer over SHA-256 digests. Every signature was verified in software before it is returned.
type Signer struct {
	// what names the key in errors.
	what      string
	publicKey *ecdsa.PublicKey
	sign      func(ctx context.Context, digest []byte) ([]byte, error)
}

// Open reads the public key, once: a signer goes on with the key that it started with.
func Open(ctx context.Context, key Reference) (*Signer, error) {
	if key.PlugIn != "" {
		return openPlugIn(ctx, key.PlugIn)
	}
	sdk, err := config.LoadDefaultConfig(ctx, config.WithRegion(key.Region))
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	client := kms.NewFromConfig(sdk)
	answer, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &key.ARN})
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", key.ARN, err)
	}
	publicKey, err := checkedKey(answer, key.ARN)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key.ARN, Unusable{err})
	}
	return &Signer{what: key.ARN, publicKey: publicKey, sign: signInKMS(client, key.ARN)}, nil
}

func signInKMS(client *kms.Client, arn string) func(context.Context, []byte) ([]byte, error) {
	return func(ctx context.Context, digest []byte) ([]byte, error) {
		answer, err := client.Sign(ctx, &kms.SignInput{
			KeyId:            &arn,
			Message:          digest,
			MessageType:      types.MessageTypeDigest,
			SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
		})
		if err != nil {
			return nil, fmt.Errorf("KMS: %w", err)
		}
		return answer.Signature, nil
	}
}

func checkedKey(answer *kms.GetPublicKeyOutput, arn string) (*ecdsa.PublicKey, error) {
	if got := aws.ToString(answer.KeyId); got != arn {
		return nil, fmt.Errorf("KMS answered for another key, %q", got)
	}
	if answer.KeyUsage != types.KeyUsageTypeSignVerify ||
		!slices.Contains(answer.SigningAlgorithms, types.SigningAlgorithmSpecEcdsaSha256) {
		return nil, fmt.Errorf("expected a key for ECDSA_SHA_256, got %s %v", answer.KeyUsage, answer.SigningAlgorithms)
	}
	parsed, err := x509.ParsePKIXPublicKey(answer.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("its public key: %w", err)
	}
	return onP256(parsed)
}

func onP256(key crypto.PublicKey) (*ecdsa.PublicKey, error) {
	publicKey, ok := key.(*ecdsa.PublicKey)
	if !ok || publicKey.Curve != elliptic.P256() {
		return nil, errors.New("expected an ECDSA P-256 key")
	}
	return publicKey, nil
}

// Public returns the key as it was when the signer was opened.
func (s *Signer) Public() crypto.PublicKey { return s.publicKey }

// Sign signs a SHA-256 digest. What holds the key has its own source of randomness.
func (s *Signer) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if options == nil || options.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("expected a SHA-256 digest")
	}
	ctx, cancel := context.WithTimeout(context.Background(), signTimeout)
	defer cancel()
	signature, err := s.sign(ctx, digest)
	if err != nil {
		return nil, err
	}
	if !ecdsa.VerifyASN1(s.publicKey, digest, signature) {
		return nil, fmt.Errorf("got a signature that %s did not make", s.what)
	}
	return signature, nil
}
