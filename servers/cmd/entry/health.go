package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// healthWord takes the place of PROGRAM, which is an absolute path and so never this.
const healthWord = "health"

// healthTime is below what ECS gives a health check, so that it says itself why it failed.
const healthTime = 4 * time.Second

// exitUnhealthy is the one code that Docker and ECS take as "unhealthy".
const exitUnhealthy = 1

// checkHealth asks the server of this container once. The image has no other program that could.
func checkHealth(args []string, stderr io.Writer) int {
	if err := askHealth(args); err != nil {
		fmt.Fprintf(stderr, "entry: error: health: %v\n", err)
		return exitUnhealthy
	}
	return 0
}

func askHealth(args []string) error {
	if len(args) != 1 {
		return errors.New("expected one URL")
	}
	if err := checkOwn(args[0]); err != nil {
		return err
	}
	client := &http.Client{
		Timeout: healthTime,
		// Neither a proxy of the environment nor a redirect may answer for the server.
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Get(args[0])
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: expected 200, got %d", args[0], answer.StatusCode)
	}
	return nil
}

// checkOwn refuses everything but a server of this container: this is no way to make a task ask anybody else.
func checkOwn(text string) error {
	target, err := url.Parse(text)
	if err != nil {
		return errors.New("expected http://127.0.0.1:PORT/PATH, got no URL")
	}
	address, err := netip.ParseAddrPort(target.Host)
	if target.Scheme != "http" || target.User != nil || err != nil || !address.Addr().IsLoopback() || target.Path == "" {
		return fmt.Errorf("expected http://127.0.0.1:PORT/PATH, got %q", text)
	}
	return nil
}
