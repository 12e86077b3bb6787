package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// roleVariable makes the test binary play a program: entry itself, or a server that it starts.
const roleVariable = "ENTRY_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "entry":
		main()
	case "echo":
		echo()
	case "log":
		os.Exit(serveLog(os.Args[1:]))
	default:
		code := m.Run()
		stopParts()
		os.Exit(code)
	}
}

// heard is what the server was given.
type heard struct {
	Pid         int
	Args        []string
	Environment map[string]string
	Files       map[string]string
	// Writable names the files that could be opened for writing, or changed through a descriptor that was inherited.
	Writable []string
}

func echo() {
	said := heard{Pid: os.Getpid(), Args: os.Args[1:], Environment: map[string]string{}, Files: map[string]string{}}
	values := os.Args[1:]
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		said.Environment[name] = value
		values = append(values, value)
	}
	for _, value := range values {
		at := strings.Index(value, "/proc/self/fd/")
		if at < 0 {
			continue
		}
		path := value[at:]
		content, err := os.ReadFile(path)
		if err != nil {
			content = []byte(err.Error())
		}
		said.Files[path] = string(content)
		if file, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			if _, err := file.Write([]byte("x")); err == nil {
				said.Writable = append(said.Writable, path)
			}
		}
		if os.Truncate(path, int64(len(content))+1) == nil {
			said.Writable = append(said.Writable, path)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(said)
}

