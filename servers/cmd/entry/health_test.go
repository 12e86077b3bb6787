package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHealth(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/healthz":
			fmt.Fprint(w, "ok")
		case "/moved":
			http.Redirect(w, r, "/healthz", http.StatusFound)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	cases := []struct {
		what string
		args []string
		want string
	}{
		{"a healthy server", []string{server.URL + "/healthz"}, ""},
		{"an unhealthy one", []string{server.URL + "/ill"}, "expected 200, got 503"},
		{"a redirect", []string{server.URL + "/moved"}, "expected 200, got 302"},
		{"nobody", []string{"http://" + unusedAddress(t) + "/healthz"}, "connection refused"},
		{"another host", []string{"http://10.0.0.1:80/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"a name", []string{"http://localhost:80/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"an unspecified address", []string{"http://0.0.0.0:80/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"TLS", []string{"https://127.0.0.1:80/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"a user", []string{"http://a@127.0.0.1:80/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"no port", []string{"http://127.0.0.1/healthz"}, "expected http://127.0.0.1:PORT/PATH"},
		{"no path", []string{server.URL}, "expected http://127.0.0.1:PORT/PATH"},
		{"no URL", []string{"\x00"}, "got no URL"},
		{"nothing", nil, "expected one URL"},
		{"too much", []string{server.URL + "/healthz", "x"}, "expected one URL"},
	}
	for _, test := range cases {
		t.Run(test.what, func(t *testing.T) {
			// What the container's environment says is nothing to it, valid or not.
			environ := []string{"SIGSTEAD_FILES=not JSON", "SIGSTEAD_UNKNOWN=1"}
			var stdout, stderr bytes.Buffer
			code := run(append([]string{"health"}, test.args...), environ, &stdout, &stderr)
			if test.want == "" && (code != 0 || stderr.Len() > 0) {
				t.Errorf("got %d: %s", code, &stderr)
			}
			if test.want != "" && (code != 1 || !strings.Contains(stderr.String(), test.want) || strings.Count(stderr.String(), "\n") != 1) {
				t.Errorf("got %d: %s", code, &stderr)
			}
			if stdout.Len() > 0 {
				t.Errorf("expected nothing on stdout, got %s", &stdout)
			}
		})
	}
}

func TestHealthDoesNotUseAProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://"+unusedAddress(t))
	TestHealth(t)
}

func TestHealthDoesNotWait(t *testing.T) {
	// The kernel takes the connection, and nobody answers it: so hangs a server that is stopped.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	var stderr bytes.Buffer
	began := time.Now()
	if code := run([]string{"health", "http://" + silent.Addr().String() + "/healthz"}, nil, &bytes.Buffer{}, &stderr); code != 1 {
		t.Errorf("got %d: %s", code, &stderr)
	}
	if took := time.Since(began); took > healthTime+3*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestHealthIsNoProgram(t *testing.T) {
	var stderr bytes.Buffer
	if code := run([]string{"/health"}, nil, &bytes.Buffer{}, &stderr); code != exitUsage {
		t.Errorf("expected a program that is not there, got %d: %s", code, &stderr)
	}
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
