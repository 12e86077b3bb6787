package testbed

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

// Password is of the database user. It must never appear in what a server says.
const Password = "correcthorsebatterystaple"

// Database is MariaDB on loopback, with a user of the same name as its database and one more database for antispam.
type Database struct {
	Port int
	// CAFile is empty where the server has no TLS. Its certificate is for "localhost" alone.
	CAFile string
}

// User and both databases of the testbed.
const (
	User             = "ct"
	DatabaseName     = "ct"
	AntispamDatabase = "ct_antispam"
)

// StartDatabase skips the test where MariaDB is not installed.
func StartDatabase(t *testing.T, tls bool) *Database {
	t.Helper()
	install, err := exec.LookPath("mariadb-install-db")
	server, missing := exec.LookPath(named("SIGSTEAD_TEST_MARIADBD", "/usr/sbin/mariadbd"))
	if err != nil || missing != nil {
		t.Skip("NOT TESTED: no MariaDB: install mariadb-server")
	}
	directory := t.TempDir()
	arguments := []string{"--no-defaults", "--datadir=" + filepath.Join(directory, "data")}
	database := &Database{Port: freePort(t)}
	secure := []string{"--skip-ssl"}
	if tls {
		database.CAFile = NewAuthority(t, directory, "ca")
		secure = []string{"--ssl-cert=" + filepath.Join(directory, "ca-server.pem"), "--ssl-key=" + filepath.Join(directory, "ca-server.key")}
	}
	// It reads one statement per line.
	write(t, directory, "init.sql", []byte(fmt.Sprintf(
		"CREATE DATABASE %[2]s;\nCREATE DATABASE %[3]s;\nCREATE USER '%[1]s'@'%%' IDENTIFIED BY '%[4]s';\n"+
			"GRANT ALL ON %[2]s.* TO '%[1]s'@'%%';\nGRANT ALL ON %[3]s.* TO '%[1]s'@'%%';\n",
		User, DatabaseName, AntispamDatabase, Password)))
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--user=mysql")
		belongTo(t, directory, "mysql")
	}
	if output, err := exec.Command(install, append(arguments, "--skip-test-db")...).CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, output)
	}
	start(t, exec.Command(server, append(append(arguments, secure...),
		"--socket="+filepath.Join(directory, "s"), fmt.Sprintf("--port=%d", database.Port), "--bind-address=127.0.0.1",
		"--skip-name-resolve", "--init-file="+filepath.Join(directory, "init.sql"))...), os.Environ())
	Until(t, "MariaDB", func() bool {
		connection, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/%s", User, Password, database.Port, DatabaseName))
		return err == nil && errors.Join(connection.Ping(), connection.Close()) == nil
	})
	return database
}

// NewAuthority writes a CA (NAME.pem) and a server certificate of it for localhost (NAME-server.pem, NAME-server.key).
func NewAuthority(t *testing.T, directory, name string) string {
	t.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "database"}, DNSNames: []string{"localhost"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, leafKey := newKey(t), newKey(t)
	leafDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, directory, name+"-server.pem", certify(t, leaf, ca, leafKey, caKey))
	write(t, directory, name+"-server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: leafDER}))
	return write(t, directory, name+".pem", certify(t, ca, ca, caKey, caKey))
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certify(t *testing.T, subject, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, subject, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func write(t *testing.T, directory, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(directory, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// belongTo hands a directory to the account that the server runs under, and opens the way to it.
func belongTo(t *testing.T, directory, account string) {
	t.Helper()
	owner, err := user.Lookup(account)
	if err != nil {
		t.Fatal(err)
	}
	var uid, gid int
	if _, err := fmt.Sscan(owner.Uid+" "+owner.Gid, &uid, &gid); err != nil {
		t.Fatal(err)
	}
	err = filepath.Walk(directory, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err = errors.Join(err, os.Chmod(filepath.Dir(directory), 0o755)); err != nil {
		t.Fatal(err)
	}
}
