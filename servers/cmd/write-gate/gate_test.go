package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"google.golang.org/protobuf/encoding/protojson"
)

// bench is a gate before a server that notes what reaches it.
type bench struct {
	url     string
	issuer  *authority
	reached []*http.Request
	bodies  []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{issuer: newAuthority(t, "fulcio", nil)}
	rekor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.reached, b.bodies = append(b.reached, r), append(b.bodies, string(body))
		w.Header().Set("X-Log-Index", "7")
		w.WriteHeader(map[string]int{http.MethodPost: http.StatusConflict}[r.Method] + map[string]int{http.MethodGet: 200, http.MethodHead: 200}[r.Method])
		fmt.Fprint(w, "of rekor")
	}))
	t.Cleanup(rekor.Close)
	b.url = serveGate(t, strings.TrimPrefix(rekor.URL, "http://"), b.issuer)
	return b
}

func serveGate(t *testing.T, rekor string, issuer *authority) string {
	t.Helper()
	writers, err := readWriters(pemFile(t, issuer))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(newGate(&options{rekor: rekor, maxBody: 4096}, writers, log.New(io.Discard, "", 0)))
	t.Cleanup(server.Close)
	return server.URL
}

func (b *bench) send(t *testing.T, method, path, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for at := 0; at < len(headers); at += 2 {
		request.Header.Set(headers[at], headers[at+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), answer.Header
}

// entry is a request as clients send it, with this in the place of the verifier.
func entry(verifier string) string {
	return `{"hashedRekordRequestV002":{"digest":"AAAA","signature":{"content":"AAAA","verifier":{` + verifier + `,"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`
}

func holding(der []byte) string {
	return `"x509Certificate":{"rawBytes":"` + base64.StdEncoding.EncodeToString(der) + `"}`
}

const publicKey = `"publicKey":{"rawBytes":"AAAA"}`

func TestGateAdmits(t *testing.T) {
	b := newBench(t)
	sent := entry(holding(b.issuer.issue(t)))
	code, body, header := b.send(t, http.MethodPost, entriesPath, sent, "X-HTTP-Method-Override", "GET", "Grpc-Metadata-X", "1", "Accept-Encoding", "gzip")
	if code != http.StatusConflict || body != "of rekor" || header.Get("X-Log-Index") != "7" {
		t.Fatalf("expected the log's answer as it is, got %d %s %v", code, body, header)
	}
	var was, is pb.CreateEntryRequest
	if err := protojson.Unmarshal([]byte(b.bodies[0]), &is); err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal([]byte(sent), &was); err != nil || was.String() != is.String() {
		t.Errorf("expected the same entry, got %s", b.bodies[0])
	}
	for name := range b.reached[0].Header {
		if name != "Content-Type" && name != "Content-Length" && name != "User-Agent" {
			t.Errorf("the header %s reached the log", name)
		}
	}
	// Health, and whatever is read.
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if code, _, _ := b.send(t, method, "/healthz", "", "X-HTTP-Method-Override", "POST"); code != http.StatusOK {
			t.Errorf("%s: got %d", method, code)
		}
	}
	if got := b.reached[1]; got.Method != http.MethodGet || got.URL.Path != "/healthz" || got.Header.Get("X-HTTP-Method-Override") != "" {
		t.Errorf("got %v", got)
	}
}

func TestGateForwardsWhatItUnderstood(t *testing.T) {
	b := newBench(t)
	der := b.issuer.issue(t)
	// The names of fields may be written in two ways, strings with escapes, and base64 in two alphabets.
	sent := strings.NewReplacer("hashedRekordRequestV002", "hashed_rekord_request_v002", "x509Certificate", `x509\u0043ertificate`).Replace(entry(holding(der)))
	if code, body, _ := b.send(t, http.MethodPost, entriesPath, " \n"+sent+"\n"); code != http.StatusConflict {
		t.Fatalf("got %d %s", code, body)
	}
	for _, odd := range []string{"hashed_rekord", `\u0043`, "\n"} {
		if strings.Contains(b.bodies[0], odd) {
			t.Errorf("expected it to be written anew, got %s", b.bodies[0])
		}
	}
	if !strings.Contains(b.bodies[0], base64.StdEncoding.EncodeToString(der)) {
		t.Error("expected the certificate that was judged")
	}
}

func TestGateRefuses(t *testing.T) {
	b := newBench(t)
	mine, foreign := holding(b.issuer.issue(t)), holding(newAuthority(t, "fulcio", nil).issue(t))
	good := entry(mine)
	cases := []struct {
		what, method, path, body string
		headers                  []string
		status, code             int
		message                  string
	}{
		{"a public key", "POST", entriesPath, entry(publicKey), nil, 403, 7, "not a key"},
		{"a certificate of another authority", "POST", entriesPath, entry(foreign), nil, 403, 7, "not of this instance"},
		{"the algorithm of another key", "POST", entriesPath, strings.Replace(good, "PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PSS_4096_SHA256", 1), nil, 403, 7, "another key"},
		{"an algorithm of no key", "POST", entriesPath, strings.Replace(good, "PKIX_ECDSA_P256_SHA_256", "LMS_SHA256", 1), nil, 403, 7, "keyDetails"},
		{"no algorithm", "POST", entriesPath, strings.Replace(good, "PKIX_ECDSA_P256_SHA_256", "PUBLIC_KEY_DETAILS_UNSPECIFIED", 1), nil, 403, 7, "no algorithm"},
		{"no verifier", "POST", entriesPath, entry(`"keyDetails":0`), nil, 400, 3, ""},
		{"an empty certificate", "POST", entriesPath, entry(`"x509Certificate":{}`), nil, 403, 7, "cannot be read"},
		{"no certificate in a verifier", "POST", entriesPath, `{"hashedRekordRequestV002":{"signature":{"verifier":{}}}}`, nil, 403, 7, "not a key"},
		{"an attestation", "POST", entriesPath, `{"dsseRequestV002":{"verifiers":[{` + mine + `}]}}`, nil, 403, 7, "hashedrekord"},
		{"nothing", "POST", entriesPath, `{}`, nil, 403, 7, "hashedrekord"},
		{"a certificate and a key", "POST", entriesPath, entry(mine + "," + publicKey), nil, 400, 3, "cannot be read"},
		{"a key and a certificate", "POST", entriesPath, entry(publicKey + "," + mine), nil, 400, 3, "cannot be read"},
		{"two certificates", "POST", entriesPath, entry(mine + "," + foreign), nil, 400, 3, "cannot be read"},
		{"the same field in two spellings", "POST", entriesPath, entry(mine + `,"x509_certificate":{"rawBytes":"AAAA"}`), nil, 400, 3, "cannot be read"},
		{"two entries", "POST", entriesPath, good[:len(good)-1] + `,"hashedRekordRequestV002":{}}`, nil, 400, 3, "cannot be read"},
		{"another kind besides", "POST", entriesPath, good[:len(good)-1] + `,"dsseRequestV002":{}}`, nil, 400, 3, "cannot be read"},
		{"a field that is not known", "POST", entriesPath, good[:len(good)-1] + `,"x":1}`, nil, 400, 3, "cannot be read"},
		{"a second document", "POST", entriesPath, good + entry(publicKey), nil, 400, 3, "cannot be read"},
		{"no JSON", "POST", entriesPath, "entry", nil, 400, 3, "cannot be read"},
		{"no body", "POST", entriesPath, "", nil, 400, 3, "cannot be read"},
		{"too large a body", "POST", entriesPath, good + strings.Repeat(" ", 4096), nil, 413, 3, "too large"},
		{"a form", "POST", entriesPath, good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, 3, "application/json"},
		{"gRPC", "POST", entriesPath, good, []string{"Content-Type", "application/grpc"}, 415, 3, "application/json"},
		{"a compressed body", "POST", entriesPath, good, []string{"Content-Encoding", "gzip"}, 415, 3, "application/json"},
		{"gRPC's own path", "POST", "/dev.sigstore.rekor.v2.Rekor/CreateEntry", good, nil, 404, 5, "not found"},
		{"another spelling of the path", "POST", "/api/v2/log/entries/", good, nil, 404, 5, "not found"},
		{"an escaped path", "POST", "/api/v2/log/%65ntries", good, nil, 404, 5, "not found"},
		{"a query", "POST", entriesPath + "?a=b", good, nil, 404, 5, "not found"},
		{"another method", "PUT", entriesPath, good, nil, 405, 12, "expected GET"},
	}
	for _, test := range cases {
		status, text, header := b.send(t, test.method, test.path, test.body, test.headers...)
		var said struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			Details *[]any `json:"details"`
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil || said.Details == nil || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: expected an error of the log's shape, got %s", test.what, text)
		}
		if status != test.status || said.Code != test.code || !strings.Contains(said.Message, test.message) {
			t.Errorf("%s: expected %d (%d) %q, got %d %s", test.what, test.status, test.code, test.message, status, text)
		}
	}
	if len(b.reached) > 0 {
		t.Errorf("%d requests reached the log", len(b.reached))
	}
}

func TestGateSaysThatTheLogIsAway(t *testing.T) {
	issuer := newAuthority(t, "fulcio", nil)
	b := &bench{url: serveGate(t, "127.0.0.1:9", issuer)}
	if status, text, _ := b.send(t, http.MethodPost, entriesPath, entry(holding(issuer.issue(t)))); status != http.StatusBadGateway || !strings.Contains(text, `"code":14`) {
		t.Errorf("got %d %s", status, text)
	}
	if status, _, _ := b.send(t, http.MethodGet, "/healthz", ""); status != http.StatusBadGateway {
		t.Errorf("its health: got %d", status)
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, args := range [][]string{{}, {"--issuers=/nonexistent"}, {"--issuers=x", "y"}, {"--issuers=x", "--max-body=0"}, {"--unknown"}} {
		var stderr bytes.Buffer
		if code := run(context.Background(), args, io.Discard, &stderr); code == 0 || !strings.Contains(stderr.String(), "write-gate: error: ") {
			t.Errorf("%v: got %d %s", args, code, &stderr)
		}
	}
}
