package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"google.golang.org/grpc/codes"
)

const entriesPath = "/api/v2/log/entries"

// gate is what clients reach instead of Rekor.
type gate struct {
	writers *writers
	maxBody int64
	rekor   *httputil.ReverseProxy
	logger  *log.Logger
}

func newGate(options *options, writers *writers, logger *log.Logger) *gate {
	return &gate{writers: writers, maxBody: options.maxBody, rekor: proxyTo(options.rekor, logger), logger: logger}
}

// proxyTo forwards a request with nothing of the client's in it but method, path and body.
func proxyTo(rekor string, logger *log.Logger) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: rekor})
			// Headers could turn it into another request: an override of the method, metadata of gRPC, an upgrade.
			r.Out.Header = http.Header{"User-Agent": {"write-gate"}}
			if r.Out.Method == http.MethodPost {
				r.Out.Header.Set("Content-Type", "application/json")
			}
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 256,
			// Shorter than Rekor's.
			IdleConnTimeout:       20 * time.Second,
			ResponseHeaderTimeout: answerTime,
			DisableCompression:    true,
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			logger.Printf("rekor: %v", err)
			refuse(w, &refusal{http.StatusBadGateway, codes.Unavailable, "the log does not answer"})
		},
		ErrorLog: logger,
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	forwarded, err := g.admit(w, r)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		// Not the path, nor anything else that a client chose.
		g.logger.Printf("refused (%d): %s", refused.status, refused.message)
		refuse(w, refused)
	case err != nil:
		// The client went away.
	default:
		g.rekor.ServeHTTP(w, forwarded)
	}
}

// admit returns the request that Rekor gets.
func (g *gate) admit(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return withBody(r, nil), nil
	case r.Method != http.MethodPost:
		return nil, &refusal{http.StatusMethodNotAllowed, codes.Unimplemented, "expected GET, HEAD or POST"}
	case r.RequestURI != entriesPath:
		return nil, &refusal{http.StatusNotFound, codes.NotFound, "not found"}
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return nil, &refusal{http.StatusUnsupportedMediaType, codes.InvalidArgument, "expected application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, codes.InvalidArgument, "the entry is too large"}
	}
	if err != nil {
		return nil, err
	}
	judged, err := judge(body, g.writers)
	if err != nil {
		return nil, err
	}
	return withBody(r, judged), nil
}

// withBody returns the request with another body, and without anything that spoke of the first.
func withBody(r *http.Request, body []byte) *http.Request {
	forwarded := r.Clone(r.Context())
	forwarded.TransferEncoding, forwarded.Trailer, forwarded.ContentLength = nil, nil, int64(len(body))
	forwarded.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		forwarded.Body = http.NoBody
	}
	return forwarded
}

// refusal is an answer in the shape of Rekor's own errors.
type refusal struct {
	status  int
	code    codes.Code
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(w http.ResponseWriter, refused *refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(refused.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": refused.code, "message": refused.message, "details": []any{}})
}
