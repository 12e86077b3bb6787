package main

import "fmt"

// Exit codes, after sysexits.h. A server's own codes pass through.
const (
	exitUsage       = 64
	exitInput       = 65
	exitRefused     = 70
	exitEnvironment = 75
	exitUnset       = 78
)

// failure is an error with the exit code it ends in. Neither text ever holds the value of a variable or a file.
type failure struct {
	code    int
	message string
	hint    string
}

func (f *failure) Error() string {
	return f.message
}

func badInput(variable, format string, values ...any) error {
	return &failure{
		code: exitInput, message: variable + ": " + fmt.Sprintf(format, values...),
		hint: "the task definition is not one that sigstead rendered: deploy it again",
	}
}

func unset(where, format string, values ...any) error {
	return &failure{
		code: exitUnset, message: where + ": " + fmt.Sprintf(format, values...),
		hint: "variables come from the task definition's environment and secrets, files from SIGSTEAD_FILES",
	}
}

// refuse reports evidence that the log would fork or lose entries if its server started.
func refuse(anchor, format string, values ...any) error {
	return &failure{
		code: exitRefused, message: "the gate refuses to start the log: " + fmt.Sprintf(format, values...),
		hint: "do not start it again; see docs/operator-runbook.md#" + anchor,
	}
}

func unavailable(what string, cause error) error {
	return &failure{code: exitEnvironment, message: fmt.Sprintf("%s: %v", what, cause), hint: "starting again may help"}
}
