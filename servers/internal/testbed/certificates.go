package testbed

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Issuer is a CA as Fulcio's is: it submits precertificates for code signing to a CT log.
type Issuer struct {
	RootFile    string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// NewIssuer makes a root and writes it to a file.
func NewIssuer(t *testing.T) *Issuer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fulcio.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	key := newKey(t)
	text := certify(t, template, template, key, key)
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return &Issuer{
		RootFile:    write(t, t.TempDir(), "roots.pem", text),
		certificate: certificate, key: key, serial: 1,
	}
}

// Submission is a chain for add-pre-chain, and what the log has to sign for it.
type Submission struct {
	Body          []byte
	tbs           []byte
	issuerKeyHash [32]byte
}

// Precertificate makes a new submission.
func (i *Issuer) Precertificate(t *testing.T) *Submission {
	t.Helper()
	i.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), Subject: pkix.Name{}, EmailAddresses: []string{"dev@example.com"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	key := newKey(t)
	// What the log signs is the certificate without the extension that makes it a precertificate (RFC 6962 §3.2).
	plain, err := x509.CreateCertificate(rand.Reader, template, i.certificate, &key.PublicKey, i.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(plain)
	if err != nil {
		t.Fatal(err)
	}
	template.ExtraExtensions = []pkix.Extension{{
		Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}, Critical: true, Value: []byte{5, 0},
	}}
	poisoned, err := x509.CreateCertificate(rand.Reader, template, i.certificate, &key.PublicKey, i.key)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string][][]byte{"chain": {poisoned, i.certificate.Raw}})
	if err != nil {
		t.Fatal(err)
	}
	return &Submission{Body: body, tbs: certificate.RawTBSCertificate, issuerKeyHash: sha256.Sum256(i.certificate.RawSubjectPublicKeyInfo)}
}

// Submit posts it to a log and returns the answer.
func (s *Submission) Submit(t *testing.T, url string) (int, []byte) {
	t.Helper()
	answer, err := http.Post(url+"/ct/v1/add-pre-chain", "application/json", bytes.NewReader(s.Body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body
}

// Verify checks the SCT in a log's answer (RFC 6962 §3.2).
func (s *Submission) Verify(t *testing.T, answer []byte, key *ecdsa.PublicKey) {
	t.Helper()
	var sct struct {
		ID         []byte `json:"id"`
		Timestamp  uint64 `json:"timestamp"`
		Extensions string `json:"extensions"`
		Signature  []byte `json:"signature"`
	}
	if err := json.Unmarshal(answer, &sct); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	extensions, err := base64.StdEncoding.DecodeString(sct.Extensions)
	if err != nil {
		t.Fatal(err)
	}
	signed := &cryptobyte.Builder{}
	signed.AddBytes([]byte{0, 0})
	signed.AddUint64(sct.Timestamp)
	signed.AddUint16(1)
	signed.AddBytes(s.issuerKeyHash[:])
	signed.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.tbs) })
	signed.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(extensions) })
	digest := sha256.Sum256(signed.BytesOrPanic())
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if id := sha256.Sum256(spki); !bytes.Equal(sct.ID, id[:]) {
		t.Errorf("log id: expected %x, got %x", id, sct.ID)
	}
	if len(sct.Signature) < 4 || !ecdsa.VerifyASN1(key, digest[:], sct.Signature[4:]) {
		t.Error("the SCT does not verify")
	}
}
