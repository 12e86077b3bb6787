// Package testbed starts what the servers' tests run against: an emulator of AWS, and MariaDB with TLS.
package testbed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	ministackVariable = "SIGSTEAD_TEST_MINISTACK"
	region            = "eu-central-1"
	startTimeout      = 60 * time.Second
)

// AWS is an emulator on loopback. The environment of the test makes the AWS SDK speak to it.
type AWS struct {
	config  aws.Config
	buckets atomic.Int32
}

// StartAWS skips the test where ministack is not installed.
func StartAWS(t *testing.T) *AWS {
	t.Helper()
	program, err := exec.LookPath(named(ministackVariable, "ministack"))
	if err != nil {
		t.Skipf("NOT TESTED: no emulator of AWS: set %s to ministack (PyPI)", ministackVariable)
	}
	directory := t.TempDir()
	port := freePort(t)
	endpoint := fmt.Sprintf("http://127.0.0.1:%d", port)
	start(t, exec.Command(program), []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + directory, "TMPDIR=" + directory, "STATE_DIR=" + directory,
		"S3_DATA_DIR=" + directory, "AUTH=true", "BIND_HOST=127.0.0.1", fmt.Sprintf("GATEWAY_PORT=%d", port),
		"LOG_LEVEL=WARNING",
	})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	Until(t, "ministack", func() bool {
		answer, err := http.Get(endpoint + "/_ministack/health")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return &AWS{config: settings}
}

// NewKey makes a KMS key and returns its ARN.
func (a *AWS) NewKey(t *testing.T, spec types.KeySpec) string {
	t.Helper()
	usage := types.KeyUsageTypeSignVerify
	if spec == types.KeySpecSymmetricDefault {
		usage = types.KeyUsageTypeEncryptDecrypt
	}
	made, err := kms.NewFromConfig(a.config).CreateKey(context.Background(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(made.KeyMetadata.Arn)
}

// NewBucket makes an empty bucket and returns its name.
func (a *AWS) NewBucket(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("log-%d-%d", os.Getpid(), a.buckets.Add(1))
	_, err := a.S3().CreateBucket(context.Background(), &s3.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// S3 returns a client of the emulator.
func (a *AWS) S3() *s3.Client {
	return s3.NewFromConfig(a.config, func(o *s3.Options) { o.UsePathStyle = true })
}

// Until waits for a condition, and fails the test when it takes too long.
func Until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, startTimeout)
		}
	}
}

// start runs a program until the test ends.
func start(t *testing.T, command *exec.Cmd, environment []string) {
	t.Helper()
	output := &strings.Builder{}
	command.Env, command.Stdout, command.Stderr = environment, output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", command.Path, output)
		}
	})
}

func named(variable, name string) string {
	if value := os.Getenv(variable); value != "" {
		return value
	}
	return name
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
