package main

import (
	"os"
	"testing"
)

// unreachableWitness has a key of the form that witnesses have, and an address where nobody listens.
const unreachableWitness = `witness w1 sigsum.org+e4ade967+AZuUY6B08pW3QVHu8uvsrxWPcAv9nykap2Nb4oxCee+r http://127.0.0.1:9/
quorum w1
`

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
