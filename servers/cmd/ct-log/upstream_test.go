package main

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What upstream has and we have not, with the reason. A flag of a new version that stands nowhere here fails the test:
// read what it does, and take it over or say why not.
var leftOut = map[string]string{
	"db_password":                    "arguments can be read by others: DATABASE_PASSWORD",
	"signer_public_key_secret_name":  "the key is in KMS",
	"signer_private_key_secret_name": "the key is in KMS",
	"signer_public_key_file":         "the key is in KMS",
	"signer_private_key_file":        "the key is in KMS",
	"pushback_max_dedupe_in_flight":  "deprecated name of rate_limit_dedup",
}

// What we have and upstream has not.
var added = []string{"db_tls_ca", "signer_kms_key"}

// Defaults that are not upstream's, with the reason.
var otherDefaults = map[string]string{
	"accept_sha1_signing_algorithms": "only Chrome's monitor needs it, and no Sigstore CA signs with SHA-1",
}

func TestFlagsAgainstUpstream(t *testing.T) {
	ours := map[string]string{}
	(&options{}).flags().VisitAll(func(f *flag.Flag) { ours[f.Name] = f.DefValue })
	theirs := upstreamFlags(t)
	if len(theirs) < 40 {
		t.Fatalf("expected upstream's main to have its 50 flags, found %d: it is written in another way now", len(theirs))
	}
	for name, value := range theirs {
		_, isLeftOut := leftOut[name]
		got, isOurs := ours[name]
		switch {
		case isLeftOut && isOurs:
			t.Errorf("%s is left out, and here all the same", name)
		case !isLeftOut && !isOurs:
			t.Errorf("upstream has a flag %s: take it over, or say in leftOut why not", name)
		case isOurs && value != "" && value != got && otherDefaults[name] == "":
			t.Errorf("%s: upstream's default is %s, ours %s", name, value, got)
		}
	}
	for name := range ours {
		if _, known := theirs[name]; !known && !slices.Contains(added, name) {
			t.Errorf("upstream has no flag %s (any more)", name)
		}
	}
	for name := range leftOut {
		if _, known := theirs[name]; !known {
			t.Errorf("leftOut: upstream has no flag %s any more", name)
		}
	}
}

// What upstream tells the library, we tell it too: an option of a new version that its main sets is not missed.
func TestLibraryCallsAgainstUpstream(t *testing.T) {
	theirs := libraryCalls(t, upstreamFiles(t))
	// Some of ours are set by a statement instead of in the literal.
	ours := append(libraryCalls(t, sources(t, ".")), assignedFields(t, sources(t, "."))...)
	if len(theirs) < 20 {
		t.Fatalf("expected upstream's main to set 20 options or more, found %v", theirs)
	}
	for _, call := range theirs {
		if !slices.Contains(ours, call) {
			t.Errorf("upstream's main sets %s, and ours does not", call)
		}
	}
}

func upstreamFiles(t *testing.T) []string {
	t.Helper()
	output, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/transparency-dev/tesseract").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return sources(t, filepath.Join(strings.TrimSpace(string(output)), "cmd", "tesseract", "aws"))
}

func sources(t *testing.T, directory string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no sources (%v)", directory, err)
	}
	return slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}

func inspect(t *testing.T, files []string, visit func(ast.Node)) {
	t.Helper()
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			visit(node)
			return true
		})
	}
}

// upstreamFlags returns each flag with its default, or "" where that is no literal.
func upstreamFlags(t *testing.T) map[string]string {
	flags := map[string]string{}
	inspect(t, upstreamFiles(t), func(node ast.Node) {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || len(call.Args) < 3 {
			return
		}
		if of, ok := function.X.(*ast.Ident); !ok || of.Name != "flag" {
			return
		}
		// flag.Var(&x, "name", usage), flag.XxxVar(&x, "name", default, usage), flag.Xxx("name", default, usage).
		name, value := call.Args[0], call.Args[1]
		if strings.HasSuffix(function.Sel.Name, "Var") {
			name, value = call.Args[1], call.Args[2]
		}
		flags[literal(name)] = ""
		if function.Sel.Name != "Var" {
			flags[literal(name)] = literal(value)
		}
	})
	return flags
}

func literal(node ast.Expr) string {
	switch node := node.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(node.Value); err == nil {
			return text
		}
		return node.Value
	case *ast.Ident:
		return node.Name
	}
	return ""
}

var libraryStructs = []string{"ChainValidationConfig", "LogHandlerOpts", "CTStorageOptions", "Config", "Options", "AntispamOpts"}

// libraryCalls lists Tessera's options that are set and the fields of the library's structures that are filled.
func libraryCalls(t *testing.T, files []string) []string {
	var calls []string
	inspect(t, files, func(node ast.Node) {
		switch node := node.(type) {
		case *ast.CallExpr:
			if of, ok := node.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(of.Sel.Name, "With") {
				calls = append(calls, of.Sel.Name)
			}
		case *ast.CompositeLit:
			of, ok := node.Type.(*ast.SelectorExpr)
			if !ok || !slices.Contains(libraryStructs, of.Sel.Name) || isMySQL(of) {
				return
			}
			for _, element := range node.Elts {
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					calls = append(calls, of.Sel.Name+"."+pair.Key.(*ast.Ident).Name)
				}
			}
		}
	})
	return calls
}

// isMySQL passes over the driver's configuration: ours is made in internal/database.
func isMySQL(of *ast.SelectorExpr) bool {
	from, ok := of.X.(*ast.Ident)
	return ok && (from.Name == "mysql" || from.Name == "aaws")
}

func assignedFields(t *testing.T, files []string) []string {
	var fields []string
	inspect(t, files, func(node ast.Node) {
		assignment, ok := node.(*ast.AssignStmt)
		if !ok {
			return
		}
		for _, target := range assignment.Lhs {
			if field, ok := target.(*ast.SelectorExpr); ok {
				fields = append(fields, "Config."+field.Sel.Name)
			}
		}
	})
	return fields
}
