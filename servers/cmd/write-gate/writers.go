package main

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// skew is how far the clocks of Fulcio and of this gate may differ. Certificates live for ten minutes.
const skew = 30 * time.Second

var subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// writers are the authorities whose certificates let somebody write.
type writers struct {
	issuers *x509.CertPool
	now     func() time.Time
}

func readWriters(path string) (*writers, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	issuers, err := parseIssuers(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &writers{issuers: issuers, now: time.Now}, nil
}

// parseIssuers refuses what it does not understand: an authority that was left out would lock its holders out.
func parseIssuers(text []byte) (*x509.CertPool, error) {
	issuers := x509.NewCertPool()
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" || !certificate.IsCA {
			return nil, errors.New("expected certificates of authorities")
		}
		issuers.AddCert(certificate)
		text = rest
	}
	// None is what is left when the time of every issuer has ended: then nobody writes.
	if len(bytes.TrimSpace(text)) > 0 {
		return nil, errors.New("expected certificates and nothing else")
	}
	return issuers, nil
}

// check passes for a certificate that one of the issuers signed, that is for signing code, and valid now.
//
// The signed certificate timestamp in it is not looked at: Fulcio gives no certificate away without one, and clients
// and monitors hold it against the CT log.
func (w *writers) check(der []byte) error {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return errors.New("its certificate cannot be read")
	}
	if certificate.IsCA || !slices.Contains(certificate.ExtKeyUsage, x509.ExtKeyUsageCodeSigning) {
		return errors.New("expected a certificate for signing code")
	}
	// Fulcio's usernames are names that Go does not know. Who it is does not matter here.
	certificate.UnhandledCriticalExtensions = slices.DeleteFunc(certificate.UnhandledCriticalExtensions, subjectAltName.Equal)
	_, err = certificate.Verify(x509.VerifyOptions{
		Roots:       w.issuers,
		CurrentTime: w.within(certificate),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert == certificate {
		return fmt.Errorf("its certificate is valid from %s to %s", certificate.NotBefore.Format(time.RFC3339), certificate.NotAfter.Format(time.RFC3339))
	}
	if err != nil {
		return errors.New("its certificate is not of this instance")
	}
	return nil
}

// within returns now, or the end of the certificate's time that is nearer than the skew.
func (w *writers) within(certificate *x509.Certificate) time.Time {
	now := w.now()
	if early := certificate.NotBefore.Sub(now); early > 0 && early <= skew {
		return certificate.NotBefore
	}
	if late := now.Sub(certificate.NotAfter); late > 0 && late <= skew {
		return certificate.NotAfter
	}
	return now
}
