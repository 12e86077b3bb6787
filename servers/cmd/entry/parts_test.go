package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// parts are the real programs that stand for AWS: MariaDB with TLS for Aurora, ministack for S3. Each runs once.
type parts struct {
	port     int
	admin    *sql.DB
	ca       string
	endpoint string
	// aws are the variables under which an SDK speaks to ministack as its root user.
	aws map[string]string
}

var (
	running    parts
	startOnce  sync.Once
	startError error
	stopAll    []func()
)

func stopParts() {
	for _, stop := range stopAll {
		stop()
	}
}

// startParts skips the test where a program is not installed.
func startParts(t *testing.T) *parts {
	t.Helper()
	ministack := os.Getenv("SIGSTEAD_TEST_MINISTACK")
	if ministack == "" {
		ministack = "ministack"
	}
	for _, program := range []string{ministack, mariadbd(), "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED, and the gate is not tried over real parts: %v (mariadb-server, and SIGSTEAD_TEST_MINISTACK)", err)
		}
	}
	startOnce.Do(func() {
		directory, err := os.MkdirTemp("", "entry-test-")
		if err != nil {
			t.Fatal(err)
		}
		stopAll = append(stopAll, func() { _ = os.RemoveAll(directory) })
		startError = startMariadb(t, directory)
		if startError == nil {
			startError = startMinistack(t, ministack, directory)
		}
	})
	if startError != nil {
		t.Fatal(startError)
	}
	return &running
}

func mariadbd() string {
	if path, err := exec.LookPath("mariadbd"); err == nil {
		return path
	}
	return "/usr/sbin/mariadbd" // Not on every user's PATH.
}

func startMariadb(t *testing.T, directory string) error {
	t.Helper()
	data, socket := filepath.Join(directory, "data"), filepath.Join(directory, "socket")
	ca := issueRoot(t, "database CA")
	certificate, key := ca.writeServer(t, directory)
	running.ca, running.port = ca.pem, freePort(t)
	common := []string{"--no-defaults", "--datadir=" + data}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	install := exec.Command("mariadb-install-db", append(common, "--auth-root-authentication-method=normal", "--skip-test-db")...)
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w: %s", err, output)
	}
	startPart(t, filepath.Join(directory, "mariadb.log"), exec.Command(mariadbd(), append(common, "--socket="+socket, fmt.Sprintf("--port=%d", running.port),
		"--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0",
		"--ssl-cert="+certificate, "--ssl-key="+key)...))
	settings := mysql.NewConfig()
	settings.Net, settings.Addr, settings.User, settings.MultiStatements = "unix", socket, "root", true
	settings.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(settings)
	if err != nil {
		return err
	}
	running.admin = sql.OpenDB(connector)
	return await("MariaDB", running.admin.Ping)
}

func startMinistack(t *testing.T, program, directory string) error {
	t.Helper()
	port := freePort(t)
	running.endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	running.aws = map[string]string{
		"AWS_ENDPOINT_URL": running.endpoint, "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	}
	command := exec.Command(program)
	command.Dir = directory
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TMPDIR=" + directory, "STATE_DIR=" + directory, "S3_DATA_DIR=" + directory,
		"AUTH=true", "BIND_HOST=127.0.0.1", fmt.Sprintf("GATEWAY_PORT=%d", port), "LOG_LEVEL=WARNING",
	}
	startPart(t, filepath.Join(directory, "ministack.log"), command)
	return await("ministack", func() error {
		answer, err := http.Get(running.endpoint + "/_ministack/health")
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d", answer.StatusCode)
		}
		return err
	})
}

// startPart starts a program that ends with this one, however this one ends.
func startPart(t *testing.T, logFile string, command *exec.Cmd) {
	t.Helper()
	output, err := os.Create(logFile)
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread() // The signal comes when the thread ends that started it.
		started <- command.Start()
		<-stop
		_ = command.Process.Kill()
		_ = command.Wait()
		close(stopped)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	stopAll = append([]func(){func() { close(stop); <-stopped }}, stopAll...)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// await asks until there is no error.
func await(what string, ask func() error) error {
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = ask(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (p *parts) execute(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := p.admin.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// copyDatabase makes a database what another one is.
func (p *parts) copyDatabase(t *testing.T, from, to string) {
	t.Helper()
	p.execute(t, "DROP DATABASE IF EXISTS "+to, "CREATE DATABASE "+to)
	rows, err := p.admin.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", from)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		p.execute(t, fmt.Sprintf("CREATE TABLE %s.%s LIKE %s.%s", to, name, from, name), fmt.Sprintf("INSERT INTO %s.%s SELECT * FROM %s.%s", to, name, from, name))
	}
}
