package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	filesVariable       = "SIGSTEAD_FILES"
	environmentVariable = "SIGSTEAD_ENV"
	extraRootsVariable  = "SIGSTEAD_EXTRA_ROOTS"
	gateVariable        = "SIGSTEAD_GATE"
	// pinVariable is delivered to entry, which hands it on as a file: the plug-in of the key inherits that too.
	pinVariable     = "SIGSTEAD_PKCS11_PIN"
	pinFileVariable = "SIGSTEAD_PKCS11_PIN_FILE"
	pinFile         = "pkcs11-pin"
	ownPrefix       = "SIGSTEAD_"
	// markerVariable marks the processes of an instance on one machine, and passes through.
	markerVariable = "SIGSTEAD_INSTANCE"
	// What else the plug-in reads.
	moduleVariable    = "SIGSTEAD_PKCS11_MODULE"
	exclusiveVariable = "SIGSTEAD_PKCS11_EXCLUSIVE"
)

var (
	fileName     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
)

// inputs are what the task definition says, parsed.
type inputs struct {
	args []string
	// variables are the environment without those of entry.
	variables  map[string]string
	files      map[string]string
	templates  map[string]string
	extraRoots string
	gate       *gateConfig
	// pin is of a PKCS#11 token, or empty.
	pin string
}

func parseInputs(args, environ []string) (*inputs, error) {
	if len(args) == 0 || !filepath.IsAbs(args[0]) {
		return nil, &failure{code: exitUsage, message: "expected a program by its absolute path", hint: "see entry --help"}
	}
	variables, own, err := splitEnvironment(environ)
	if err != nil {
		return nil, err
	}
	parsed := &inputs{args: args, variables: variables, pin: own[pinVariable]}
	if variables[moduleVariable] != "" && parsed.pin == "" {
		return nil, unset(moduleVariable, "the variable %s is not set, or empty", pinVariable)
	}
	if parsed.files, err = parseNamed(own, filesVariable, fileName); err != nil {
		return nil, err
	}
	if parsed.templates, err = parseNamed(own, environmentVariable, variableName); err != nil {
		return nil, err
	}
	if name, set := own[extraRootsVariable]; set {
		if parsed.extraRoots, set = parsed.files[name]; !set {
			return nil, unset(extraRootsVariable, "SIGSTEAD_FILES has no file %q", name)
		}
		if _, twice := parsed.templates[bundleVariable]; twice {
			return nil, badInput(environmentVariable, "%s: expected it unset, for %s sets it", bundleVariable, extraRootsVariable)
		}
	}
	if text, set := own[gateVariable]; set {
		if parsed.gate, err = parseGateConfig(text); err != nil {
			return nil, badInput(gateVariable, "%v", err)
		}
	}
	return parsed, nil
}

// splitEnvironment returns the variables of others and those of entry. None may be unknown: a log would start without
// its gate if that variable were misspelt.
func splitEnvironment(environ []string) (variables, own map[string]string, err error) {
	variables, own = map[string]string{}, map[string]string{}
	known := []string{filesVariable, environmentVariable, extraRootsVariable, gateVariable, pinVariable}
	passed := []string{markerVariable, moduleVariable, exclusiveVariable}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case !strings.HasPrefix(name, ownPrefix), slices.Contains(passed, name):
			variables[name] = value
		case slices.Contains(known, name):
			own[name] = value
		default:
			return nil, nil, badInput(name, "unknown variable, expected one of %s", strings.Join(known, " "))
		}
	}
	return variables, own, nil
}

func parseNamed(own map[string]string, variable string, name *regexp.Regexp) (map[string]string, error) {
	text, set := own[variable]
	if !set {
		return nil, nil
	}
	values, err := parseStrings(text)
	if err != nil {
		return nil, badInput(variable, "%v", err)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !name.MatchString(key) || strings.HasPrefix(key, ownPrefix) {
			return nil, badInput(variable, "%q: expected a name that matches %s", key, name)
		}
	}
	return values, nil
}

// sealPin puts the PIN into a file, for the plug-in of the server and for that of the gate, which inherits from entry.
func (i *inputs) sealPin() error {
	if i.pin == "" {
		return nil
	}
	path, err := sealedFile(pinFile, []byte(i.pin))
	if err != nil {
		return err
	}
	i.variables[pinFileVariable] = path
	return errors.Join(os.Unsetenv(pinVariable), os.Setenv(pinFileVariable, path))
}

// prepare makes the files and expands the templates.
func (i *inputs) prepare() (*server, error) {
	paths := make(map[string]string, len(i.files))
	for _, name := range slices.Sorted(maps.Keys(i.files)) {
		path, err := sealedFile(name, []byte(i.files[name]))
		if err != nil {
			return nil, err
		}
		paths[name] = path
	}
	expander := newExpander(i.variables, paths)
	argv := []string{i.args[0]}
	for at, argument := range i.args[1:] {
		expanded, err := expander.expand(fmt.Sprintf("argument %d", at+1), argument)
		if err != nil {
			return nil, err
		}
		argv = append(argv, expanded)
	}
	environment, err := i.environment(expander)
	return &server{argv: argv, environment: environment}, err
}

// environment returns the server's variables: what this process has, without what only entry was to know.
func (i *inputs) environment(expander *expander) ([]string, error) {
	set := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(i.templates)) {
		value, err := expander.expand(environmentVariable+" "+name, i.templates[name])
		if err != nil {
			return nil, err
		}
		set[name] = value
	}
	if i.extraRoots != "" {
		path, err := i.joinedRoots()
		if err != nil {
			return nil, err
		}
		set[bundleVariable] = path
	}
	for name, value := range i.variables {
		if _, given := set[name]; !given && !i.secret(name, expander) {
			set[name] = value
		}
	}
	var environment []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		environment = append(environment, name+"="+set[name])
	}
	return environment, nil
}

// secret tells whether the server gets a variable only if SIGSTEAD_ENV names it: it was delivered for an argument, for
// another variable, or for the gate. Whatever AWS puts into a task is for the server too.
func (i *inputs) secret(name string, expander *expander) bool {
	if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "ECS_") {
		return false
	}
	return expander.used[name] || i.gate != nil && name == i.gate.database.passwordVariable
}

func (i *inputs) joinedRoots() (string, error) {
	bundlePath := i.variables[bundleVariable]
	if bundlePath == "" {
		bundlePath = imageBundle
	}
	joined, err := joinRoots(bundlePath, i.extraRoots)
	var known *failure
	if err != nil && !errors.As(err, &known) {
		return "", badInput(extraRootsVariable, "%v", err)
	}
	if err != nil {
		return "", err
	}
	return sealedFile("ca-certificates.crt", joined)
}
