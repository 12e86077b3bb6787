//go:build cgo

package main

import (
	"time"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

const callHint = "servers start this program; see sigstore-kms-pkcs11 --help"

const help = `sigstore-kms-pkcs11 signs for Sigstore's servers with a key in an HSM

USAGE
  fulcio serve --ca=kmsca --kms-resource='pkcs11://token=TOKEN;object=LABEL' …
  timestamp-server serve --timestamp-signer=kms --kms-key-resource='pkcs11://token=TOKEN;object=LABEL' …
  sigstore-kms-pkcs11 public-key 'pkcs11://token=TOKEN;object=LABEL'

The server finds this program on its PATH and starts it for each call. public-key prints the key in PEM, for its
certificate, once a signature has shown that the token has the other half of it. The reference has the attributes token, serial,
object and id of a PKCS#11 URI (RFC 7512), in percent-encoding.

ENVIRONMENT
  SIGSTEAD_PKCS11_MODULE             absolute path of the PKCS#11 module
  SIGSTEAD_PKCS11_PIN_FILE           file with the PIN, of mode 0600, or /proc/self/fd/N
  SIGSTEAD_PKCS11_PIN                the PIN itself, if there is no file
  SIGSTEAD_PKCS11_ALLOW_EXTRACTABLE  1: take a key that the token would hand out
  SIGSTEAD_PKCS11_EXCLUSIVE          1: one call at a time on this machine (always so with SoftHSM)

EXIT CODES
  0  answered
  1  refused or failed; the answer and stderr say why
`

// parseCall returns the call of the arguments, in which nothing is missing that its method needs.
func parseCall(args []string) (*common.PluginArgs, error) {
	if len(args) != 3 {
		return nil, refuse(callHint, "expected a version of the protocol and a call, got %d arguments", len(args)-1)
	}
	if args[1] != common.ProtocolVersion {
		return nil, refuse("build it from the module that the server is built from",
			"expected version %s of the protocol, got %q", common.ProtocolVersion, args[1])
	}
	call, err := handler.GetPluginArgs(args)
	if err != nil {
		return nil, refuse(callHint, "the call is no JSON document of the protocol").because(err)
	}
	if call.InitOptions == nil || call.MethodArgs == nil || !isWhole(call.MethodArgs) {
		return nil, refuse(callHint, "the call lacks initOptions, methodName or the arguments of its method")
	}
	if version := optionsOf(call).KeyVersion; version != nil && *version != "" {
		return nil, refuse("name another key in the reference", "expected no version of the key, got %q", *version)
	}
	return call, nil
}

// isWhole says whether the arguments that a method reads are there.
func isWhole(method *common.MethodArgs) bool {
	switch method.MethodName {
	case common.CreateKeyMethodName:
		return method.CreateKey != nil
	case common.PublicKeyMethodName:
		return method.PublicKey != nil && method.PublicKey.PublicKeyOptions != nil
	case common.SignMessageMethodName:
		return method.SignMessage != nil && method.SignMessage.SignOptions != nil
	case common.VerifySignatureMethodName:
		return method.VerifySignature != nil && method.VerifySignature.VerifyOptions != nil
	}
	return true
}

// optionsOf returns the options of a whole call.
func optionsOf(call *common.PluginArgs) common.RPCOptions {
	switch call.MethodName {
	case common.PublicKeyMethodName:
		return call.PublicKey.PublicKeyOptions.RPCOptions
	case common.SignMessageMethodName:
		return call.SignMessage.SignOptions.RPCOptions
	case common.VerifySignatureMethodName:
		return call.VerifySignature.VerifyOptions.RPCOptions
	}
	return common.RPCOptions{}
}

// deadlineOf returns the earlier of the call's own deadline and of `latest`. That of the server's start, in initOptions,
// is none for its calls.
func deadlineOf(call *common.PluginArgs, latest time.Time) time.Time {
	if own := optionsOf(call).CtxDeadline; own != nil && own.Before(latest) {
		return *own
	}
	return latest
}