// entryCommand runs the test binary as entry, with the test binary as its server in the given role.
func entryCommand(t *testing.T, role string, variables map[string]string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	templates := map[string]string{}
	if given, set := variables[environmentVariable]; set {
		if err := json.Unmarshal([]byte(given), &templates); err != nil {
			t.Fatal(err)
		}
	}
	templates[roleVariable] = role
	command := exec.Command(self, append([]string{self}, args...)...)
	command.Env = []string{roleVariable + "=entry"}
	for name, value := range variables {
		if name != environmentVariable {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	command.Env = append(command.Env, environmentVariable+"="+toJSON(t, templates))
	return command
}

func runEntry(t *testing.T, variables map[string]string, args ...string) (said heard, pid int) {
	t.Helper()
	command := entryCommand(t, "echo", variables, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
		t.Fatalf("%v: %s", err, &stdout)
	}
	return said, command.Process.Pid
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEntryBecomesTheServer(t *testing.T) {
	said, pid := runEntry(t, map[string]string{
		filesVariable:       toJSON(t, map[string]string{"config.yaml": "a: ${nonce}\n", "empty": ""}),
		environmentVariable: toJSON(t, map[string]string{"CONFIG": "${file:config.yaml}", "TOKEN": "t-${env:PASSED}"}),
		"DB_PASSWORD":       "hunter2", "PASSED": "kept", "AWS_REGION": "eu-central-1", "PLAIN": "stays", markerVariable: "mine",
	}, "serve", "--config=${file:config.yaml}", "--dsn=u:${env:DB_PASSWORD}@tcp(h)", "--region=${env:AWS_REGION}", "--id=${nonce}", "$${x}", "--id2=${nonce}", "${file:empty}")

	if said.Pid != pid {
		t.Errorf("expected the server to take over process %d, got %d", pid, said.Pid)
	}
	if said.Args[2] != "--dsn=u:hunter2@tcp(h)" || said.Args[3] != "--region=eu-central-1" || said.Args[5] != "${x}" {
		t.Errorf("arguments: %q", said.Args)
	}
	nonce := strings.TrimPrefix(said.Args[4], "--id=")
	if len(nonce) != 32 || strings.TrimPrefix(said.Args[6], "--id2=") != nonce {
		t.Errorf("expected one nonce of 32 hex digits, got %q", said.Args)
	}
	path := strings.TrimPrefix(said.Args[1], "--config=")
	if said.Files[path] != "a: ${nonce}\n" || said.Environment["CONFIG"] != path {
		t.Errorf("expected the file as it was given, got %q at %q", said.Files[path], path)
	}
	if len(said.Files) != 2 || len(said.Writable) > 0 {
		t.Errorf("expected two files that nobody can write, got %q, writable %q", said.Files, said.Writable)
	}
	want := map[string]string{"TOKEN": "t-kept", "PLAIN": "stays", "AWS_REGION": "eu-central-1", markerVariable: "mine", "CONFIG": path, roleVariable: "echo"}
	if fmt.Sprint(said.Environment) != fmt.Sprint(want) {
		t.Errorf("environment: expected %q, got %q", want, said.Environment)
	}
}

func TestEntryPassesOnASecretThatIsNamed(t *testing.T) {
	said, _ := runEntry(t, map[string]string{
		environmentVariable: `{"DATABASE_PASSWORD":"${env:DATABASE_PASSWORD}"}`, "DATABASE_PASSWORD": "hunter2",
	})
	if said.Environment["DATABASE_PASSWORD"] != "hunter2" {
		t.Errorf("environment: %q", said.Environment)
	}
}

func TestEntryHandsThePinOnAsAFile(t *testing.T) {
	said, _ := runEntry(t, map[string]string{"SIGSTEAD_PKCS11_MODULE": "/m.so", "SIGSTEAD_PKCS11_EXCLUSIVE": "1", "SIGSTEAD_PKCS11_PIN": "246813"})
	path := said.Environment["SIGSTEAD_PKCS11_PIN_FILE"]
	if said.Files[path] != "246813" || len(said.Writable) > 0 {
		t.Errorf("expected a file with the PIN that nobody can write, got %q, writable %q", said.Files, said.Writable)
	}
	want := map[string]string{"SIGSTEAD_PKCS11_MODULE": "/m.so", "SIGSTEAD_PKCS11_EXCLUSIVE": "1", "SIGSTEAD_PKCS11_PIN_FILE": path, roleVariable: "echo"}
	if fmt.Sprint(said.Environment) != fmt.Sprint(want) {
		t.Errorf("environment: expected %q, got %q", want, said.Environment)
	}
}

func TestEntryJoinsExtraRoots(t *testing.T) {
	first, second := issueRoot(t, "first").pem, issueRoot(t, "second").pem
	base := t.TempDir() + "/bundle.pem"
	if err := os.WriteFile(base, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	said, _ := runEntry(t, map[string]string{
		filesVariable: toJSON(t, map[string]string{"extra.pem": second}), extraRootsVariable: "extra.pem", bundleVariable: base,
	})
	joined := said.Files[said.Environment[bundleVariable]]
	roots, err := parseRoots(joined)
	if err != nil || len(roots) != 2 || roots[0].Subject.CommonName != "first" || roots[1].Subject.CommonName != "second" {
		t.Errorf("expected both roots, got %d of them in %q: %v", len(roots), joined, err)
	}
}

func TestRunReportsAndNamesNoSecret(t *testing.T) {
	const secret = "hunter2-is-secret"
	for name, test := range map[string]struct {
		args    []string
		environ []string
		code    int
		want    string
	}{
		"no program":         {nil, nil, exitUsage, "absolute path"},
		"relative program":   {[]string{"bin/rekor"}, nil, exitUsage, "absolute path"},
		"missing program":    {[]string{"/nowhere/rekor"}, nil, exitUsage, "/nowhere/rekor"},
		"unset variable":     {[]string{"/bin/x", "--a=${env:LOST}"}, []string{"P=" + secret}, exitUnset, "argument 1: ${env:LOST}"},
		"unknown file":       {[]string{"/bin/x", "${file:lost}"}, []string{`SIGSTEAD_FILES={"a":"` + secret + `"}`}, exitUnset, "${file:lost}"},
		"files are no JSON":  {[]string{"/bin/x"}, []string{"SIGSTEAD_FILES={" + secret}, exitInput, "SIGSTEAD_FILES: expected JSON"},
		"NUL in a value":     {[]string{"/bin/x", "${env:P}"}, []string{"P=\x00" + secret}, exitInput, "argument 1: expected no NUL"},
		"misspelt gate":      {[]string{"/bin/x"}, []string{"SIGSTEAD_GATES={}"}, exitInput, "SIGSTEAD_GATES: unknown variable"},
		"roots without file": {[]string{"/bin/x"}, []string{"SIGSTEAD_EXTRA_ROOTS=x.pem"}, exitUnset, `SIGSTEAD_FILES has no file "x.pem"`},
		"roots are no PEM":   {[]string{"/bin/x"}, []string{"SIGSTEAD_EXTRA_ROOTS=a", `SIGSTEAD_FILES={"a":"` + secret + `"}`}, exitInput, "expected only certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := run(test.args, test.environ, io.Discard, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.want) || !strings.Contains(stderr.String(), "entry: hint: ") {
				t.Errorf("expected exit code %d and %q, got %d and %q", test.code, test.want, code, &stderr)
			}
			if strings.Contains(stderr.String(), secret) {
				t.Errorf("the secret is in %q", &stderr)
			}
		})
	}
}

func TestRunPrintsHelp(t *testing.T) {
	var stdout bytes.Buffer
	if code := run([]string{"--help"}, nil, &stdout, io.Discard); code != 0 || !strings.Contains(stdout.String(), "EXIT CODES") {
		t.Errorf("exit code %d, stdout %q", code, &stdout)
	}
}
