package main

import (
	"crypto/x509"
	"errors"
	"net/http"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
)

// judge returns the entry to forward: what was understood, written anew. So Rekor cannot understand anything else,
// whatever a body has twice, in another spelling, or behind its end.
func judge(body []byte, writers *writers) ([]byte, error) {
	request := &pb.CreateEntryRequest{}
	// As Rekor's: unknown fields are an error. Its own error names parts of the body; this one does not.
	if err := (protojson.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(body, request); err != nil {
		return nil, &refusal{http.StatusBadRequest, codes.InvalidArgument, "the entry cannot be read"}
	}
	certificate, err := certificateOf(request)
	if err != nil {
		return nil, err
	}
	if err := writers.check(certificate); err != nil {
		return nil, denied(err.Error())
	}
	if err := checkAlgorithm(request.GetHashedRekordRequestV002().GetSignature().GetVerifier()); err != nil {
		return nil, denied(err.Error())
	}
	judged, err := protojson.Marshal(request)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, codes.InvalidArgument, "the entry cannot be read"}
	}
	return judged, nil
}

// certificateOf returns the certificate whose key Rekor verifies the signature with.
func certificateOf(request *pb.CreateEntryRequest) ([]byte, error) {
	entry, ok := request.GetSpec().(*pb.CreateEntryRequest_HashedRekordRequestV002)
	if !ok {
		return nil, denied("expected a hashedrekord")
	}
	verifier, ok := entry.HashedRekordRequestV002.GetSignature().GetVerifier().GetVerifier().(*pb.Verifier_X509Certificate)
	if !ok {
		return nil, denied("expected a certificate, not a key")
	}
	return verifier.X509Certificate.GetRawBytes(), nil
}

// checkAlgorithm passes if the algorithm that the entry names is one of its certificate's key. Rekor looks at the hash
// alone, and writes the name down: with another one of the same hash whoever saw an entry could log it anew.
func checkAlgorithm(verifier *pb.Verifier) error {
	certificate, err := x509.ParseCertificate(verifier.GetX509Certificate().GetRawBytes())
	if err != nil {
		return errors.New("its certificate cannot be read")
	}
	details, err := signature.GetAlgorithmDetails(verifier.GetKeyDetails())
	if err != nil {
		return errors.New("its keyDetails name no algorithm")
	}
	only, err := signature.NewAlgorithmRegistryConfig([]v1.PublicKeyDetails{verifier.GetKeyDetails()})
	if err != nil {
		return errors.New("its keyDetails name no algorithm")
	}
	if fits, err := only.IsAlgorithmPermitted(certificate.PublicKey, details.GetHashType()); err != nil || !fits {
		return errors.New("its keyDetails name the algorithm of another key than its certificate's")
	}
	return nil
}

func denied(why string) *refusal {
	return &refusal{http.StatusForbidden, codes.PermissionDenied, "only holders of a certificate of this instance may write: " + why}
}
